//===- MachineLimit.h - How fast compiled code could be ---------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_DEVICE_MACHINELIMIT_H
#define FOREGRAD_RUNTIME_DEVICE_MACHINELIMIT_H

#include "runtime/loader/Artifact.h"

#include <optional>
#include <vector>

namespace foregrad::runtime {

/// What so many threads of this machine do at most with the instructions that
/// an artifact's kernels use.
struct MachineLimit {
  double flops;     ///< a second, of multiply-adds; above 0
  double bytes;     ///< a second, read and written in the second-level caches
  double draws = 0; ///< random numbers a second; 0 if none are measured

  /// The seconds that one call of an entry spends in `kernel` at least: of its
  /// operations, its bytes and its random numbers, what takes longest. What
  /// lies in a first-level cache can be faster.
  double seconds(const KernelInfo &kernel) const;

  /// ... in all kernels.
  double seconds(const std::vector<KernelInfo> &kernels) const;
};

/// Runs the entry `limit` of one of the artifact's pieces of code for about a
/// tenth of a second and keeps the best. Nothing where there is no such entry.
/// `threads` 0: all cores. Throws Error as Program does.
std::optional<MachineLimit> measureLimit(const Artifact &artifact,
                                         const CodeInfo &code, int threads);

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_DEVICE_MACHINELIMIT_H
