//===- Workers.cpp - The threads behind the ABI's parallel loop -----------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/device/Workers.h"

#include <algorithm>
#include <fstream>

#include <omp.h>
#include <sched.h>

namespace foregrad::runtime {

int availableCores() {
  cpu_set_t set;
  int cores = 1;
  if (sched_getaffinity(0, sizeof(set), &set) == 0)
    cores = std::max(1, CPU_COUNT(&set));

  // "QUOTA PERIOD" in microseconds, or "max PERIOD", which leaves quota at 0.
  // More threads than the quota would be stopped in the middle of each loop.
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  int64_t quota = 0, period = 0;
  if (file >> quota >> period && quota > 0 && period > 0)
    cores = static_cast<int>(
        std::clamp<int64_t>((quota + period - 1) / period, 1, cores));
  return cores;
}

Workers::Workers(int threads)
    : count(threads > 0 ? threads : availableCores()) {}

void Workers::parallelFor(void *pool, int64_t count, fg_body body,
                          void *context) {
  const int workers = static_cast<Workers *>(pool)->count;
  if (workers == 1 || count == 1) {
    for (int64_t i = 0; i < count; ++i)
      body(context, i, 0);
    return;
  }
  // Static: the pieces are alike, and a worker meets the same piece of the
  // parameters again in the next step, still in its cache. Always all workers,
  // since a team that changes its size is built anew.
#pragma omp parallel for num_threads(workers) schedule(static)
  for (int64_t i = 0; i < count; ++i)
    body(context, i, omp_get_thread_num());
}

} // namespace foregrad::runtime
