//===- Team.h - threads that begin together ---------------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_BENCHMARKS_LIMIT_TEAM_H
#define FOREGRAD_BENCHMARKS_LIMIT_TEAM_H

#include <functional>
#include <vector>

namespace foregrad::limit {

/// Seconds of each of `repeats` runs of `work(thread)` on `threads` threads,
/// from when all begin to when the last ends. Threads wait for each other by
/// spinning, so a run costs no wake-up: products of some microseconds can be
/// timed. There should be a core for each thread.
std::vector<double> timeTogether(int threads, int repeats,
                                 const std::function<void(int)> &work);

/// Seconds of each run of `work` on `threads` threads, as many runs as fit
/// into `seconds`, at least three. One run before warms up and is not counted.
std::vector<double> timeFor(double seconds, int threads,
                            const std::function<void(int)> &work);

double median(std::vector<double> values);

} // namespace foregrad::limit

#endif // FOREGRAD_BENCHMARKS_LIMIT_TEAM_H
