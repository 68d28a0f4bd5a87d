//===- EstimateStatistics.h - Many estimates of one gradient ----*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_DIAGNOSE_ESTIMATESTATISTICS_H
#define FOREGRAD_RUNTIME_DIAGNOSE_ESTIMATESTATISTICS_H

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace foregrad::runtime {

/// How estimates x of a gradient g are spread. Squares are sums over all
/// elements. What divides by |g| is absent where g is zero.
struct EstimateSummary {
  uint64_t draws = 0;
  double exactSquare = 0; ///< |g|^2
  /// Sample variance over the draws; 0 for a single one.
  double variance = 0;
  double distance = 0; ///< |mean x - g|
  /// |E x - g|^2, estimated without bias (so that it may be negative): the mean
  /// of <x_i - g, x_j - g> over all pairs i != j.
  double biasSquare = 0;
  /// The standard error that biasSquare has where there is no bias.
  double biasSquareError = 0;
  std::optional<double> cosine;    ///< mean over draws of <x, g> / (|x| |g|)
  double cosineError = 0;          ///< its standard error; 0 for a single draw
  std::optional<double> alignment; ///< mean over draws of <x, g> / |g|^2
  std::optional<double> norm;      ///< mean over draws of |x| / |g|

  /// variance / |g|^2.
  std::optional<double> relativeVariance() const;
  /// |mean x - g| / |g|.
  std::optional<double> relativeDistance() const;
  /// What relativeDistance() is by chance where there is no bias.
  std::optional<double> relativeChance() const;
  /// True where the mean differs from g by more than chance and rounding make
  /// it. With fewer than 10 draws not even a bias without any variance counts.
  bool isBiased() const;
};

/// Collects estimates of a gradient that is a row of layers. Memory: two
/// numbers for each element besides the gradient itself.
class EstimateStatistics {
public:
  /// Elements begin..end-1 of the gradient.
  struct Layer {
    size_t begin, end;
  };

  /// `layers` are disjoint and lie inside of `exact`.
  EstimateStatistics(std::vector<double> exact, std::vector<Layer> layers);

  /// `estimate` has as many elements as the exact gradient.
  void add(std::span<const double> estimate);

  EstimateSummary ofLayer(size_t layer) const;
  /// Of all layers as one gradient.
  EstimateSummary ofAll() const;

private:
  /// What one draw says of a layer. Sums of them over layers are those of all.
  struct Draw {
    double product = 0;     ///< <x, g>
    double square = 0;      ///< |x|^2
    double errorSquare = 0; ///< |x - g|^2
    double neighbours = 0;  ///< <x - g, previous x - g>
    double spread = 0;      ///< Welford's <x - mean before, x - mean after>
    void add(const Draw &other);
  };

  /// Mean and variance of a number.
  struct Moments {
    double mean = 0, squares = 0;
    void add(double value, uint64_t count);
  };

  struct Tally {
    double exactSquare = 0, errorSquares = 0, spread = 0, neighbourSquares = 0;
    Moments cosine, alignment, norm;
    void add(const Draw &draw, uint64_t count);
  };

  Draw addTo(const Layer &layer, std::span<const double> estimate);
  double distanceSquare(const Layer &layer) const;
  EstimateSummary summarize(const Tally &tally, double distanceSquare) const;

  std::vector<double> exact, mean, previous; ///< previous: x - g
  std::vector<Layer> layers;
  std::vector<Tally> tallies; ///< by layer
  Tally all;
  uint64_t draws = 0;
};

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_DIAGNOSE_ESTIMATESTATISTICS_H
