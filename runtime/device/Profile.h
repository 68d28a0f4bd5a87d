//===- Profile.h - Where the time of an entry goes --------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_DEVICE_PROFILE_H
#define FOREGRAD_RUNTIME_DEVICE_PROFILE_H

#include "runtime/device/Workers.h"
#include "runtime/loader/Artifact.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace foregrad::runtime {

/// Times every kernel of an entry. An fg_parallel_for whose pool is a Profile;
/// calls are told apart by their order, which is that of
/// EntryCodeInfo::kernels. Where a call is a chain of kernels, its time is
/// shared out among them as the times of all workers in each of them are.
class Profile {
public:
  /// `kernels` are those of the entry. `workers` must outlive the profile.
  Profile(Workers &workers, std::string_view entry,
          const std::vector<KernelInfo> &kernels);

  /// Called before and after each call of the entry. `end` throws Error where
  /// the code did not call the kernels that the artifact lists.
  void begin() { calls = 0; }
  void end();

  /// Seconds of each kernel, in the order of EntryCodeInfo::kernels, over all
  /// calls so far, and how often the entry was called.
  const std::vector<double> &seconds() const { return sums; }
  uint64_t entries() const { return count; }

  static void parallelFor(void *pool, int64_t size, fg_body body,
                          void *context);
  /// An fg_part_done whose pool is a Profile.
  static void partDone(void *pool, int64_t part, int64_t worker);

private:
  using Clock = std::chrono::steady_clock;
  struct Call {
    uint32_t kernel, parts; ///< the first one, and how many
  };
  /// What one worker has done of a call. On a line of its own.
  struct alignas(64) Share {
    Clock::time_point since;     ///< the begin of the part that it is in
    std::vector<double> seconds; ///< of each part
  };

  void shareOut(const Call &call, double seconds);

  Workers &workers;
  const std::string entry;
  std::vector<Call> order;   ///< of an entry's call
  std::vector<Share> shares; ///< of the workers
  std::vector<double> sums;
  size_t calls = 0;
  uint64_t count = 0;
};

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_DEVICE_PROFILE_H
