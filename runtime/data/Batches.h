//===- Batches.h - Samples in order, as the entries want them ---*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_DATA_BATCHES_H
#define FOREGRAD_RUNTIME_DATA_BATCHES_H

#include "runtime/data/Augment.h"
#include "runtime/data/Dataset.h"
#include "runtime/device/Program.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace foregrad::runtime {

/// The order of `count` samples in an epoch: a pure function of its arguments,
/// the same on every machine. Fisher-Yates with Philox numbers.
std::vector<uint64_t> shuffledOrder(uint64_t seed, uint64_t epoch,
                                    uint64_t count);

/// Writes raw data to an Input of `type` at `data`, from its element `first`
/// on: as they are to bytes, else as b / 255.
void storeBytes(std::span<const uint8_t> from, DType type, void *data,
                size_t first);

/// Samples of a dataset, varied by `augmenter` where there is one, as a batch.
/// `samples` holds 1 to batch indices; where they are fewer than a batch, the
/// rest repeats the last one. All that it is made of must outlive it.
class Batch : public SampleSource {
public:
  Batch(const Dataset &dataset, Dataset::Split split,
        std::span<const uint64_t> samples, Augmenter *augmenter = nullptr)
      : dataset(dataset), split(split), samples(samples), augmenter(augmenter) {
  }

  /// Fills the program's Label, and its Input unless entries fetch that. The
  /// dataset has passed checkDataset for the artifact.
  void fill(Program &program) const;

  /// As storeBytes stores them.
  void fetch(const TensorInfo &input, uint64_t first, uint64_t count,
             void *to) const noexcept override;

private:
  uint64_t sampleAt(uint64_t place) const {
    return samples[std::min<uint64_t>(place, samples.size() - 1)];
  }

  const Dataset &dataset;
  const Dataset::Split split;
  const std::span<const uint64_t> samples;
  Augmenter *const augmenter;
};

/// Runs `entry` on all samples of a split, a batch at a time, and calls `after`
/// with those of each. The last batch is filled up; `after` is given only the
/// real samples. `stop` is asked before each batch: false where it ended that.
bool runBatches(Program &program, std::string_view entry,
                const Dataset &dataset, Dataset::Split split,
                const std::function<void(std::span<const uint64_t>)> &after,
                const std::function<bool()> &stop = {});

/// Where the greatest number in a row of `logits` stands: the first of equal
/// ones; a NaN is never the greatest. Nothing where all are NaN.
std::optional<uint32_t> predictedClass(const Program &program, uint64_t row);

/// For how many of `samples`, those of the last batch, predictedClass is not
/// the label.
uint64_t countErrors(const Program &program, const Dataset &dataset,
                     Dataset::Split split, std::span<const uint64_t> samples);

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_DATA_BATCHES_H
