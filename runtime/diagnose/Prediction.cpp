//===- Prediction.cpp - What theory says of an estimate -------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/diagnose/Prediction.h"

#include <algorithm>
#include <cmath>

namespace foregrad::runtime {

using schema::Law;

/// More directions than this are not told apart from never.
static constexpr uint64_t mostDirections = uint64_t{1} << 60;

double orthogonalError(uint64_t directions, uint64_t acting) {
  // Whole frames give the gradient itself; only the rest has an error.
  const auto rest = static_cast<double>(directions % acting);
  if (rest == 0)
    return 0;
  const double share = rest / static_cast<double>(directions);
  return share * share * (static_cast<double>(acting) / rest - 1);
}

double predictedVariance(const LayerPerturbation &layer, double own,
                         double together) {
  const auto units = static_cast<double>(layer.units);
  const auto directions = static_cast<double>(layer.directions);
  switch (layer.law) {
  case Law::Gaussian:
    return (units * together + own) / directions;
  case Law::Rademacher:
    return (units * together - own) / directions;
  case Law::Orthogonal:
    break;
  }
  // M's squares off the diagonal add up to the error in each row.
  if (layer.acting == 1)
    return 0;
  return orthogonalError(layer.directions, layer.acting) /
         static_cast<double>(layer.acting - 1) * (units * together - own);
}

DirectionsOutlook::DirectionsOutlook(const LayerPerturbation &perturbation,
                                     const EstimateSummary &measured)
    : layer(perturbation), isZero(!measured.relativeVariance().has_value()),
      variance(measured.relativeVariance().value_or(0)) {
  if (isZero || !measured.isBiased())
    return;
  alignment = measured.alignment.value_or(1);
  // |E x|^2 from |E x - g|^2; not below its part along g.
  square =
      std::max(measured.biasSquare / measured.exactSquare + 2 * alignment - 1,
               alignment * alignment);
}

double DirectionsOutlook::varianceWith(uint64_t directions) const {
  if (layer.law != Law::Orthogonal)
    return variance * static_cast<double>(layer.directions) /
           static_cast<double>(directions);
  const double now = orthogonalError(layer.directions, layer.acting);
  const double then = orthogonalError(directions, layer.acting);
  // Where nothing is left of the error, its size with fewer directions is that
  // of the formula.
  return now > 0 ? variance * then / now : then;
}

std::optional<double> DirectionsOutlook::cosineWith(uint64_t directions) const {
  if (isZero)
    return std::nullopt;
  const double length = std::sqrt(square + varianceWith(directions));
  return length > 0 ? alignment / length : 0;
}

std::optional<uint64_t> DirectionsOutlook::directionsFor(double wanted) const {
  // Orthogonal directions have their least error where they fill a frame.
  const uint64_t most =
      layer.law == Law::Orthogonal ? layer.acting : mostDirections;
  auto reaches = [&](uint64_t directions) {
    return cosineWith(directions).value_or(-1) >= wanted;
  };
  if (!reaches(most))
    return std::nullopt;
  uint64_t below = 0, enough = most;
  while (enough - below > 1) {
    uint64_t middle = below + (enough - below) / 2;
    (reaches(middle) ? enough : below) = middle;
  }
  return enough;
}

} // namespace foregrad::runtime
