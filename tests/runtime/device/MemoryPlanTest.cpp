//===- MemoryPlanTest.cpp - What entries need before they run -------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/device/MemoryPlan.h"

#include "runtime/device/Program.h"
#include "tests/runtime/support/Fixtures.h"

#include <gtest/gtest.h>

namespace foregrad::runtime {
namespace {

using namespace tests;

MemoryPlan plan(const Artifact &artifact, int threads) {
  const EntryInfo *entries[] = {&artifact.entry("init"),
                                &artifact.entry("eval")};
  return planMemory(artifact, artifact.code.front(), entries, threads);
}

TEST(MemoryPlan, SharesTemporariesAndGivesEachThreadItsScratch) {
  schema::ArtifactT description = describeModel();
  entryCodeOf(description, "init").arena_bytes = 100;
  entryCodeOf(description, "eval").arena_bytes = 3000;
  entryCodeOf(description, "step").arena_bytes = 70000; // not asked for
  entryCodeOf(description, "init").scratch_bytes_per_worker = 64;
  entryCodeOf(description, "eval").scratch_bytes_per_worker = 16;
  const Artifact artifact = parseModel(std::move(description));
  const MemoryPlan two = plan(artifact, 2);
  EXPECT_EQ(two.arena, 3000u);
  EXPECT_EQ(two.scratch, 128u);
  EXPECT_TRUE(two.bound[artifact.findTensor("linear.weight")->index]);
  EXPECT_FALSE(two.bound[artifact.findTensor("linear.weight.grad")->index]);
  EXPECT_EQ(two.total - plan(artifact, 1).total, 64u);
  EXPECT_EQ(Program(artifact, {"init", "eval"}, 2).plannedBytes(), two.total);
}

TEST(MemoryPlan, WhatDoesNotFitIsMoreThanAnyMachineHas) {
  schema::ArtifactT description = describeModel();
  entryCodeOf(description, "init").scratch_bytes_per_worker = uint64_t{1} << 38;
  const Artifact artifact = parseModel(std::move(description));
  const MemoryPlan much = plan(artifact, 1 << 30);
  EXPECT_EQ(much.scratch, UINT64_MAX);
  EXPECT_EQ(much.total, UINT64_MAX);
}

} // namespace
} // namespace foregrad::runtime
