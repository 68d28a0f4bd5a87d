//===- Metrics.cpp - What a run writes down of each epoch -----------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/trainer/Metrics.h"

#include "runtime/io/File.h"
#include "runtime/support/Error.h"

#include <fstream>

#include <nlohmann/json.hpp>

namespace foregrad::runtime {

nlohmann::ordered_json toJson(const EpochMetrics &metrics) {
  return {{"epoch", metrics.epoch},
          {"train_loss", metrics.trainLoss},
          {"train_error", metrics.trainError},
          {"test_error", metrics.testError},
          {"step_ms", metrics.stepMs},
          {"rate", metrics.rate}};
}

EpochMetrics metricsFromJson(const nlohmann::ordered_json &json) {
  return {
      json.at("epoch").get<uint64_t>(),     json.at("train_loss").get<double>(),
      json.at("train_error").get<double>(), json.at("test_error").get<double>(),
      json.at("step_ms").get<double>(),     json.at("rate").get<double>()};
}

void writeMetrics(const std::string &path, std::span<const EpochMetrics> rows) {
  std::string text;
  for (const EpochMetrics &row : rows)
    text += toJson(row).dump() + "\n";
  saveFile(path, {text});
}

void appendMetrics(const std::string &path, const EpochMetrics &row) {
  std::ofstream file(path, std::ios::app);
  file << toJson(row).dump() + "\n" << std::flush;
  if (!file)
    fail("{}: cannot write", path);
}

} // namespace foregrad::runtime
