//===- MachineLimitTest.cpp - What kernels take at least ------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/device/MachineLimit.h"

#include "tests/runtime/support/Fixtures.h"

#include <gtest/gtest.h>

namespace foregrad::runtime {
namespace {

TEST(MachineLimit, IsTheLongerOfOperationsAndBytesForEachCall) {
  const MachineLimit limit = {200, 10};
  const KernelInfo product = {"product", "", 600, 10, 1, 4};
  const KernelInfo rows = {"rows", "", 0, 20, 1, 4};
  EXPECT_DOUBLE_EQ(limit.seconds(product), 12);
  EXPECT_DOUBLE_EQ(limit.seconds(rows), 8);
  EXPECT_DOUBLE_EQ(limit.seconds({product, rows}), 20);
}

TEST(MachineLimit, CountsRandomNumbersWhereTheyAreMeasured) {
  KernelInfo rows = {"rows", "", 0, 20, 1, 4};
  rows.draws = 30;
  EXPECT_DOUBLE_EQ((MachineLimit{200, 10, 5}.seconds(rows)), 24);
  EXPECT_DOUBLE_EQ((MachineLimit{200, 10, 50}.seconds(rows)), 8);
  EXPECT_DOUBLE_EQ((MachineLimit{200, 10}.seconds(rows)), 8);
}

TEST(MachineLimit, IsUnknownToCodeThatCannotMeasureIt) {
  const Artifact artifact = tests::parseModel();
  EXPECT_FALSE(measureLimit(artifact, artifact.code.front(), 1));
}

} // namespace
} // namespace foregrad::runtime
