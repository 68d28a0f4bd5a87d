//===- KernelTimes.cpp - The profile of a step, as people read it ---------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "tools/fgrun/KernelTimes.h"

#include <algorithm>

#include <fmt/format.h>

namespace foregrad::tools {

using namespace runtime;

std::vector<KernelTime> kernelTimes(const Profile &profile,
                                    const std::vector<KernelInfo> &kernels,
                                    const std::optional<MachineLimit> &limit) {
  std::vector<KernelTime> times;
  double all = 0;
  for (size_t i = 0; i < kernels.size(); ++i) {
    KernelTime time = {&kernels[i], 0, 0, std::nullopt};
    time.milliseconds =
        profile.seconds()[i] * 1e3 / static_cast<double>(profile.entries());
    if (limit)
      time.ofLimit = limit->seconds(kernels[i]) * 1e3 / time.milliseconds;
    times.push_back(time);
    all += time.milliseconds;
  }
  for (KernelTime &time : times)
    time.share = time.milliseconds / all;
  std::sort(times.begin(), times.end(),
            [](const KernelTime &a, const KernelTime &b) {
              return a.milliseconds > b.milliseconds;
            });
  return times;
}

uint64_t numbersOf(const std::vector<KernelInfo> &kernels) {
  uint64_t numbers = 0;
  for (const KernelInfo &kernel : kernels)
    numbers += kernel.draws * kernel.trips;
  return numbers;
}

DrawTimes drawTimes(const std::vector<KernelTime> &times,
                    const std::vector<KernelInfo> &kernels,
                    const std::optional<MachineLimit> &limit) {
  DrawTimes draws;
  draws.numbers = numbersOf(kernels);
  double all = 0;
  for (const KernelTime &time : times) {
    all += time.milliseconds;
    if (time.kernel->draws == 0)
      continue;
    draws.milliseconds += time.milliseconds;
    draws.share += time.share;
  }
  if (draws.numbers != 0 && limit && limit->draws > 0) {
    draws.alone = static_cast<double>(draws.numbers) / limit->draws * 1e3;
    draws.aloneShare = *draws.alone / all;
  }
  return draws;
}

void printTimes(const std::vector<KernelTime> &times, const DrawTimes &draws) {
  if (draws.numbers != 0) {
    fmt::print("noise     {:.2f} million numbers a step: ",
               static_cast<double>(draws.numbers) * 1e-6);
    if (draws.alone)
      fmt::print("{:.3f} ms or {:.1f} % by themselves, ", *draws.alone,
                 *draws.aloneShare * 100);
    fmt::print("{:.3f} ms or {:.1f} % with all else that the kernels do which "
               "draw them\n",
               draws.milliseconds, draws.share * 100);
  }
  fmt::print("\n{:>7}  {:>9}  {:>6}  {:>8}  {:>7}  {:>8}  {:<36}  {}\n",
             "share", "ms a step", "calls", "GFLOP/s", "GB/s", "of limit",
             "kernel", "at");
  for (const KernelTime &time : times)
    fmt::print("{:6.1f}%  {:9.3f}  {:6}  {:>8}  {:7.1f}  {:>8}  {:<36}  {}\n",
               time.share * 100, time.milliseconds, time.kernel->trips,
               time.kernel->flops > 0 ? fmt::format("{:.1f}", time.gflops())
                                      : "",
               time.gigabytes(),
               time.ofLimit ? fmt::format("{:.0f}%", *time.ofLimit * 100) : "",
               time.kernel->what, time.kernel->where);
}

nlohmann::ordered_json drawsJson(const DrawTimes &draws) {
  nlohmann::ordered_json json = {{"numbers", draws.numbers},
                                 {"ms", draws.milliseconds},
                                 {"share", draws.share}};
  if (draws.alone) {
    json["alone_ms"] = *draws.alone;
    json["alone_share"] = *draws.aloneShare;
  }
  return json;
}

nlohmann::ordered_json timesJson(const std::vector<KernelTime> &times) {
  auto list = nlohmann::ordered_json::array();
  for (const KernelTime &time : times) {
    list.push_back({{"what", time.kernel->what},
                    {"where", time.kernel->where},
                    {"calls", time.kernel->trips},
                    {"ms", time.milliseconds},
                    {"share", time.share},
                    {"gflops", time.gflops()},
                    {"gigabytes_per_second", time.gigabytes()}});
    if (time.kernel->draws != 0)
      list.back()["numbers"] = time.kernel->draws;
    if (time.ofLimit)
      list.back()["of_limit"] = *time.ofLimit;
  }
  return list;
}

} // namespace foregrad::tools
