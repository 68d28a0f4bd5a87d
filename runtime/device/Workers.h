//===- Workers.h - The threads behind the ABI's parallel loop ---*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_DEVICE_WORKERS_H
#define FOREGRAD_RUNTIME_DEVICE_WORKERS_H

#include "runtime/abi/foregrad_abi.h"

#include <cstdint>

namespace foregrad::runtime {

/// How many cores this process may use: its affinity, and the quota of its
/// control group where there is one. At least 1.
int availableCores();

/// A fixed number of OpenMP threads. `parallelFor` is an fg_parallel_for whose
/// pool is a Workers.
class Workers {
public:
  /// `threads` 0 means availableCores().
  explicit Workers(int threads);

  int size() const { return count; }

  static void parallelFor(void *pool, int64_t count, fg_body body,
                          void *context);

private:
  int count;
};

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_DEVICE_WORKERS_H
