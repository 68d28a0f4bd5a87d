//===- Schedule.cpp - How the rate changes over a run ---------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/trainer/Schedule.h"

#include "runtime/support/Error.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>
#include <span>

#include <fmt/ranges.h>

namespace foregrad::runtime {

namespace {

using Numbers = ScheduleConfig::Numbers;

/// A number that a schedule reads. A list holds any count of them, ascending.
struct NumberInfo {
  std::string_view key;
  std::string_view fallback;
  double least, most;
  bool isList = false;
};

/// Where a run stands. All are exact: a step is below 2^53 in any real run.
struct Place {
  double step, steps; ///< of all, 0 <= step < steps
  double stepsPerEpoch;
};

struct ScheduleInfo {
  std::string_view name;
  std::span<const NumberInfo> numbers;
  double (*factor)(const Numbers &numbers, const Place &place);
  /// What is wrong with the numbers for a run of `epochs`, or "".
  std::string (*check)(const Numbers &numbers, double epochs);
};

constexpr double maximalEpochs = 1e9;

double single(const Numbers &numbers, std::string_view key) {
  return numbers.find(key)->second.front();
}

std::string nothingWrong(const Numbers &, double) { return ""; }

//===----------------------------------------------------------------------===//

double constant(const Numbers &, const Place &) { return 1.0; }

/// optax.linear_schedule from 1 to 0. The factor of the last step is 1 / steps:
/// 0 is what would come after it.
double linear(const Numbers &, const Place &place) {
  return 1.0 - place.step / place.steps;
}

constexpr NumberInfo staircaseNumbers[] = {
    {"decay_epochs", "", 0, maximalEpochs, /*isList=*/true},
    {"decay_factor", "0.1", 0, 1},
};

/// torch.optim.lr_scheduler.MultiStepLR, optax.piecewise_constant_schedule: one
/// factor more from the first step on that so many epochs are complete.
double staircase(const Numbers &numbers, const Place &place) {
  const auto &epochs = numbers.find("decay_epochs")->second;
  auto passed = std::ranges::count_if(epochs, [&](double epoch) {
    return place.step >= epoch * place.stepsPerEpoch;
  });
  return std::pow(single(numbers, "decay_factor"), static_cast<double>(passed));
}

std::string checkStaircase(const Numbers &numbers, double) {
  if (!numbers.find("decay_epochs")->second.empty())
    return "";
  return "schedule=staircase: needs the epochs after which the rate falls, as "
         "decay_epochs=30,60";
}

constexpr NumberInfo warmupCosineNumbers[] = {
    {"warmup_epochs", "0", 0, maximalEpochs},
};

/// optax.warmup_cosine_decay_schedule from 0 over 1 to 0: W steps with s / W,
/// then half a cosine over the rest. The first step has the rate 0.
double warmupCosine(const Numbers &numbers, const Place &place) {
  const double warmup = single(numbers, "warmup_epochs") * place.stepsPerEpoch;
  if (place.step < warmup)
    return place.step / warmup;
  const double done = (place.step - warmup) / (place.steps - warmup);
  return 0.5 * (1 + std::cos(std::numbers::pi * done));
}

std::string checkWarmupCosine(const Numbers &numbers, double epochs) {
  const double warmup = single(numbers, "warmup_epochs");
  if (warmup < epochs)
    return "";
  return fmt::format("warmup_epochs={}: expected less than all {} epochs",
                     warmup, epochs);
}

constexpr ScheduleInfo schedules[] = {
    {"constant", {}, constant, nothingWrong},
    {"linear", {}, linear, nothingWrong},
    {"staircase", staircaseNumbers, staircase, checkStaircase},
    {"warmup_cosine", warmupCosineNumbers, warmupCosine, checkWarmupCosine},
};

//===----------------------------------------------------------------------===//

const ScheduleInfo &findSchedule(std::string_view name) {
  for (const ScheduleInfo &info : schedules)
    if (info.name == name)
      return info;
  std::vector<std::string_view> known;
  for (const ScheduleInfo &info : schedules)
    known.push_back(info.name);
  failUsage("schedule '{}': expected one of {}", name, fmt::join(known, ", "));
}

const NumberInfo *findNumber(std::string_view key) {
  for (const ScheduleInfo &schedule : schedules)
    for (const NumberInfo &info : schedule.numbers)
      if (info.key == key)
        return &info;
  return nullptr;
}

double parseNumber(const NumberInfo &info, std::string_view text) {
  double value = 0;
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  // The comparison is false for NaN.
  if (error != std::errc() || end != text.data() + text.size() ||
      !(value >= info.least && value <= info.most))
    failUsage("{}={}: expected {} of {:g} to {:g}", info.key, text,
              info.isList ? "numbers, as 30,60, each" : "a number", info.least,
              info.most);
  return value;
}

std::vector<double> parseNumbers(const NumberInfo &info,
                                 std::string_view text) {
  std::vector<double> values;
  if (!info.isList)
    return {parseNumber(info, text)};
  for (size_t start = 0; start < text.size();) {
    size_t end = std::min(text.find(',', start), text.size());
    values.push_back(parseNumber(info, text.substr(start, end - start)));
    start = end + 1;
    if (start == text.size())
      parseNumber(info, ""); // a comma that ends the list
  }
  if (std::ranges::adjacent_find(values, std::ranges::greater_equal()) !=
      values.end())
    failUsage("{}={}: expected each number to be greater than the one before",
              info.key, text);
  return values;
}

} // namespace

ScheduleConfig::ScheduleConfig() : chosen("constant") {
  for (const ScheduleInfo &schedule : schedules)
    for (const NumberInfo &info : schedule.numbers)
      numbers.emplace(info.key, parseNumbers(info, info.fallback));
}

std::vector<std::string_view> ScheduleConfig::keys() {
  std::vector<std::string_view> result = {"schedule"};
  for (const ScheduleInfo &schedule : schedules)
    for (const NumberInfo &info : schedule.numbers)
      result.push_back(info.key);
  return result;
}

bool ScheduleConfig::set(std::string_view key, std::string_view text) {
  if (key == "schedule") {
    chosen = findSchedule(text).name;
    return true;
  }
  const NumberInfo *info = findNumber(key);
  if (info)
    numbers.find(key)->second = parseNumbers(*info, text);
  return info != nullptr;
}

bool ScheduleConfig::reads(std::string_view key) const {
  return key == "schedule" || std::ranges::any_of(findSchedule(chosen).numbers,
                                                  [&](const NumberInfo &info) {
                                                    return info.key == key;
                                                  });
}

ScheduleConfig::Numbers ScheduleConfig::used() const {
  Numbers result;
  for (const NumberInfo &info : findSchedule(chosen).numbers)
    result.insert(*numbers.find(info.key));
  return result;
}

std::string ScheduleConfig::text() const {
  std::string result = chosen;
  for (const auto &[key, values] : used())
    result += fmt::format(", {} {}", key, fmt::join(values, ","));
  return result;
}

void ScheduleConfig::check(uint64_t epochs) const {
  std::string wrong =
      findSchedule(chosen).check(numbers, static_cast<double>(epochs));
  if (!wrong.empty())
    failUsage("{}", wrong);
}

double ScheduleConfig::factor(uint64_t step, uint64_t epochs,
                              uint64_t stepsPerEpoch) const {
  return findSchedule(chosen).factor(
      numbers,
      {static_cast<double>(step), static_cast<double>(epochs * stepsPerEpoch),
       static_cast<double>(stepsPerEpoch)});
}

} // namespace foregrad::runtime
