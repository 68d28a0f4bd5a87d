//===- MachineLimit.cpp - How fast compiled code could be -----------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/device/MachineLimit.h"

#include "runtime/device/Program.h"
#include "runtime/support/Error.h"

#include <algorithm>
#include <chrono>

namespace foregrad::runtime {

namespace {

constexpr std::string_view entryName = "limit";
constexpr std::chrono::milliseconds enough{100};
constexpr int fewestCalls = 3; ///< the first one touches memory anew

} // namespace

double MachineLimit::seconds(const KernelInfo &kernel) const {
  const double drawing =
      draws > 0 ? static_cast<double>(kernel.draws) / draws : 0;
  return static_cast<double>(kernel.trips) *
         std::max({kernel.flops / flops, kernel.bytes / bytes, drawing});
}

double MachineLimit::seconds(const std::vector<KernelInfo> &kernels) const {
  double all = 0;
  for (const KernelInfo &kernel : kernels)
    all += seconds(kernel);
  return all;
}

std::optional<MachineLimit> measureLimit(const Artifact &artifact,
                                         const CodeInfo &code, int threads) {
  if (!artifact.findEntry(entryName))
    return std::nullopt;
  Program program(artifact, code, {entryName}, threads);
  const std::vector<KernelInfo> &kernels = program.codeOf(entryName).kernels;
  MachineLimit limit = {};
  const auto start = std::chrono::steady_clock::now();
  for (int call = 0;
       call < fewestCalls || std::chrono::steady_clock::now() - start < enough;
       ++call) {
    Profile profile = program.profileOf(entryName);
    program.run(entryName, {.profile = &profile});
    for (size_t i = 0; i < kernels.size(); ++i) {
      limit.flops =
          std::max(limit.flops, kernels[i].flops / profile.seconds()[i]);
      limit.bytes =
          std::max(limit.bytes, kernels[i].bytes / profile.seconds()[i]);
      limit.draws =
          std::max(limit.draws, static_cast<double>(kernels[i].draws) /
                                    profile.seconds()[i]);
    }
  }
  if (!(limit.flops > 0 && limit.bytes > 0))
    fail("{}: entry '{}': expected a kernel of operations and one of bytes, "
         "found none",
         artifact.path, entryName);
  return limit;
}

} // namespace foregrad::runtime
