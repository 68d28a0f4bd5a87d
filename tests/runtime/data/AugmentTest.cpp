//===- AugmentTest.cpp - Training images, varied at random ----------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/Augment.h"

#include "tests/runtime/model/TestModel.h"

#include <map>

#include <gmock/gmock.h>

namespace foregrad::runtime {
namespace {

using namespace tests;
using testing::HasSubstr;
using Image = std::vector<uint8_t>;

constexpr uint32_t height = 6, width = 5, colors = 3;
constexpr uint32_t shape[] = {height, width, colors};

/// No two bytes are the same, and none is 0.
Image testImage() {
  Image image(height * width * colors);
  for (size_t i = 0; i < image.size(); ++i)
    image[i] = static_cast<uint8_t>(i + 1);
  return image;
}

/// The formula: pad, cut out at (down, right), mirror.
Image variation(const Image &image, int down, int right, bool flip) {
  Image result(image.size());
  for (int y = 0; y < int{height}; ++y)
    for (int x = 0; x < int{width}; ++x)
      for (int color = 0; color < int{colors}; ++color) {
        int row = y + down, column = x + right;
        bool inside =
            row >= 0 && row < int{height} && column >= 0 && column < int{width};
        int place = flip ? int{width} - 1 - x : x;
        result[static_cast<size_t>((y * int{width} + place) * int{colors} +
                                   color)] =
            inside ? image[static_cast<size_t>(
                         (row * int{width} + column) * int{colors} + color)]
                   : 0;
      }
  return result;
}

Image apply(const Augmentation &augmentation, uint64_t seed, uint64_t epoch,
            uint64_t index) {
  Augmenter augmenter(augmentation, shape, seed, epoch);
  Image image = testImage();
  std::span<const uint8_t> varied = augmenter.apply(index, image);
  return {varied.begin(), varied.end()};
}

TEST(Augment, LeavesImagesAloneUnlessAsked) {
  for (uint64_t index = 0; index < 50; ++index)
    EXPECT_EQ(apply({}, 1, 0, index), testImage());
}

TEST(Augment, FlipsHalfOfTheImages) {
  Image image = testImage(), mirrored = variation(image, 0, 0, true);
  int flipped = 0;
  for (uint64_t index = 0; index < 4000; ++index) {
    Image varied = apply({true, 0}, 1, 3, index);
    EXPECT_TRUE(varied == image || varied == mirrored);
    flipped += varied == mirrored;
  }
  EXPECT_NEAR(flipped, 2000, 130); // 4 standard deviations of 32
}

TEST(Augment, CropsUniformlyAndIndependentlyOfFlips) {
  const Image image = testImage();
  std::map<Image, int> counts;
  for (int down = -2; down <= 2; ++down)
    for (int right = -2; right <= 2; ++right)
      for (bool flip : {false, true})
        counts[variation(image, down, right, flip)] = 0;
  ASSERT_EQ(counts.size(), 50u);
  for (uint64_t index = 0; index < 20000; ++index) {
    auto found = counts.find(apply({true, 2}, 9, 0, index));
    ASSERT_NE(found, counts.end()) << index;
    ++found->second;
  }
  for (const auto &[varied, count] : counts)
    EXPECT_NEAR(count, 400, 100); // 5 standard deviations of 20
}

TEST(Augment, DependsOnSeedEpochAndSampleOnly) {
  const Augmentation both = {true, 2};
  // One augmenter for many samples, in any order, gives the same as one each.
  Augmenter augmenter(both, shape, 5, 1);
  const Image image = testImage();
  for (uint64_t index : {7, 3, 7, 0, 3}) {
    std::span<const uint8_t> varied = augmenter.apply(index, image);
    EXPECT_EQ(Image(varied.begin(), varied.end()), apply(both, 5, 1, index));
  }
  auto all = [&](uint64_t seed, uint64_t epoch) {
    std::vector<Image> images;
    for (uint64_t index = 0; index < 20; ++index)
      images.push_back(apply(both, seed, epoch, index));
    return images;
  };
  EXPECT_NE(all(5, 1), all(5, 2));
  EXPECT_NE(all(5, 1), all(6, 1));
}

// Pinned: other draws would silently change every published result.
TEST(Augment, StaysAsItIs) {
  std::string flips;
  for (uint64_t index = 0; index < 16; ++index)
    flips += apply({true, 0}, 0, 0, index) == testImage() ? '-' : 'f';
  EXPECT_EQ(flips, "-fff--f-f-fffff-");
}

TEST(Augment, TakesImagesWithoutColors) {
  const uint32_t grey[] = {2, 3};
  const Image image = {1, 2, 3, 4, 5, 6};
  const Image mirrored = {3, 2, 1, 6, 5, 4};
  Augmenter augmenter({true, 0}, grey, 0, 0);
  bool met = false;
  for (uint64_t index = 0; index < 20; ++index) {
    std::span<const uint8_t> varied = augmenter.apply(index, image);
    met |= Image(varied.begin(), varied.end()) == mirrored;
  }
  EXPECT_TRUE(met);
}

TEST(Augment, RefusesCropsThatLeaveNothing) {
  checkAugmentation({false, 4}, shape);
  for (uint64_t crop : {uint64_t{5}, uint64_t{6}, UINT64_MAX})
    EXPECT_THAT(errorOf([&] { checkAugmentation({false, crop}, shape); }),
                HasSubstr("expected less than 5 for images of 6 x 5"));
}

} // namespace
} // namespace foregrad::runtime
