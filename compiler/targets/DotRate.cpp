//===- DotRate.cpp - Whether bf16 instructions pay on this machine --------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/DotRate.h"

#ifdef __x86_64__

#include <algorithm>
#include <chrono>
#include <immintrin.h>

namespace {

/// Enough independent sums to hide the latency of both instructions.
constexpr int kSums = 16;
constexpr int kSteps = 20'000;
/// The best of so many runs counts: others may be disturbed.
constexpr int kRuns = 7;

// An empty assembly that may have changed each sum keeps the loops from being
// folded.

__attribute__((target("avx512f"))) void multiplyAdds() {
  const __m512 x = _mm512_set1_ps(1.0001f), y = _mm512_set1_ps(0.9999f);
  __m512 sums[kSums] = {};
  for (int step = 0; step < kSteps; ++step)
    for (__m512 &sum : sums) {
      sum = _mm512_fmadd_ps(x, y, sum);
      asm volatile("" : "+v"(sum));
    }
}

__attribute__((target("avx512f,avx512bf16"))) void dots() {
  const __m512bh ones = (__m512bh)_mm512_set1_epi32(0x3f803f80);
  __m512 sums[kSums] = {};
  for (int step = 0; step < kSteps; ++step)
    for (__m512 &sum : sums) {
      sum = _mm512_dpbf16_ps(sum, ones, ones);
      asm volatile("" : "+v"(sum));
    }
}

double secondsOf(void (*work)()) {
  auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
      .count();
}

double measure() {
  if (!__builtin_cpu_supports("avx512bf16"))
    return 0;
  double single = 1, pairs = 1; // a second: more than either takes
  for (int run = 0; run < kRuns; ++run) {
    single = std::min(single, secondsOf(multiplyAdds));
    pairs = std::min(pairs, secondsOf(dots));
  }
  return 2 * single / pairs;
}

} // namespace

double foregrad::compiler::hostDotRate() {
  static const double rate = measure();
  return rate;
}

#else

double foregrad::compiler::hostDotRate() { return 0; }

#endif
