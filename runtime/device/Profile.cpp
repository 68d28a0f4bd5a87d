//===- Profile.cpp - Where the time of an entry goes ----------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/device/Profile.h"

#include "runtime/support/Error.h"

namespace foregrad::runtime {

namespace {

/// An artifact that asks for more is damaged: no step calls so many kernels.
constexpr uint64_t mostCalls = uint64_t{1} << 28;

} // namespace

Profile::Profile(Workers &pool, std::string_view of,
                 const std::vector<KernelInfo> &kernels)
    : workers(pool), entry(of), sums(kernels.size(), 0.0) {
  for (size_t first = 0; first < kernels.size();) {
    size_t end = first + 1;
    uint64_t trips = 1;
    if (kernels[first].loop != 0) {
      trips = kernels[first].trips;
      while (end < kernels.size() && kernels[end].loop == kernels[first].loop)
        ++end;
    }
    if (trips > (mostCalls - order.size()) / (end - first))
      fail("entry '{}': expected at most {} calls of kernels, found more",
           entry, mostCalls);
    for (uint64_t trip = 0; trip < trips; ++trip)
      for (size_t kernel = first; kernel < end; ++kernel)
        order.push_back(static_cast<uint32_t>(kernel));
    first = end;
  }
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
  auto start = std::chrono::steady_clock::now();
  Workers::parallelFor(&profile.workers, size, body, context);
  std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  if (profile.calls < profile.order.size())
    profile.sums[profile.order[profile.calls]] += time.count();
  ++profile.calls;
}

} // namespace foregrad::runtime
