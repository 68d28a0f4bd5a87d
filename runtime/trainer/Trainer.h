//===- Trainer.h - The training loop ----------------------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_TRAINER_TRAINER_H
#define FOREGRAD_RUNTIME_TRAINER_TRAINER_H

#include "runtime/loader/Artifact.h"
#include "runtime/trainer/Checkpoint.h"
#include "runtime/trainer/RunConfig.h"

#include <string>

namespace foregrad::runtime {

struct TrainRequest {
  std::string folder; ///< of the run
  RunOptions options;
  bool resume = false;
  bool quiet = false;
  int threads = 0; ///< 0: all cores
};

/// Trains `artifact` and writes the run's folder (see cli of `fgrun train`).
/// Returns where the run stands at its end. The results depend on artifact,
/// data and settings only: not on threads, nor on how often the run was stopped
/// and resumed.
///
/// Throws Error: of a new run into a folder that holds one, of a resumed run
/// with other artifact, data or settings, of a loss or parameter that is not
/// finite (the last checkpoint stays), and, of the kind Stopped, after SIGINT
/// or SIGTERM, when all is saved.
TrainState train(const Artifact &artifact, const TrainRequest &request);

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_TRAINER_TRAINER_H
