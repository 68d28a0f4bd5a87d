//===- MemoryPlan.h - What entries need before they run ---------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_DEVICE_MEMORYPLAN_H
#define FOREGRAD_RUNTIME_DEVICE_MEMORYPLAN_H

#include "runtime/loader/Artifact.h"

#include <cstdint>
#include <span>
#include <vector>

namespace foregrad::runtime {

/// The bytes that a Program of some entries allocates. Sums that do not fit
/// are UINT64_MAX, which no machine has.
struct MemoryPlan {
  std::vector<bool> bound; ///< by index in Artifact::tensors; not if fetched
  /// Likewise: where a bound tensor begins within the memory of all of them, a
  /// multiple of FG_ALIGNMENT. They lie together so that together they are
  /// large enough for huge pages: products read weights from all over them.
  std::vector<uint64_t> offsets;
  uint64_t tensors = 0; ///< bytes of that memory
  uint64_t arena = 0;   ///< temporaries; entries run one after the other
  uint64_t scratch = 0; ///< of all threads
  uint64_t total = 0;   ///< of all
};

/// What a tensor takes of the plan's memory: its bytes, in whole cache lines.
uint64_t plannedBytes(const TensorInfo &tensor);

MemoryPlan planMemory(const Artifact &artifact, const CodeInfo &code,
                      std::span<const EntryInfo *const> entries, int threads);

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_DEVICE_MEMORYPLAN_H
