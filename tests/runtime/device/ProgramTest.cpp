//===- ProgramTest.cpp - Calls into compiled code -------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/device/Program.h"

#include "runtime/data/Batches.h"
#include "tests/runtime/support/Fixtures.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <set>

#include <gmock/gmock.h>

namespace foregrad::runtime {
namespace {

using namespace tests;
using testing::AllOf;
using testing::HasSubstr;

TEST(Workers, CallEveryIndexOnceWithAWorkerOfItsOwn) {
  for (int threads : {1, 2, 5}) {
    Workers workers(threads);
    struct Context {
      std::array<std::atomic<int>, 1000> calls = {};
      std::array<std::atomic<int>, 8> busy = {};
      std::atomic<bool> wrong = false;
    } context;
    auto body = [](void *pointer, int64_t index, int64_t worker) {
      auto *shared = static_cast<Context *>(pointer);
      shared->wrong = shared->wrong || worker < 0 || worker >= 8 ||
                      shared->busy[static_cast<size_t>(worker)]++ != 0;
      ++shared->calls[static_cast<size_t>(index)];
      --shared->busy[static_cast<size_t>(worker)];
    };
    Workers::parallelFor(&workers, 1000, body, &context);
    EXPECT_FALSE(context.wrong);
    EXPECT_TRUE(std::all_of(context.calls.begin(), context.calls.end(),
                            [](const auto &calls) { return calls == 1; }));
    Workers::parallelFor(&workers, 0, body, &context);
    Workers::parallelFor(&workers, 1, body, &context);
    EXPECT_EQ(context.calls[0], 2);
  }
}

TEST(Workers, UseAllCoresByDefault) {
  EXPECT_EQ(Workers(0).size(), availableCores());
  EXPECT_GE(availableCores(), 1);
}

TEST(Program, RunsEntriesOnKeptTensors) {
  for (DType precision : {DType::F32, DType::F64}) {
    ModelOptions options;
    options.precision = precision;
    Artifact artifact = parseModel(describeModel(options));
    Program program(artifact, {"init", "step"}, 2);
    program.setSeed(3);
    program.run("init");
    program.setHyper("rate", 0.25);
    program.setHyper("momentum", 0);
    const TensorInfo &weight = *artifact.findTensor("linear.weight");
    double before = loadElement(precision, program.data(weight), 0);
    program.run("step");
    // All images are 0, so the loss is that of equal logits.
    EXPECT_NEAR(program.scalar("loss"), std::log(10.0), 1e-6);
    EXPECT_NE(loadElement(precision, program.data(weight), 0), before);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(program.data(weight)) % FG_ALIGNMENT,
              0u);
  }
}

TEST(Program, AllocatesOnlyWhatItsEntriesBind) {
  Artifact artifact = parseModel(describeModel());
  Program program(artifact, {"eval"}, 2);
  const TensorInfo &gradient = *artifact.findTensor("linear.weight.grad");
  EXPECT_FALSE(program.holds(gradient));
  EXPECT_THAT(errorOf([&] { program.data(gradient); }),
              HasSubstr("linear.weight.grad"));
  EXPECT_THAT(errorOf([&] { program.run("step"); }), HasSubstr("not prepared"));
  // image, label, weight, bias, logits, losses; arena; two workers' scratch.
  EXPECT_EQ(program.plannedBytes(),
            (16 * 64 + 16 + 640 + 10 + 160 + 16) * 4 + 16384 + 2 * 64 * 4u);
}

TEST(Program, NamesAMissingEntry) {
  schema::ArtifactT description = describeModel();
  description.entries.pop_back();
  description.code[0]->entries.pop_back();
  Artifact artifact = parseModel(std::move(description));
  EXPECT_THAT(errorOf([&] { Program program(artifact, {"predict"}, 1); }),
              AllOf(HasSubstr("no entry 'predict'"), HasSubstr("init, step")));
}

TEST(Program, ReportsAnAbiMismatchOfTheCode) {
  schema::ArtifactT description = describeModel();
  entryCodeOf(description, "init").symbol = "testRefuse";
  Artifact artifact = parseModel(std::move(description));
  Program program(artifact, {"init"}, 1);
  EXPECT_THAT(errorOf([&] { program.run("init"); }), HasSubstr("another ABI"));
}

TEST(Program, RefusesMoreMemoryThanThereIs) {
  schema::ArtifactT description = describeModel();
  entryCodeOf(description, "init").scratch_bytes_per_worker = uint64_t{1} << 38;
  Artifact artifact = parseModel(std::move(description));
  EXPECT_THAT(errorOf([&] { Program program(artifact, {"init"}, 4096); }),
              HasSubstr("4096 threads"));
}

TEST(Program, GivesTheSameBitsWithAnyNumberOfThreads) {
  TemporaryFolder folder;
  writeDataset(folder.path, 64, 16);
  auto data = openDataset("mnist:" + folder.path);
  Artifact artifact = parseModel(describeModel());
  std::set<std::string> results;
  for (int threads : {1, 2, 3, 7}) {
    Program program(artifact, {"init", "step"}, threads);
    program.setSeed(1);
    program.run("init");
    program.setHyper("rate", 0.5);
    program.setHyper("momentum", 0.9);
    for (uint64_t step = 0; step < 4; ++step) {
      std::vector<uint64_t> order = shuffledOrder(1, step, 64);
      fillBatch(program, *data, Dataset::Split::Train,
                std::span(order).first(modelBatch));
      program.setStep(step);
      program.run("step");
    }
    const TensorInfo &weight = *artifact.findTensor("linear.weight");
    results.emplace(static_cast<const char *>(program.data(weight)),
                    weight.bytes);
  }
  EXPECT_EQ(results.size(), 1u);
}

} // namespace
} // namespace foregrad::runtime
