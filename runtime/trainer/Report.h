//===- Report.h - A run on one page, with curves ----------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_TRAINER_REPORT_H
#define FOREGRAD_RUNTIME_TRAINER_REPORT_H

#include "runtime/trainer/Checkpoint.h"

#include <string>

namespace foregrad::runtime {

/// One HTML page that needs nothing from outside: curves of losses and errors
/// as SVG, the settings, the last numbers.
std::string reportPage(const Artifact &artifact, const TrainState &state);

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_TRAINER_REPORT_H
