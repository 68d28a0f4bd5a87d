//===- EstimateStatisticsTest.cpp - Estimators of known law ---------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/diagnose/EstimateStatistics.h"

#include <array>
#include <cmath>
#include <random>

#include <gmock/gmock.h>

namespace foregrad::runtime {
namespace {

using Vector = std::vector<double>;

/// Two layers, of 3 and 5 elements, with a gap between.
constexpr std::array<double, 9> gradient = {1, -2, 0.5, 99, 3, 0.25, -1, 2, 4};
constexpr std::array<EstimateStatistics::Layer, 2> layers = {{{0, 3}, {4, 9}}};

/// The same numbers each time.
std::mt19937_64 generator(uint64_t seed) { return std::mt19937_64(seed); }

double squareOf(const EstimateStatistics::Layer &layer) {
  double sum = 0;
  for (size_t i = layer.begin; i < layer.end; ++i)
    sum += gradient[i] * gradient[i];
  return sum;
}

/// Statistics of `draws` estimates by u u^T g for normal u, each layer on its
/// own, moved by `scale` and `shift`.
EstimateStatistics forwardGradients(uint64_t draws, double scale = 1,
                                    double shift = 0) {
  std::mt19937_64 random = generator(7);
  std::normal_distribution<double> normal;
  EstimateStatistics statistics({gradient.begin(), gradient.end()},
                                {layers.begin(), layers.end()});
  for (uint64_t draw = 0; draw < draws; ++draw) {
    Vector estimate(gradient.size());
    for (const auto &layer : layers) {
      Vector u(gradient.size());
      double tangent = 0;
      for (size_t i = layer.begin; i < layer.end; ++i) {
        u[i] = normal(random);
        tangent += u[i] * gradient[i];
      }
      for (size_t i = layer.begin; i < layer.end; ++i)
        estimate[i] = scale * tangent * u[i] + shift;
    }
    statistics.add(estimate);
  }
  return statistics;
}

TEST(EstimateStatistics, MeasuresTheVarianceOfForwardGradients) {
  EstimateStatistics statistics = forwardGradients(20000);
  for (size_t i : {0, 1}) {
    EstimateSummary summary = statistics.ofLayer(i);
    const auto units = static_cast<double>(layers[i].end - layers[i].begin);
    EXPECT_DOUBLE_EQ(summary.exactSquare, squareOf(layers[i]));
    EXPECT_NEAR(summary.relativeVariance().value_or(0), units + 1,
                0.05 * (units + 1));
    EXPECT_NEAR(summary.alignment.value_or(0), 1, 0.03);
    EXPECT_FALSE(summary.isBiased());
    // What is left of the mean is chance.
    EXPECT_NEAR(summary.relativeDistance().value_or(0) /
                    summary.relativeChance().value_or(1),
                1, 0.6);
    // E <x, g> / |x| |g| = E |<u, g>| / (|u| |g|) for a uniform direction.
    const double expected = std::tgamma(units / 2) /
                            (std::sqrt(M_PI) * std::tgamma((units + 1) / 2));
    EXPECT_NEAR(summary.cosine.value_or(0), expected, 4 * summary.cosineError);
    EXPECT_LT(summary.cosineError, 0.01);
  }
}

TEST(EstimateStatistics, AllIsTheSumOfTheLayers) {
  EstimateStatistics statistics = forwardGradients(50);
  EstimateSummary all = statistics.ofAll();
  EstimateSummary first = statistics.ofLayer(0), second = statistics.ofLayer(1);
  EXPECT_DOUBLE_EQ(all.exactSquare, first.exactSquare + second.exactSquare);
  EXPECT_NEAR(all.variance, first.variance + second.variance, 1e-9);
  EXPECT_NEAR(all.distance, std::hypot(first.distance, second.distance), 1e-12);
  EXPECT_NEAR(all.biasSquare, first.biasSquare + second.biasSquare, 1e-9);
  EXPECT_FALSE(all.isBiased());
}

TEST(EstimateStatistics, AgreesWithTheDefinitions) {
  // Three estimates of (3, 4), by hand.
  EstimateStatistics statistics({3, 4}, {{0, 2}});
  const Vector estimates[] = {{3, 4}, {0, 0}, {6, 2}};
  for (const Vector &estimate : estimates)
    statistics.add(estimate);
  EstimateSummary summary = statistics.ofLayer(0);
  EXPECT_EQ(summary.draws, 3u);
  EXPECT_DOUBLE_EQ(summary.exactSquare, 25);
  EXPECT_DOUBLE_EQ(summary.variance, 9 + 4); // of 3, 0, 6 and of 4, 0, 2
  EXPECT_DOUBLE_EQ(summary.distance, 2);     // the mean is (3, 2)
  // Pairs of errors (0, 0), (-3, -4), (3, -2): products 0, 0, -1.
  EXPECT_NEAR(summary.biasSquare, -1.0 / 3, 1e-12);
  EXPECT_DOUBLE_EQ(summary.alignment.value_or(0), (25.0 + 0 + 26) / 3 / 25);
  EXPECT_DOUBLE_EQ(summary.norm.value_or(0), (5 + 0 + std::sqrt(40)) / 3 / 5);
  // An estimate of 0 has no direction: its cosine counts as 0.
  EXPECT_DOUBLE_EQ(summary.cosine.value_or(0),
                   (1 + 0 + 26 / (5 * std::sqrt(40))) / 3);
}

TEST(EstimateStatistics, NoticesABias) {
  for (auto [scale, shift] : {std::pair{0.8, 0.0}, {1.25, 0.0}, {1.0, 0.4}}) {
    EstimateStatistics statistics = forwardGradients(4000, scale, shift);
    for (size_t i : {0, 1}) {
      EstimateSummary summary = statistics.ofLayer(i);
      EXPECT_TRUE(summary.isBiased()) << scale << " " << shift << " " << i;
      const auto units = static_cast<double>(layers[i].end - layers[i].begin);
      const double expected = (1 - scale) * (1 - scale) * squareOf(layers[i]) +
                              shift * shift * units;
      EXPECT_NEAR(summary.biasSquare, expected,
                  6 * summary.biasSquareError + 0.3 * expected);
    }
  }
}

/// The test of the bias has a law that holds for any number of draws: an
/// unbiased estimator is hardly ever taken for a biased one.
TEST(EstimateStatistics, SeldomSuspectsAnUnbiasedEstimator) {
  std::mt19937_64 random = generator(3);
  std::normal_distribution<double> normal;
  for (size_t elements : {1, 2, 50}) {
    int suspected = 0;
    for (int trial = 0; trial < 1000; ++trial) {
      EstimateStatistics statistics(Vector(elements, 1.0), {{0, elements}});
      for (int draw = 0; draw < 30; ++draw) {
        Vector estimate(elements, 1.0);
        for (double &x : estimate)
          x += normal(random);
        statistics.add(estimate);
      }
      suspected += statistics.ofLayer(0).isBiased();
    }
    EXPECT_LE(suspected, 10) << elements;
  }
}

TEST(EstimateStatistics, RoundingIsNoBias) {
  EstimateStatistics statistics({1, 2}, {{0, 2}});
  const Vector rounded = {1.0001, 2.0001}, wrong = {1.01, 2};
  for (int i = 0; i < 100; ++i)
    statistics.add(rounded);
  EXPECT_FALSE(statistics.ofLayer(0).isBiased());
  EXPECT_NEAR(statistics.ofLayer(0).variance, 0, 1e-20);
  EstimateStatistics constant({1, 2}, {{0, 2}});
  for (int i = 0; i < 100; ++i)
    constant.add(wrong);
  EXPECT_TRUE(constant.ofLayer(0).isBiased());
}

TEST(EstimateStatistics, OneDrawHasNoSpread) {
  EstimateStatistics statistics({3, 4}, {{0, 2}});
  statistics.add(Vector{4, -3});
  EstimateSummary summary = statistics.ofLayer(0);
  EXPECT_EQ(summary.variance, 0);
  EXPECT_EQ(summary.cosineError, 0);
  EXPECT_FALSE(summary.isBiased());
  EXPECT_NEAR(summary.cosine.value_or(9), 0, 1e-15);
  EXPECT_DOUBLE_EQ(summary.norm.value_or(0), 1);
  EXPECT_DOUBLE_EQ(summary.relativeDistance().value_or(0), std::sqrt(2));
}

TEST(EstimateStatistics, NothingIsDividedByAZeroGradient) {
  EstimateStatistics statistics({0, 0, 1}, {{0, 2}, {2, 3}});
  for (double x : {1.0, -1.0, 2.0})
    statistics.add(Vector{x, 0, 1});
  EstimateSummary summary = statistics.ofLayer(0);
  EXPECT_FALSE(summary.cosine);
  EXPECT_FALSE(summary.alignment);
  EXPECT_FALSE(summary.norm);
  EXPECT_FALSE(summary.relativeVariance());
  EXPECT_FALSE(summary.relativeDistance());
  EXPECT_FALSE(summary.relativeChance());
  EXPECT_GT(summary.variance, 0);
  EXPECT_TRUE(statistics.ofAll().cosine);
}

} // namespace
} // namespace foregrad::runtime
