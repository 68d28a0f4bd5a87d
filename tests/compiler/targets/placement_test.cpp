// Licensed under the Apache License v2.0; see LICENSE.
//
// The arithmetic of the memory planner: no two living buffers overlap, and the
// total stays near what cannot be avoided.

#include "compiler/lowering/memory/Placement.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <random>
#include <vector>

namespace foregrad::compiler {
namespace {

void expectDisjoint(const std::vector<Lifetime> &buffers, int64_t total) {
  for (size_t i = 0; i < buffers.size(); ++i) {
    const Lifetime &a = buffers[i];
    EXPECT_EQ(a.offset % bufferAlignment, 0);
    EXPECT_LE(a.offset + a.bytes, total);
    for (size_t j = 0; j < i; ++j) {
      const Lifetime &b = buffers[j];
      bool together = a.first <= b.last && b.first <= a.last;
      bool overlap =
          a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
      EXPECT_FALSE(together && overlap) << i << " and " << j;
    }
  }
}

TEST(Placement, NothingNeedsNothing) {
  std::vector<Lifetime> none;
  EXPECT_EQ(placeBuffers(none), 0);
  std::vector<Lifetime> empty = {{0, 0, 5}};
  EXPECT_EQ(placeBuffers(empty), 0);
}

TEST(Placement, SharesBytesOfBuffersThatDoNotMeet) {
  std::vector<Lifetime> buffers = {{1000, 0, 1}, {1000, 2, 3}, {500, 4, 5}};
  EXPECT_EQ(placeBuffers(buffers), 1024);
}

TEST(Placement, KeepsBuffersApartThatMeetInOnePosition) {
  std::vector<Lifetime> buffers = {{64, 0, 2}, {64, 2, 3}};
  EXPECT_EQ(placeBuffers(buffers), 128);
}

TEST(Placement, TakesTheSmallestGapThatFits) {
  // At position 1 the gaps are 256 bytes at 0 and 128 bytes between the others.
  std::vector<Lifetime> buffers = {
      {1024, 0, 9}, {512, 0, 0}, {256, 0, 9}, {128, 1, 1}};
  int64_t total = placeBuffers(buffers);
  expectDisjoint(buffers, total);
  EXPECT_EQ(total, 1024 + 512 + 256);
  EXPECT_EQ(buffers[3].offset, 1024);
}

TEST(Placement, BuffersOfAChainShareBytesInCutsAlone) {
  // The second is not cut, the third has another size, the fifth is in another
  // chain as well; the fourth goes where the first was.
  std::vector<Lifetime> buffers = {{256, 0, 1, 0, {{7, true}}},
                                   {256, 2, 3, 0, {{7, false}}},
                                   {192, 4, 5, 0, {{7, true}}},
                                   {256, 6, 7, 0, {{7, true}}},
                                   {256, 8, 9, 0, {{7, true}, {8, false}}}};
  int64_t total = placeBuffers(buffers);
  EXPECT_EQ(total, 256 + 256 + 192);
  EXPECT_EQ(buffers[3].offset, buffers[0].offset);
  EXPECT_EQ(buffers[4].offset, buffers[0].offset);
  for (size_t i : {1, 2})
    for (size_t j : {0, 1, 2, 3, 4})
      EXPECT_TRUE(i == j ||
                  buffers[i].offset >= buffers[j].offset + buffers[j].bytes ||
                  buffers[j].offset >= buffers[i].offset + buffers[i].bytes)
          << i << " and " << j;
}

TEST(Placement, RandomPlansAreDisjointAndTight) {
  std::mt19937 random(7);
  for (int plan = 0; plan < 50; ++plan) {
    std::vector<Lifetime> buffers;
    for (int i = 0; i < 100; ++i) {
      int64_t first = random() % 200, length = random() % 20;
      buffers.push_back(
          {static_cast<int64_t>(random() % 100000), first, first + length});
    }
    int64_t total = placeBuffers(buffers);
    int64_t least = peakLiveBytes(buffers);
    expectDisjoint(buffers, total);
    EXPECT_GE(total, least);
    EXPECT_LE(total, least + least / 2);

    std::vector<Lifetime> again = buffers;
    EXPECT_EQ(placeBuffers(again), total);
    EXPECT_TRUE(std::equal(again.begin(), again.end(), buffers.begin(),
                           [](const Lifetime &a, const Lifetime &b) {
                             return a.offset == b.offset;
                           }));
  }
}

} // namespace
} // namespace foregrad::compiler
