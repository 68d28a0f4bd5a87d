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

#include <cstdint>
#include <span>
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

/// Fills the program's Input, as storeBytes does, and Label with `samples`,
/// varied by `augmenter` where there is one. Where they are fewer than a batch,
/// the rest repeats the last one. `samples` holds 1 to batch indices. The
/// dataset has passed checkDataset for this artifact.
void fillBatch(Program &program, const Dataset &dataset, Dataset::Split split,
               std::span<const uint64_t> samples,
               Augmenter *augmenter = nullptr);

/// For how many of `samples`, those of the last fillBatch, the greatest number
/// in their row of `logits` (the first of equal ones; a NaN is never the
/// greatest) stands at another place than the label.
uint64_t countErrors(const Program &program, const Dataset &dataset,
                     Dataset::Split split, std::span<const uint64_t> samples);

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_DATA_BATCHES_H
