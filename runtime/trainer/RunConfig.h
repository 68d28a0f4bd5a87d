//===- RunConfig.h - The settings of a run, resolved ------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//
// From what the artifact's recipe proposes, what the command line says and, on
// resume, what the run began with.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_TRAINER_RUNCONFIG_H
#define FOREGRAD_RUNTIME_TRAINER_RUNCONFIG_H

#include "runtime/data/Augment.h"
#include "runtime/loader/Artifact.h"
#include "runtime/trainer/Schedule.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace foregrad::runtime {

/// What the command line of `fgrun train` gave; nothing where it was silent.
struct RunOptions {
  std::optional<std::string> data;
  std::optional<uint64_t> epochs;
  std::optional<double> rate;
  std::optional<uint64_t> seed;
  std::vector<std::string> settings; ///< KEY=VALUE, in order
};

struct RunConfig {
  std::string data;    ///< a dataset SPEC
  uint64_t epochs = 0; ///< at least 1
  uint64_t seed = 0;
  Augmentation augmentation;            ///< of training batches
  ScheduleConfig schedule;              ///< of the rate
  std::map<std::string, double> hypers; ///< every one of the artifact
};

/// The settings of a new run, or, with `recorded`, of one that goes on: then
/// what the options do not mention stays, and what they mention must be the
/// same (but for the place of the data). Throws Error that lists the valid keys
/// where one is unknown.
RunConfig resolveConfig(const Artifact &artifact, const RunOptions &options,
                        const RunConfig *recorded);

nlohmann::ordered_json toJson(const RunConfig &config);

/// Throws nlohmann's exceptions where it is not what toJson makes.
RunConfig configFromJson(const nlohmann::ordered_json &json);

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_TRAINER_RUNCONFIG_H
