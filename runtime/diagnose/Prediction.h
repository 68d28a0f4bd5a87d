//===- Prediction.h - What theory says of an estimate -----------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
// The paper's Table 1 for a fixed batch, and what more directions would buy.
// The formulas are derived in docs/diagnose.md.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_DIAGNOSE_PREDICTION_H
#define FOREGRAD_RUNTIME_DIAGNOSE_PREDICTION_H

#include "runtime/diagnose/EstimateStatistics.h"
#include "runtime/loader/Artifact.h"

#include <cstdint>
#include <optional>

namespace foregrad::runtime {

/// How a layer is perturbed.
struct LayerPerturbation {
  schema::Law law = schema::Law::Gaussian;
  uint64_t directions = 1;
  uint64_t units = 1;  ///< of the layer that act on one copy of the loss
  uint64_t acting = 1; ///< of all layers; as many as units, or more
};

/// The squared error of M g beside |g|^2, for M the mean of u u^T over
/// `directions` orthogonal directions u in `acting` dimensions: 0 where they
/// fill whole frames.
double orthogonalError(uint64_t directions, uint64_t acting);

/// The variance of the layer's estimate. `own` is the squared gradient of the
/// loss by what the layer perturbs, `together` that by all that acts on the
/// same copy; with both the same, this is Table 1, which sees one layer only.
/// For orthogonal directions exact if the layer is all that acts, else for
/// errors spread evenly over the frame.
double predictedVariance(const LayerPerturbation &layer, double own,
                         double together);

/// How near the mean of more directions comes to the exact gradient, from a
/// measured estimate.
class DirectionsOutlook {
public:
  DirectionsOutlook(const LayerPerturbation &layer,
                    const EstimateSummary &measured);

  /// The expected cosine with `directions` directions. Absent where the exact
  /// gradient is zero.
  std::optional<double> cosineWith(uint64_t directions) const;

  /// The least number of directions that is expected to give the cosine
  /// `wanted`, 0..1; absent where none does, since the estimate is biased.
  std::optional<uint64_t> directionsFor(double wanted) const;

private:
  /// The variance, relative to the exact gradient's square.
  double varianceWith(uint64_t directions) const;

  LayerPerturbation layer;
  bool isZero;
  double variance;      ///< as measured, relative
  double alignment = 1; ///< <E x, g> / |g|^2
  double square = 1;    ///< |E x|^2 / |g|^2
};

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_DIAGNOSE_PREDICTION_H
