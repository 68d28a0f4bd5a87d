//===- BatchesTest.cpp - Order and contents of batches --------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/Batches.h"

#include "runtime/support/Philox.h"
#include "tests/runtime/support/Fixtures.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <gmock/gmock.h>

namespace foregrad::runtime {
namespace {

using namespace tests;
using testing::ElementsAre;

// The known answers of the generator's authors (Random123, kat_vectors).
TEST(Philox, GivesTheKnownAnswers) {
  EXPECT_THAT(philox({0, 0, 0, 0}, {0, 0}),
              ElementsAre(0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u));
  EXPECT_THAT(philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
                     {0xffffffff, 0xffffffff}),
              ElementsAre(0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu));
  EXPECT_THAT(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                     {0xa4093822, 0x299f31d0}),
              ElementsAre(0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u));
}

TEST(ShuffledOrder, IsAPermutationThatDependsOnSeedAndEpoch) {
  std::vector<uint64_t> order = shuffledOrder(5, 0, 1000);
  EXPECT_EQ(order, shuffledOrder(5, 0, 1000));
  EXPECT_NE(order, shuffledOrder(5, 1, 1000));
  EXPECT_NE(order, shuffledOrder(6, 0, 1000));
  std::sort(order.begin(), order.end());
  std::vector<uint64_t> all(1000);
  std::iota(all.begin(), all.end(), uint64_t{0});
  EXPECT_EQ(order, all);
}

// Pinned: another order would silently change every published result.
TEST(ShuffledOrder, StaysAsItIs) {
  EXPECT_THAT(shuffledOrder(0, 0, 8), ElementsAre(0, 7, 6, 3, 4, 1, 2, 5));
}

TEST(ShuffledOrder, IsUniform) {
  // How often each of 6 places gets each of 6 samples in 6000 epochs: 1000 +- 4
  // sigma of 29.
  int counts[6][6] = {};
  for (uint64_t epoch = 0; epoch < 6000; ++epoch) {
    std::vector<uint64_t> order = shuffledOrder(1, epoch, 6);
    for (size_t place = 0; place < 6; ++place)
      ++counts[place][order[place]];
  }
  for (auto &place : counts)
    for (int count : place)
      EXPECT_NEAR(count, 1000, 120);
}

class BatchOfNumbers : public testing::TestWithParam<DType> {};

TEST_P(BatchOfNumbers, ScalesBytesAndRepeatsTheLastSample) {
  TestDataset data(20, 10);
  ModelOptions options;
  options.precision = GetParam();
  Artifact artifact = parseModel(describeModel(options));
  Program program(artifact, {"eval"}, 1);
  const uint64_t samples[] = {3, 0, 7};
  Batch(*data, Dataset::Split::Test, samples).fill(program);
  const void *images = program.data(artifact.input());
  const auto *labels =
      static_cast<const int32_t *>(program.data(*artifact.findTensor("label")));
  for (size_t row = 0; row < modelBatch; ++row) {
    uint64_t sample = samples[std::min<size_t>(row, 2)];
    EXPECT_EQ(labels[row], data->label(Dataset::Split::Test, sample));
    for (size_t p = 0; p < modelPixels; ++p) {
      double byte = data->image(Dataset::Split::Test, sample)[p];
      double expected = GetParam() == DType::F32
                            ? static_cast<float>(byte) / 255.0f
                            : byte / 255.0;
      EXPECT_EQ(loadElement(GetParam(), images, row * modelPixels + p),
                expected);
    }
  }
}

TEST(BatchOfBytes, GivesThemWhenTheyAreAskedFor) {
  TestDataset data(20, 10);
  schema::ArtifactT description = describeModel();
  tensorOf(description, "image").dtype = DType::U8;
  Artifact artifact = parseModel(std::move(description));
  Program program(artifact, {"eval"}, 1);
  EXPECT_FALSE(program.holds(artifact.input()));
  const uint64_t samples[] = {4, 1};
  const Batch batch(*data, Dataset::Split::Train, samples);
  batch.fill(program);
  const auto *labels =
      static_cast<const int32_t *>(program.data(*artifact.findTensor("label")));
  EXPECT_EQ(labels[0], data->label(Dataset::Split::Train, 4));
  EXPECT_EQ(labels[1], data->label(Dataset::Split::Train, 1));

  constexpr uint64_t first = 1, count = 3;
  std::vector<uint8_t> images(count * modelPixels + 1, 7);
  batch.fetch(artifact.input(), first, count, images.data());
  for (size_t row = 0; row < count; ++row) {
    std::span<const uint8_t> image = data->image(Dataset::Split::Train, 1);
    EXPECT_TRUE(std::equal(image.begin(), image.end(),
                           images.data() + row * modelPixels));
  }
  EXPECT_EQ(images.back(), 7) << "and no more";
}

INSTANTIATE_TEST_SUITE_P(Types, BatchOfNumbers,
                         testing::Values(DType::F32, DType::F64),
                         [](const auto &info) {
                           return std::string(nameOf(info.param));
                         });

TEST(CountErrors, TakesTheFirstOfEqualAndNeverNaN) {
  TestDataset data(20, 10);
  Artifact artifact = parseModel();
  Program program(artifact, {"eval"}, 1);
  auto *logits =
      static_cast<float *>(program.data(*artifact.findTensor("logits")));
  const uint64_t sample[] = {0};
  auto label =
      static_cast<size_t>(data->label(Dataset::Split::Test, sample[0]));
  auto errors = [&] {
    return countErrors(program, *data, Dataset::Split::Test, sample);
  };
  std::fill_n(logits, modelClasses, 1.0f);
  EXPECT_EQ(errors(), label == 0 ? 0u : 1u);
  logits[label] = 2;
  EXPECT_EQ(errors(), 0u);
  logits[(label + 1) % modelClasses] = NAN;
  EXPECT_EQ(errors(), 0u);
  std::fill_n(logits, modelClasses, NAN);
  EXPECT_EQ(errors(), 1u);
}

} // namespace
} // namespace foregrad::runtime
