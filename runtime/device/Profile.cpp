//===- Profile.cpp - Where the time of an entry goes ----------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/device/Profile.h"

#include "runtime/support/Error.h"

#include <algorithm>
#include <utility>

namespace foregrad::runtime {

namespace {

/// An artifact that asks for more is damaged: no step calls so many kernels.
constexpr uint64_t mostCalls = uint64_t{1} << 28;

} // namespace

Profile::Profile(Workers &pool, std::string_view of,
                 const std::vector<KernelInfo> &kernels)
    : workers(pool), entry(of), shares(static_cast<size_t>(pool.size())),
      sums(kernels.size(), 0.0) {
  uint32_t mostParts = 1;
  for (size_t first = 0; first < kernels.size();) {
    size_t end = first + 1;
    const KernelInfo &leader = kernels[first];
    uint64_t trips = leader.loop != 0 ? leader.trips : 1;
    while (end < kernels.size() &&
           (leader.loop != 0
                ? kernels[end].loop == leader.loop
                : leader.chain != 0 && kernels[end].chain == leader.chain))
      ++end;
    if (trips > (mostCalls - order.size()) / (end - first))
      fail("entry '{}': expected at most {} calls of kernels, found more",
           entry, mostCalls);
    std::vector<Call> turn;
    for (size_t kernel = first; kernel < end; ++kernel) {
      uint32_t chain = kernels[kernel].chain;
      if (kernel > first && chain != 0 && chain == kernels[kernel - 1].chain)
        ++turn.back().parts;
      else
        turn.push_back({static_cast<uint32_t>(kernel), 1});
      mostParts = std::max(mostParts, turn.back().parts);
    }
    for (uint64_t trip = 0; trip < trips; ++trip)
      order.insert(order.end(), turn.begin(), turn.end());
    first = end;
  }
  for (Share &share : shares)
    share.seconds.assign(mostParts, 0.0);
}

void Profile::end() {
  if (calls != order.size())
    fail(
        "entry '{}': expected {} calls of kernels, as the artifact lists them, "
        "found {}",
        entry, order.size(), calls);
  ++count;
}

void Profile::parallelFor(void *pool, int64_t size, fg_body body,
                          void *context) {
  Profile &profile = *static_cast<Profile *>(pool);
  struct Timed {
    Profile &profile;
    fg_body body;
    void *context;
  } timed{profile, body, context};
  bool isKnown = profile.calls < profile.order.size();
  bool isChain = isKnown && profile.order[profile.calls].parts > 1;
  Clock::time_point start = Clock::now();
  if (isChain)
    Workers::parallelFor(
        &profile.workers, size,
        [](void *wrapped, int64_t index, int64_t worker) {
          Timed &inner = *static_cast<Timed *>(wrapped);
          inner.profile.shares[static_cast<size_t>(worker)].since =
              Clock::now();
          inner.body(inner.context, index, worker);
        },
        &timed);
  else
    Workers::parallelFor(&profile.workers, size, body, context);
  std::chrono::duration<double> time = Clock::now() - start;
  if (isKnown)
    profile.shareOut(profile.order[profile.calls], time.count());
  ++profile.calls;
}

void Profile::partDone(void *pool, int64_t part, int64_t worker) {
  Share &share =
      static_cast<Profile *>(pool)->shares[static_cast<size_t>(worker)];
  Clock::time_point now = Clock::now();
  if (static_cast<size_t>(part) < share.seconds.size())
    share.seconds[static_cast<size_t>(part)] +=
        std::chrono::duration<double>(now - share.since).count();
  share.since = now;
}

void Profile::shareOut(const Call &call, double seconds) {
  std::vector<double> ofParts(call.parts, 0.0);
  double all = 0;
  for (Share &share : shares)
    for (uint32_t part = 0; part < call.parts; ++part) {
      ofParts[part] += share.seconds[part];
      all += std::exchange(share.seconds[part], 0.0);
    }
  for (uint32_t part = 0; part < call.parts; ++part)
    sums[call.kernel + part] +=
        all > 0 ? seconds * ofParts[part] / all : seconds / call.parts;
}

} // namespace foregrad::runtime
