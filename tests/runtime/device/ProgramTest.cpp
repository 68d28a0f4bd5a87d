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
  // image, label, weight, bias (10 numbers, in whole cache lines), logits,
  // losses; arena; two workers' scratch.
  EXPECT_EQ(program.plannedBytes(),
            (16 * 64 + 16 + 640 + 16 + 160 + 16) * 4 + 16384 + 2 * 64 * 4u);
}

/// Samples of which each byte says the number of its sample.
class NumberedSamples : public SampleSource {
public:
  void fetch(const TensorInfo &input, uint64_t first, uint64_t count,
             void *to) const noexcept override {
    auto *bytes = static_cast<uint8_t *>(to);
    const uint64_t size = input.bytes / input.shape[0];
    for (uint64_t i = 0; i < count * size; ++i)
      bytes[i] = static_cast<uint8_t>(first + i / size);
    asked = input.name;
  }

  mutable std::string asked;
};

TEST(Program, AsksForTheBytesOfSamples) {
  schema::ArtifactT description = describeModel();
  tensorOf(description, "image").dtype = DType::U8;
  entryCodeOf(description, "eval").symbol = "testEvalFetching";
  Artifact artifact = parseModel(std::move(description));
  Program program(artifact, {"eval"}, 1);
  EXPECT_FALSE(program.holds(artifact.input()));
  // As above, but for the images.
  EXPECT_EQ(program.plannedBytes(),
            (16 + 640 + 16 + 160 + 16) * 4 + 16384 + 64 * 4u);
  EXPECT_THAT(errorOf([&] { program.run("eval"); }),
              HasSubstr("entry 'eval' asks for samples"));
  NumberedSamples samples;
  program.run("eval", {.samples = &samples});
  EXPECT_EQ(samples.asked, "image");
  // The code gives the sums of samples 3 to 5.
  const TensorInfo &losses = *artifact.findTensor("losses");
  for (size_t i = 0; i < 3; ++i)
    EXPECT_EQ(loadElement(losses.dtype, program.data(losses), i),
              static_cast<double>(64 * (3 + i)));
}

/// The test model's weight in panels of 4 and 6 columns, as `entry` takes it.
void addPanels(schema::ArtifactT &description, std::string_view entry) {
  auto panels = std::make_unique<schema::PanelsT>();
  for (size_t i = 0; i < description.tensors.size(); ++i)
    if (description.tensors[i]->name == "linear.weight")
      panels->tensor = static_cast<uint32_t>(i);
  panels->depth = 64;
  panels->widths = {4, 6};
  entryCodeOf(description, entry).panels.push_back(std::move(panels));
}

/// The weight's numbers, row-major.
std::vector<float> weightOf(Program &program) {
  const TensorInfo &weight = *program.artifact().findTensor("linear.weight");
  const auto *numbers = static_cast<const float *>(program.data(weight));
  return {numbers, numbers + weight.elements};
}

/// What `eval` makes of all images being `byte`.
std::vector<float> logitsOf(Program &program, uint8_t byte) {
  const TensorInfo &image = program.artifact().input();
  std::vector<uint8_t> bytes(image.elements, byte);
  storeBytes(bytes, image.dtype, program.data(image), 0);
  program.run("eval");
  const TensorInfo &logits = *program.artifact().findTensor("logits");
  const auto *numbers = static_cast<const float *>(program.data(logits));
  return {numbers, numbers + logits.elements};
}

TEST(Program, GivesEachEntryTheLayoutThatItTakes) {
  schema::ArtifactT description = describeModel();
  addPanels(description, "eval");
  Artifact inPanels = parseModel(std::move(description));
  Artifact inRows = parseModel(describeModel());
  Program panels(inPanels, {"init", "eval"}, 1);
  Program rows(inRows, {"init", "eval"}, 1);
  for (Program *program : {&panels, &rows}) {
    program->setSeed(3);
    program->run("init");
  }
  std::vector<float> before = weightOf(panels);
  EXPECT_EQ(before, weightOf(rows));
  std::vector<float> found = logitsOf(panels, 255);
  EXPECT_EQ(before, weightOf(panels)) << "row-major again where it is read";

  // The code itself knows no panels: it is to see what they hold.
  std::vector<float> permuted;
  for (auto [first, end] : {std::pair(0, 4), std::pair(4, 10)})
    for (size_t row = 0; row < 64; ++row)
      for (int column = first; column < end; ++column)
        permuted.push_back(before[row * 10 + static_cast<size_t>(column)]);
  EXPECT_NE(found, logitsOf(rows, 255));
  std::copy(
      permuted.begin(), permuted.end(),
      static_cast<float *>(rows.data(*inRows.findTensor("linear.weight"))));
  EXPECT_EQ(found, logitsOf(rows, 255));
}

TEST(Program, HasRoomToChangeLayouts) {
  schema::ArtifactT description = describeModel();
  for (auto &entry : description.code[0]->entries)
    entry->arena_bytes = 0;
  addPanels(description, "eval");
  Artifact artifact = parseModel(std::move(description));
  Program program(artifact, {"eval"}, 1);
  EXPECT_EQ(program.plannedBytes(),
            (16 * 64 + 16 + 640 + 16 + 160 + 16) * 4 + 640 * 4 + 64 * 4u);
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
      Batch(*data, Dataset::Split::Train, std::span(order).first(modelBatch))
          .fill(program);
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
