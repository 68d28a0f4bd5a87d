//===- PredictionTest.cpp - Table 1, and more directions ------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/diagnose/Prediction.h"

#include <cmath>

#include <gmock/gmock.h>

namespace foregrad::runtime {
namespace {

using schema::Law;
using testing::Optional;

EstimateSummary measured(double variance) {
  EstimateSummary summary;
  summary.draws = 100;
  summary.exactSquare = 4;
  summary.variance = variance * 4;
  summary.cosine = 0.5;
  summary.alignment = 1;
  summary.norm = 1;
  return summary;
}

TEST(Prediction, OneLayerIsTable1) {
  // tests/statistics/check_variance.py measures these.
  EXPECT_DOUBLE_EQ(predictedVariance({Law::Gaussian, 1, 8, 8}, 3, 3), 27);
  EXPECT_DOUBLE_EQ(predictedVariance({Law::Gaussian, 4, 8, 8}, 3, 3), 6.75);
  EXPECT_DOUBLE_EQ(predictedVariance({Law::Rademacher, 1, 8, 8}, 3, 3), 21);
  EXPECT_DOUBLE_EQ(predictedVariance({Law::Orthogonal, 1, 8, 8}, 3, 3), 21);
  EXPECT_DOUBLE_EQ(predictedVariance({Law::Orthogonal, 2, 8, 8}, 3, 3), 9);
  EXPECT_DOUBLE_EQ(predictedVariance({Law::Orthogonal, 8, 8, 8}, 3, 3), 0);
  EXPECT_DOUBLE_EQ(predictedVariance({Law::Orthogonal, 3, 1, 1}, 3, 3), 0);
}

TEST(Prediction, OthersThatActOnTheCopyAdd) {
  EXPECT_DOUBLE_EQ(predictedVariance({Law::Gaussian, 2, 8, 20}, 3, 5), 21.5);
  EXPECT_DOUBLE_EQ(predictedVariance({Law::Rademacher, 2, 8, 20}, 3, 5), 18.5);
  // All layers of a frame together have the error of the frame.
  const double together = 5;
  EXPECT_DOUBLE_EQ(
      predictedVariance({Law::Orthogonal, 4, 8, 20}, 3, together) +
          predictedVariance({Law::Orthogonal, 4, 12, 20}, 2, together),
      orthogonalError(4, 20) * together);
}

TEST(Prediction, WholeFramesHaveNoError) {
  EXPECT_DOUBLE_EQ(orthogonalError(2, 8), 3);
  EXPECT_DOUBLE_EQ(orthogonalError(8, 8), 0);
  EXPECT_DOUBLE_EQ(orthogonalError(16, 8), 0);
  // 8 of 10 directions are a frame and give the gradient; the other 2 have 3.
  EXPECT_DOUBLE_EQ(orthogonalError(10, 8), 0.2 * 0.2 * 3);
}

TEST(DirectionsOutlook, VarianceFallsWithDirections) {
  // 2 directions, measured relative variance 8: 16 for one.
  DirectionsOutlook outlook({Law::Gaussian, 2, 8, 8}, measured(8));
  EXPECT_THAT(outlook.cosineWith(1), Optional(1 / std::sqrt(17.0)));
  EXPECT_THAT(outlook.cosineWith(2), Optional(1.0 / 3));
  EXPECT_THAT(outlook.cosineWith(16), Optional(1 / std::sqrt(2.0)));
  // 1 + 16 / K = 1 / 0.81: K = 68.2.
  EXPECT_THAT(outlook.directionsFor(0.9), Optional(69u));
  EXPECT_THAT(outlook.directionsFor(0.0), Optional(1u));
}

TEST(DirectionsOutlook, OrthogonalDirectionsFillTheFrame) {
  DirectionsOutlook outlook({Law::Orthogonal, 2, 8, 8}, measured(3));
  EXPECT_THAT(outlook.cosineWith(8), Optional(1.0));
  EXPECT_THAT(outlook.cosineWith(4), Optional(1 / std::sqrt(2.0)));
  // 8 / K - 1 <= 0.2346 for K = 7.
  EXPECT_THAT(outlook.directionsFor(0.9), Optional(7u));
  // Nothing is left to measure: the formula stands in.
  DirectionsOutlook full({Law::Orthogonal, 8, 8, 8}, measured(0));
  EXPECT_THAT(full.cosineWith(4), Optional(1 / std::sqrt(2.0)));
  EXPECT_THAT(full.directionsFor(0.9), Optional(7u));
}

TEST(DirectionsOutlook, NoNumberOfDirectionsCuresABias) {
  EstimateSummary summary = measured(8);
  summary.alignment = 0.5;
  summary.biasSquare = 4; // |E x|^2 = |g|^2 (1 + 2 * 0.5 - 1)
  summary.biasSquareError = 0.01;
  ASSERT_TRUE(summary.isBiased());
  DirectionsOutlook outlook({Law::Gaussian, 1, 8, 8}, summary);
  EXPECT_THAT(outlook.cosineWith(1), Optional(0.5 / 3));
  EXPECT_FALSE(outlook.directionsFor(0.9));
  EXPECT_TRUE(outlook.directionsFor(0.4));
}

TEST(DirectionsOutlook, AZeroGradientHasNone) {
  EstimateSummary summary = measured(8);
  summary.exactSquare = 0;
  DirectionsOutlook outlook({Law::Gaussian, 1, 8, 8}, summary);
  EXPECT_FALSE(outlook.cosineWith(4));
  EXPECT_FALSE(outlook.directionsFor(0.9));
}

} // namespace
} // namespace foregrad::runtime
