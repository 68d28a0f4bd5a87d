//===- Schedule.h - How the rate changes over a run -------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
// A schedule is one entry of the list in Schedule.cpp, with the numbers that it
// reads.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_TRAINER_SCHEDULE_H
#define FOREGRAD_RUNTIME_TRAINER_SCHEDULE_H

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace foregrad::runtime {

/// A schedule with the numbers of all schedules, so that a recipe can name
/// numbers before it names the schedule that reads them.
class ScheduleConfig {
public:
  using Numbers = std::map<std::string, std::vector<double>, std::less<>>;

  /// `constant`, and the defaults of all numbers.
  ScheduleConfig();

  /// "schedule" and the names of all numbers.
  static std::vector<std::string_view> keys();

  /// Sets the schedule or a number (or a list of them, "30,60"). False where
  /// `key` is none of keys(). Throws Error (wrong usage) for a wrong value.
  bool set(std::string_view key, std::string_view text);

  const std::string &name() const { return chosen; }

  /// True of "schedule" and the numbers that the chosen schedule reads.
  bool reads(std::string_view key) const;

  /// The numbers that the chosen schedule reads.
  Numbers used() const;

  /// Name and numbers: "staircase, decay_epochs 30,60, decay_factor 0.1".
  std::string text() const;

  /// Throws Error (wrong usage) where the chosen schedule cannot run over so
  /// many epochs.
  void check(uint64_t epochs) const;

  /// What the rate is multiplied with in step `step` of `epochs` times
  /// `stepsPerEpoch`: 0 <= step < their product. check(epochs) has passed.
  double factor(uint64_t step, uint64_t epochs, uint64_t stepsPerEpoch) const;

private:
  std::string chosen;
  Numbers numbers; ///< of all schedules
};

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_TRAINER_SCHEDULE_H
