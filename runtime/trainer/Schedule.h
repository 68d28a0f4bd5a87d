//===- Schedule.h - How the rate changes over a run -------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_TRAINER_SCHEDULE_H
#define FOREGRAD_RUNTIME_TRAINER_SCHEDULE_H

#include <cstdint>
#include <string_view>

namespace foregrad::runtime {

/// A factor of the rate for step `step` of `total`, 0 <= step < total.
using Schedule = double (*)(uint64_t step, uint64_t total);

/// Throws Error (wrong usage) that lists the schedules where there is none of
/// this name. A new schedule is a line in Schedule.cpp.
Schedule findSchedule(std::string_view name);

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_TRAINER_SCHEDULE_H
