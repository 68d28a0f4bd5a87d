//===- CpuFeatures.h - What this machine's processor can do -----*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_LOADER_CPUFEATURES_H
#define FOREGRAD_RUNTIME_LOADER_CPUFEATURES_H

#include <set>
#include <span>
#include <string>
#include <vector>

namespace foregrad::runtime {

/// The features of this machine, as /proc/cpuinfo names them. Empty where the
/// file cannot be read: then nothing is known, and nothing is refused.
const std::set<std::string, std::less<>> &machineFeatures();

/// Those of `required` that are not among `present`. A name of /proc/cpuinfo
/// and LLVM's name for the same feature both count.
std::vector<std::string>
missingFeatures(std::span<const std::string> required,
                const std::set<std::string, std::less<>> &present);

/// The architecture as the first part of an LLVM triple: "x86_64", "aarch64".
std::string machineArchitecture();

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_LOADER_CPUFEATURES_H
