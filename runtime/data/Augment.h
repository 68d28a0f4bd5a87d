//===- Augment.h - Training images, varied at random ------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_DATA_AUGMENT_H
#define FOREGRAD_RUNTIME_DATA_AUGMENT_H

#include <cstdint>
#include <span>
#include <vector>

namespace foregrad::runtime {

/// What is done to training images; nothing unless it is asked for.
struct Augmentation {
  /// Mirrors left and right with probability 1/2.
  bool flip = false;
  /// Surrounds the image with so many black pixels and cuts one of its size out
  /// of that, at a place that is uniformly random: torchvision's
  /// RandomCrop(size, padding = crop). Before the flip.
  uint64_t crop = 0;

  bool operator==(const Augmentation &) const = default;
};

/// Throws Error (wrong usage) where a crop could leave nothing of images of
/// `shape`, [height, width] or [height, width, color].
void checkAugmentation(const Augmentation &augmentation,
                       std::span<const uint32_t> shape);

/// Varies the images of one epoch. What happens to a sample is a pure function
/// of seed, epoch and the sample's index: the same on any number of threads and
/// however often the run was stopped.
class Augmenter {
public:
  /// `augmentation` has passed checkAugmentation for `shape`.
  Augmenter(const Augmentation &augmentation, std::span<const uint32_t> shape,
            uint64_t seed, uint64_t epoch);

  /// The image of sample `index` as this epoch sees it. Valid until the next
  /// call, and as long as `image`, which has the size of `shape`.
  std::span<const uint8_t> apply(uint64_t index,
                                 std::span<const uint8_t> image);

private:
  Augmentation augmentation;
  int64_t height, width, pixel; ///< pixel: bytes of one
  uint64_t seed, epoch;
  std::vector<uint8_t> varied;
};

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_DATA_AUGMENT_H
