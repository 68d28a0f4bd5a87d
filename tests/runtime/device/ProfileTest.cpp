//===- ProfileTest.cpp - Time goes to the kernel that took it -------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/device/Profile.h"

#include "runtime/support/Error.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace foregrad::runtime {
namespace {

/// Kernel 0, then 1 and 2 in turn three times, then 3.
std::vector<KernelInfo> kernelsWithLoop() {
  return {{"a", "", 0, 0, 0, 1},
          {"b", "", 0, 0, 1, 3},
          {"c", "", 0, 0, 1, 3},
          {"d", "", 0, 0, 0, 1}};
}

void call(Profile &profile, int milliseconds) {
  Profile::parallelFor(
      &profile, 1,
      [](void *context, int64_t, int64_t) {
        std::this_thread::sleep_for(
            std::chrono::milliseconds(*static_cast<int *>(context)));
      },
      &milliseconds);
}

TEST(Profile, TellsKernelsApartByTheOrderOfCalls) {
  Workers workers(1);
  Profile profile(workers, "step", kernelsWithLoop());
  for (int repeat = 0; repeat < 2; ++repeat) {
    profile.begin();
    for (int milliseconds : {0, 0, 20, 0, 20, 0, 20, 0})
      call(profile, milliseconds);
    profile.end();
  }
  EXPECT_EQ(profile.entries(), 2u);
  ASSERT_EQ(profile.seconds().size(), 4u);
  EXPECT_GE(profile.seconds()[2], 0.12);
  for (size_t other : {0u, 1u, 3u})
    EXPECT_LT(profile.seconds()[other], 0.06) << other;
}

/// Calls a chain of two kernels, the second of which takes its time.
void callChain(Profile &profile) {
  Profile::parallelFor(
      &profile, 4,
      [](void *pool, int64_t, int64_t worker) {
        Profile::partDone(pool, 0, worker);
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        Profile::partDone(pool, 1, worker);
      },
      &profile);
}

// In a loop and outside of one; the kernel between is a call of its own.
TEST(Profile, SharesTheTimeOfAChainOut) {
  Workers workers(2);
  Profile profile(workers, "step",
                  {{"a", "", 0, 0, 1, 2, 1},
                   {"b", "", 0, 0, 1, 2, 1},
                   {"c", "", 0, 0, 1, 2, 0},
                   {"d", "", 0, 0, 0, 1, 2},
                   {"e", "", 0, 0, 0, 1, 2}});
  profile.begin();
  for (int trip = 0; trip < 2; ++trip) {
    callChain(profile);
    call(profile, 0);
  }
  callChain(profile);
  profile.end();
  const std::vector<double> &seconds = profile.seconds();
  EXPECT_GE(seconds[1], 0.035); // two calls of two tasks for each worker
  EXPECT_GE(seconds[4], 0.017);
  for (size_t quick : {0u, 2u, 3u})
    EXPECT_LT(seconds[quick], seconds[4] / 2) << quick;
}

TEST(Profile, RefusesCodeThatCallsOtherKernels) {
  Workers workers(1);
  Profile profile(workers, "step", kernelsWithLoop());
  profile.begin();
  for (int i = 0; i < 7; ++i)
    call(profile, 0);
  EXPECT_THROW(profile.end(), Error);
  profile.begin();
  for (int i = 0; i < 9; ++i)
    call(profile, 0);
  EXPECT_THROW(profile.end(), Error);
}

TEST(Profile, RefusesMoreCallsThanAnyStepMakes) {
  Workers workers(1);
  std::vector<KernelInfo> kernels = kernelsWithLoop();
  kernels[1].trips = UINT64_MAX / 2;
  EXPECT_THROW(Profile(workers, "step", kernels), Error);
}

} // namespace
} // namespace foregrad::runtime
