//===- Evaluate.h - Loss and error of a split of a dataset ------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_TRAINER_EVALUATE_H
#define FOREGRAD_RUNTIME_TRAINER_EVALUATE_H

#include "runtime/data/Dataset.h"
#include "runtime/device/Program.h"

#include <cstdint>
#include <functional>

namespace foregrad::runtime {

struct Evaluation {
  uint64_t count = 0;
  uint64_t errors = 0;
  double lossSum = 0;
  bool complete = true; ///< false where `stop` said so before the end

  double errorPercent() const {
    return 100.0 * static_cast<double>(errors) / static_cast<double>(count);
  }
  double meanLoss() const { return lossSum / static_cast<double>(count); }
};

/// Runs the entry `eval` over all samples of the split, in order. `stop` is
/// asked before each batch.
Evaluation evaluate(Program &program, const Dataset &dataset,
                    Dataset::Split split,
                    const std::function<bool()> &stop = {});

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_TRAINER_EVALUATE_H
