//===- Checkpoint.h - All that a run needs to go on -------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//
// A checkpoint is two files in a folder: tensors-STEP.safetensors with
// parameters, optimizer state and feedback, and checkpoint.json, which names
// it. The second is written last, by renaming: it is the moment at which the
// new checkpoint replaces the old one, whose tensors are removed only after it.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_TRAINER_CHECKPOINT_H
#define FOREGRAD_RUNTIME_TRAINER_CHECKPOINT_H

#include "runtime/device/Program.h"
#include "runtime/trainer/Metrics.h"
#include "runtime/trainer/RunConfig.h"

#include <cstdint>
#include <string>
#include <vector>

namespace foregrad::runtime {

/// Where a run stands. With the tensors, the artifact and the data it
/// determines all that follows.
struct TrainState {
  RunConfig config;
  uint64_t artifactHash = 0;
  uint64_t dataHash = 0;
  uint64_t stepsPerEpoch = 0;
  uint64_t epoch = 0;             ///< epochs that are complete
  uint64_t stepInEpoch = 0;       ///< steps done of the next one
  EpochSums sums;                 ///< over these steps
  std::vector<EpochMetrics> rows; ///< one for each complete epoch

  uint64_t step() const { return epoch * stepsPerEpoch + stepInEpoch; }
  bool finished() const { return epoch == config.epochs; }
};

bool hasCheckpoint(const std::string &folder);

/// Reads checkpoint.json. Throws Error where it is missing, damaged or
/// contradicts itself.
TrainState loadTrainState(const std::string &folder);

/// Reads the tensors that checkpoint.json names into the program. Throws Error.
void loadCheckpointTensors(const std::string &folder, Program &program);

/// Replaces the folder's checkpoint. Throws Error; then the old one is as it
/// was.
void saveCheckpoint(const std::string &folder, const Program &program,
                    const TrainState &state);

/// Roles that a checkpoint holds.
std::vector<const TensorInfo *> checkpointTensors(const Program &program);

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_TRAINER_CHECKPOINT_H
