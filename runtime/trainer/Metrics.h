//===- Metrics.h - What a run writes down of each epoch ---------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_TRAINER_METRICS_H
#define FOREGRAD_RUNTIME_TRAINER_METRICS_H

#include <cstdint>
#include <span>
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace foregrad::runtime {

/// A line of metrics.jsonl. Errors are in percent. The training loss and error
/// are those of the epoch's batches as they were met, so before the updates
/// that followed.
struct EpochMetrics {
  uint64_t epoch = 0; ///< counted from 1
  double trainLoss = 0;
  double trainError = 0;
  double testError = 0;
  double stepMs = 0; ///< mean time of a step, its data included
  double rate = 0;   ///< of the epoch's last step
};

/// Sums over the part of an epoch that is done; kept exactly from stop to
/// resume.
struct EpochSums {
  double loss = 0; ///< of the steps' mean losses
  uint64_t errors = 0;
  uint64_t samples = 0;
  double milliseconds = 0;
};

nlohmann::ordered_json toJson(const EpochMetrics &metrics);

/// Throws nlohmann's exceptions where it is not what toJson makes.
EpochMetrics metricsFromJson(const nlohmann::ordered_json &json);

/// Makes metrics.jsonl hold exactly these lines. Throws Error.
void writeMetrics(const std::string &path, std::span<const EpochMetrics> rows);

/// Adds a line. Throws Error.
void appendMetrics(const std::string &path, const EpochMetrics &row);

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_TRAINER_METRICS_H
