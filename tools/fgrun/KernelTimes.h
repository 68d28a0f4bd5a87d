//===- KernelTimes.h - The profile of a step, as people read it -*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_TOOLS_FGRUN_KERNELTIMES_H
#define FOREGRAD_TOOLS_FGRUN_KERNELTIMES_H

#include "runtime/device/MachineLimit.h"
#include "runtime/device/Profile.h"

#include <nlohmann/json.hpp>

namespace foregrad::tools {

/// What a kernel took in a step, on average.
struct KernelTime {
  const runtime::KernelInfo *kernel;
  double milliseconds;
  double share;                  ///< of all kernels: 0..1
  std::optional<double> ofLimit; ///< least milliseconds by these: 1 is best

  double gflops() const { return rate(kernel->flops); }
  double gigabytes() const { return rate(kernel->bytes); } ///< a second

private:
  /// In 1e9 a second, of what one call does.
  double rate(double ofCall) const {
    return ofCall * static_cast<double>(kernel->trips) / (milliseconds * 1e6);
  }
};

/// Of the entry with these `kernels`, the slowest first.
std::vector<KernelTime>
kernelTimes(const runtime::Profile &profile,
            const std::vector<runtime::KernelInfo> &kernels,
            const std::optional<runtime::MachineLimit> &limit);

/// What random numbers cost: by themselves, at the rate at which the machine
/// draws nothing but them, and at most, as the kernels that draw them with all
/// else that these do.
struct DrawTimes {
  uint64_t numbers = 0; ///< of a step
  double milliseconds = 0;
  double share = 0; ///< of all kernels: 0..1
  /// Milliseconds by themselves and their share of all kernels, where the
  /// limit is known.
  std::optional<double> alone, aloneShare;
};
DrawTimes drawTimes(const std::vector<KernelTime> &times,
                    const std::vector<runtime::KernelInfo> &kernels,
                    const std::optional<runtime::MachineLimit> &limit);

/// Random numbers of one call of an entry with these `kernels`.
uint64_t numbersOf(const std::vector<runtime::KernelInfo> &kernels);

void printTimes(const std::vector<KernelTime> &times, const DrawTimes &draws);
nlohmann::ordered_json drawsJson(const DrawTimes &draws);
nlohmann::ordered_json timesJson(const std::vector<KernelTime> &times);

} // namespace foregrad::tools

#endif // FOREGRAD_TOOLS_FGRUN_KERNELTIMES_H
