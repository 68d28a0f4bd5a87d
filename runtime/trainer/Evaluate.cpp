//===- Evaluate.cpp - Loss and error of a split of a dataset --------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/trainer/Evaluate.h"

#include "runtime/data/Batches.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace foregrad::runtime {

Evaluation evaluate(Program &program, const Dataset &dataset,
                    Dataset::Split split, const std::function<bool()> &stop) {
  const Artifact &artifact = program.artifact();
  const TensorInfo &losses = *artifact.findTensor("losses");
  Evaluation result;
  const uint64_t count = dataset.size(split);
  while (result.count < count) {
    if (stop && stop()) {
      result.complete = false;
      break;
    }
    // The last batch is filled up; only the real samples count.
    std::vector<uint64_t> samples(
        std::min<uint64_t>(artifact.batch, count - result.count));
    std::iota(samples.begin(), samples.end(), result.count);
    const Batch batch(dataset, split, samples);
    batch.fill(program);
    program.run("eval", {.samples = &batch});
    result.errors += countErrors(program, dataset, split, samples);
    for (size_t i = 0; i < samples.size(); ++i)
      result.lossSum += loadElement(losses.dtype, program.data(losses), i);
    result.count += samples.size();
  }
  return result;
}

} // namespace foregrad::runtime
