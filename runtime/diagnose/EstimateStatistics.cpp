//===- EstimateStatistics.cpp - Many estimates of one gradient ------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/diagnose/EstimateStatistics.h"

#include <cmath>
#include <utility>

namespace foregrad::runtime {

namespace {

/// Of its standard errors, from where on a bias counts. The statistic's law is
/// between a normal one (many elements) and a chi-square one of a single
/// element, where 6 errors are exceeded once in 500 times.
constexpr double significant = 6;

/// A relative difference that rounding in f32 may make.
constexpr double rounding = 1e-3;

std::optional<double> ratioOf(double value, double square) {
  if (square > 0)
    return value / square;
  return std::nullopt;
}

} // namespace

std::optional<double> EstimateSummary::relativeVariance() const {
  return ratioOf(variance, exactSquare);
}

std::optional<double> EstimateSummary::relativeDistance() const {
  return ratioOf(distance, std::sqrt(exactSquare));
}

std::optional<double> EstimateSummary::relativeChance() const {
  return ratioOf(std::sqrt(variance / static_cast<double>(draws)),
                 std::sqrt(exactSquare));
}

bool EstimateSummary::isBiased() const {
  return biasSquare > significant * biasSquareError &&
         biasSquare > rounding * rounding * exactSquare;
}

void EstimateStatistics::Draw::add(const Draw &other) {
  product += other.product;
  square += other.square;
  errorSquare += other.errorSquare;
  neighbours += other.neighbours;
  spread += other.spread;
}

void EstimateStatistics::Moments::add(double value, uint64_t count) {
  double difference = value - mean;
  mean += difference / static_cast<double>(count);
  squares += difference * (value - mean);
}

void EstimateStatistics::Tally::add(const Draw &draw, uint64_t count) {
  errorSquares += draw.errorSquare;
  spread += draw.spread;
  neighbourSquares += draw.neighbours * draw.neighbours;
  if (exactSquare <= 0)
    return;
  double norms = std::sqrt(draw.square * exactSquare);
  cosine.add(norms > 0 ? draw.product / norms : 0, count);
  alignment.add(draw.product / exactSquare, count);
  norm.add(std::sqrt(draw.square / exactSquare), count);
}

EstimateStatistics::EstimateStatistics(std::vector<double> exactGradient,
                                       std::vector<Layer> parts)
    : exact(std::move(exactGradient)), mean(exact.size()),
      previous(exact.size()), layers(std::move(parts)), tallies(layers.size()) {
  for (size_t i = 0; i < layers.size(); ++i) {
    for (size_t j = layers[i].begin; j < layers[i].end; ++j)
      tallies[i].exactSquare += exact[j] * exact[j];
    all.exactSquare += tallies[i].exactSquare;
  }
}

EstimateStatistics::Draw
EstimateStatistics::addTo(const Layer &layer,
                          std::span<const double> estimate) {
  Draw draw;
  for (size_t i = layer.begin; i < layer.end; ++i) {
    const double x = estimate[i], error = x - exact[i];
    draw.product += x * exact[i];
    draw.square += x * x;
    draw.errorSquare += error * error;
    draw.neighbours += error * previous[i];
    previous[i] = error;
    const double before = x - mean[i];
    mean[i] += before / static_cast<double>(draws);
    draw.spread += before * (x - mean[i]);
  }
  return draw;
}

void EstimateStatistics::add(std::span<const double> estimate) {
  ++draws;
  Draw total;
  for (size_t i = 0; i < layers.size(); ++i) {
    Draw draw = addTo(layers[i], estimate);
    tallies[i].add(draw, draws);
    total.add(draw);
  }
  all.add(total, draws);
}

double EstimateStatistics::distanceSquare(const Layer &layer) const {
  double sum = 0;
  for (size_t i = layer.begin; i < layer.end; ++i)
    sum += (mean[i] - exact[i]) * (mean[i] - exact[i]);
  return sum;
}

EstimateSummary EstimateStatistics::summarize(const Tally &tally,
                                              double square) const {
  EstimateSummary result;
  const auto count = static_cast<double>(draws);
  result.draws = draws;
  result.exactSquare = tally.exactSquare;
  result.distance = std::sqrt(square);
  if (draws > 1) {
    result.variance = tally.spread / (count - 1);
    result.biasSquare =
        (count * square - tally.errorSquares / count) / (count - 1);
    // Var <e, e'> = tr C^2 for independent e and e' of mean 0 and covariance C;
    // there are count (count - 1) / 2 pairs, uncorrelated with one another.
    result.biasSquareError =
        std::sqrt(2 * tally.neighbourSquares / (count - 1)) /
        std::sqrt(count * (count - 1));
    result.cosineError = std::sqrt(tally.cosine.squares / (count - 1) / count);
  }
  if (tally.exactSquare > 0 && draws > 0) {
    result.cosine = tally.cosine.mean;
    result.alignment = tally.alignment.mean;
    result.norm = tally.norm.mean;
  }
  return result;
}

EstimateSummary EstimateStatistics::ofLayer(size_t layer) const {
  return summarize(tallies[layer], distanceSquare(layers[layer]));
}

EstimateSummary EstimateStatistics::ofAll() const {
  double square = 0;
  for (const Layer &layer : layers)
    square += distanceSquare(layer);
  return summarize(all, square);
}

} // namespace foregrad::runtime
