//===- RunCompiled.h - One step of an artifact, in process ----------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_TOOLS_FGC_RUNCOMPILED_H
#define FOREGRAD_TOOLS_FGC_RUNCOMPILED_H

#include "dialects/fg/Tensor.h"
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace foregrad::fgc {

/// Arrays by name, as the reference holds them.
using Arrays = std::map<std::string, fg::Tensor, std::less<>>;

/// One step of one of an artifact's pieces of code.
struct CompiledStep {
  std::string cpu;    // of the code
  std::string whyNot; // why this machine cannot run it, in words, or empty
  Arrays outputs;     // what the entry writes, if it ran
};

/// Loads the artifact at `path` and calls the entry `gradient` of each piece of
/// code that this machine can run once: `inputs` holds what the entry reads
/// (more does no harm). Returns what went wrong, or an empty string; it is
/// wrong too if nothing can be run.
[[nodiscard]] std::string runGradients(const std::string &path,
                                       const Arrays &inputs,
                                       std::vector<CompiledStep> &steps);

/// Bytes of memory of this machine.
uint64_t memoryOfMachine();

} // namespace foregrad::fgc

#endif // FOREGRAD_TOOLS_FGC_RUNCOMPILED_H
