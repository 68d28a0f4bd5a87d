//===- Augment.cpp - Training images, varied at random --------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/Augment.h"

#include "runtime/support/Error.h"
#include "runtime/support/Philox.h"

#include <algorithm>

namespace foregrad::runtime {

namespace {

// Of the seed's random numbers; beside shuffleStream in Batches.cpp.
constexpr uint64_t augmentStream = uint64_t{0x6175676d} << 32;

/// A whole number of -most to most; uniform to within most * 2^-31.
int64_t offset(uint32_t bits, uint64_t most) {
  return static_cast<int64_t>((bits * (2 * most + 1)) >> 32) -
         static_cast<int64_t>(most);
}

} // namespace

void checkAugmentation(const Augmentation &augmentation,
                       std::span<const uint32_t> shape) {
  const uint32_t least = std::min(shape[0], shape[1]);
  if (augmentation.crop >= least)
    failUsage("crop={}: expected less than {} for images of {} x {}: nothing "
              "could be left of them",
              augmentation.crop, least, shape[0], shape[1]);
}

Augmenter::Augmenter(const Augmentation &augmentation,
                     std::span<const uint32_t> shape, uint64_t seed,
                     uint64_t epoch)
    : augmentation(augmentation), height(shape[0]), width(shape[1]),
      pixel(shape.size() > 2 ? shape[2] : 1), seed(seed), epoch(epoch),
      varied(static_cast<size_t>(height * width * pixel)) {}

std::span<const uint8_t> Augmenter::apply(uint64_t index,
                                          std::span<const uint8_t> image) {
  // Each choice has a random word of its own: that flip does not depend on
  // crop.
  const auto words = philoxWords(seed, augmentStream | epoch, index);
  const bool flip = augmentation.flip && (words[0] & 1) != 0;
  const int64_t down = offset(words[1], augmentation.crop);
  const int64_t right = offset(words[2], augmentation.crop);
  if (!flip && down == 0 && right == 0)
    return image;
  uint8_t *to = varied.data();
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x, to += pixel) {
      const int64_t row = y + down;
      const int64_t column = (flip ? width - 1 - x : x) + right;
      if (row < 0 || row >= height || column < 0 || column >= width)
        std::fill_n(to, pixel, uint8_t{0});
      else
        std::copy_n(image.data() + (row * width + column) * pixel, pixel, to);
    }
  return varied;
}

} // namespace foregrad::runtime
