//===- failure_guard_test.cpp - LLVM's fatal errors come back -------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/FailureGuard.h"

#include "llvm/ADT/Twine.h"
#include "llvm/Support/ErrorHandling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>
#include <vector>

namespace foregrad::compiler {
namespace {

using testing::HasSubstr;

TEST(FailureGuard, WorkThatReturnsHasNoReason) {
  FailureGuard guard;
  std::string reason;
  bool ran = false;
  EXPECT_TRUE(guard.run(reason, [&] { ran = true; }));
  EXPECT_TRUE(ran);
  EXPECT_EQ(reason, "");
}

TEST(FailureGuard, FatalErrorsOfAnyKindComeBack) {
  FailureGuard guard;
  std::string internal, usage, crash;
  EXPECT_FALSE(guard.run(
      internal, [] { llvm::reportFatalInternalError("of its own making"); }));
  EXPECT_THAT(internal, HasSubstr("of its own making"));
  // Behind these LLVM exits, which nothing else would hold back.
  EXPECT_FALSE(guard.run(
      usage, [] { llvm::reportFatalUsageError("of the caller's making"); }));
  EXPECT_THAT(usage, HasSubstr("of the caller's making"));
  EXPECT_FALSE(guard.run(crash, [] { std::abort(); }));
  EXPECT_EQ(crash, "");
}

TEST(FailureGuard, ThreadsFailForThemselves) {
  constexpr int count = 8;
  FailureGuard guard;
  std::vector<std::string> reasons(count);
  std::vector<char> returned(count);
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i)
    threads.emplace_back([&, i] {
      returned[i] = guard.run(reasons[i], [i] {
        if (i % 2)
          llvm::reportFatalUsageError("of " + llvm::Twine(i));
      });
    });
  for (std::thread &thread : threads)
    thread.join();
  for (int i = 0; i < count; ++i) {
    EXPECT_EQ(bool(returned[i]), i % 2 == 0) << i;
    EXPECT_EQ(reasons[i], i % 2 ? "\nof " + std::to_string(i) : "") << i;
  }
}

TEST(FailureGuard, AllIsAsBeforeWithoutOne) {
  {
    FailureGuard guard;
  }
  EXPECT_EXIT(llvm::reportFatalUsageError("nobody holds this back"),
              testing::ExitedWithCode(1), "nobody holds this back");
}

} // namespace
} // namespace foregrad::compiler
