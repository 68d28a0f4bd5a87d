//===- Schedule.cpp - How the rate changes over a run ---------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/trainer/Schedule.h"

#include "runtime/support/Error.h"

#include <utility>
#include <vector>

#include <fmt/ranges.h>

namespace foregrad::runtime {

namespace {

constexpr std::pair<std::string_view, Schedule> schedules[] = {
    {"constant", [](uint64_t, uint64_t) { return 1.0; }},
    // The factor of the last step is 1 / total: 0 is what would come after it.
    {"linear",
     [](uint64_t step, uint64_t total) {
       return 1.0 - static_cast<double>(step) / static_cast<double>(total);
     }},
};

} // namespace

Schedule findSchedule(std::string_view name) {
  std::vector<std::string_view> known;
  for (auto [key, schedule] : schedules) {
    if (key == name)
      return schedule;
    known.push_back(key);
  }
  failUsage("schedule '{}': expected one of {}", name, fmt::join(known, ", "));
}

} // namespace foregrad::runtime
