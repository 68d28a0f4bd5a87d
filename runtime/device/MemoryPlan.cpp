//===- MemoryPlan.cpp - What entries need before they run -----------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/device/MemoryPlan.h"

#include "runtime/abi/foregrad_abi.h"
#include "runtime/support/Checked.h"

#include <algorithm>

namespace foregrad::runtime {

uint64_t plannedBytes(const TensorInfo &tensor) {
  // A tensor's bytes are far from the largest number; their sum may not be.
  return (tensor.bytes + FG_ALIGNMENT - 1) / FG_ALIGNMENT * FG_ALIGNMENT;
}

MemoryPlan planMemory(const Artifact &artifact, const CodeInfo &code,
                      std::span<const EntryInfo *const> entries, int threads) {
  MemoryPlan plan;
  plan.bound.resize(artifact.tensors.size());
  plan.offsets.resize(artifact.tensors.size());
  uint64_t scratch = 0;
  for (const EntryInfo *entry : entries) {
    const EntryCodeInfo &needs = code.entry(*entry);
    plan.arena = std::max(plan.arena, needs.arenaBytes);
    scratch = std::max(scratch, needs.scratchBytesPerWorker);
    // Between calls, tensors change their layout there.
    for (const PanelsInfo &panels : needs.panels) {
      const TensorInfo &tensor = artifact.tensors[panels.tensor];
      plan.arena =
          std::max(plan.arena, panels.elements() * sizeOf(tensor.dtype));
    }
    for (Binding binding : entry->bindings)
      plan.bound[binding.tensor] =
          !artifact.tensors[binding.tensor].isFetched();
  }
  auto add = [](uint64_t a, uint64_t b) {
    return checkedAdd(a, b).value_or(UINT64_MAX);
  };
  plan.scratch = checkedMultiply(scratch, static_cast<uint64_t>(threads))
                     .value_or(UINT64_MAX);
  for (const TensorInfo &tensor : artifact.tensors)
    if (plan.bound[tensor.index]) {
      plan.offsets[tensor.index] = plan.tensors;
      plan.tensors = add(plan.tensors, plannedBytes(tensor));
    }
  plan.total = add(add(plan.scratch, plan.arena), plan.tensors);
  return plan;
}

} // namespace foregrad::runtime
