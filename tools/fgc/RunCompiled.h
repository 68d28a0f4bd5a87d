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

namespace foregrad::fgc {

/// Arrays by name, as the reference holds them.
using Arrays = std::map<std::string, fg::Tensor, std::less<>>;

/// Loads the artifact at `path` and calls its entry `gradient` once: `inputs`
/// holds what the entry reads (more does no harm), `outputs` gets what it
/// writes. Returns what went wrong, or an empty string.
[[nodiscard]] std::string runGradient(const std::string &path,
                                      const Arrays &inputs, Arrays &outputs);

/// Bytes of memory of this machine.
uint64_t memoryOfMachine();

} // namespace foregrad::fgc

#endif // FOREGRAD_TOOLS_FGC_RUNCOMPILED_H
