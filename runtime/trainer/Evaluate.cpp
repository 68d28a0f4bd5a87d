//===- Evaluate.cpp - Loss and error of a split of a dataset --------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/trainer/Evaluate.h"

#include "runtime/data/Batches.h"

namespace foregrad::runtime {

Evaluation evaluate(Program &program, const Dataset &dataset,
                    Dataset::Split split, const std::function<bool()> &stop) {
  const TensorInfo &losses = *program.artifact().findTensor("losses");
  Evaluation result;
  result.complete = runBatches(
      program, "eval", dataset, split,
      [&](std::span<const uint64_t> samples) {
        result.errors += countErrors(program, dataset, split, samples);
        for (size_t i = 0; i < samples.size(); ++i)
          result.lossSum += loadElement(losses.dtype, program.data(losses), i);
        result.count += samples.size();
      },
      stop);
  return result;
}

} // namespace foregrad::runtime
