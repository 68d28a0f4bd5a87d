//===- Peaks.cpp - what the cores can do at most --------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "benchmarks/limit/Peaks.h"
#include "benchmarks/limit/Team.h"

#include <algorithm>
#include <vector>

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace foregrad::limit {

namespace {

constexpr long steps = 200'000;

// Enough independent sums to hide four cycles of latency on two units, and few
// enough for 16 registers.
constexpr int sums = 12;

// Each function below runs `steps` times `sums` vector operations. An empty
// assembly that may have changed each sum keeps the loop from being folded.

#ifdef __x86_64__

__attribute__((target("avx512f"))) void multiplyAdd512() {
  const __m512 x = _mm512_set1_ps(1.0001f), y = _mm512_set1_ps(0.9999f);
  __m512 values[sums] = {};
  for (long step = 0; step < steps; ++step) {
    for (__m512 &value : values)
      value = _mm512_fmadd_ps(x, y, value);
    for (__m512 &value : values)
      asm volatile("" : "+v"(value));
  }
}

__attribute__((target("avx2,fma"))) void multiplyAdd256() {
  const __m256 x = _mm256_set1_ps(1.0001f), y = _mm256_set1_ps(0.9999f);
  __m256 values[sums] = {};
  for (long step = 0; step < steps; ++step) {
    for (__m256 &value : values)
      value = _mm256_fmadd_ps(x, y, value);
    for (__m256 &value : values)
      asm volatile("" : "+x"(value));
  }
}

__attribute__((target("avx512f,avx512bf16"))) void dotBf16() {
  const __m512bh ones = (__m512bh)_mm512_set1_epi32(0x3f803f80);
  __m512 values[sums] = {};
  for (long step = 0; step < steps; ++step) {
    for (__m512 &value : values)
      value = _mm512_dpbf16_ps(value, ones, ones);
    for (__m512 &value : values)
      asm volatile("" : "+v"(value));
  }
}

#define FOREGRAD_VECTOR_REGISTER "+x"
#else
#define FOREGRAD_VECTOR_REGISTER "+w" // AArch64
#endif

using Vector4 __attribute__((vector_size(16))) = float;

void multiplyAdd128() {
  const Vector4 x = {1.0001f, 1.0001f, 1.0001f, 1.0001f}, y = x;
  Vector4 values[sums] = {};
  for (long step = 0; step < steps; ++step) {
    for (Vector4 &value : values)
      value = x * y + value;
    for (Vector4 &value : values)
      asm volatile("" : FOREGRAD_VECTOR_REGISTER(value));
  }
}

/// In 1e9 a second. The best of several runs: a peak is what can be reached.
double bestRate(int threads, double operationsPerVector, void (*work)()) {
  const std::vector<double> seconds =
      timeFor(0.2, threads, [work](int) { work(); });
  return operationsPerVector * static_cast<double>(steps * sums * threads) *
         1e-9 / *std::min_element(seconds.begin(), seconds.end());
}

} // namespace

Peak multiplyAddPeak(int threads) {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f"))
    return {"512-bit multiply-add", bestRate(threads, 32, multiplyAdd512)};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return {"256-bit multiply-add", bestRate(threads, 16, multiplyAdd256)};
  return {"128-bit multiply, add", bestRate(threads, 8, multiplyAdd128)};
#else
  return {"128-bit multiply-add", bestRate(threads, 8, multiplyAdd128)};
#endif
}

std::optional<Peak> bf16Peak(int threads) {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512bf16"))
    return Peak{"vdpbf16ps", bestRate(threads, 64, dotBf16)};
#endif
  return std::nullopt;
}

double triadBandwidth(int threads) {
  // Of each thread, and of each of three arrays.
  constexpr size_t elements = size_t{16} << 20;
  struct Arrays {
    std::vector<float> a, b, c;
  };
  std::vector<Arrays> arrays(static_cast<size_t>(threads));
  const std::vector<double> seconds = timeFor(0.3, threads, [&](int thread) {
    auto &[a, b, c] = arrays[static_cast<size_t>(thread)];
    if (a.empty()) // the first run, not counted: a thread's own pages
      a.resize(elements), b.resize(elements, 1), c.resize(elements, 2);
    for (size_t i = 0; i < elements; ++i)
      a[i] = b[i] + 3.0f * c[i];
  });
  return 3.0 * sizeof(float) * static_cast<double>(elements) * threads * 1e-9 /
         *std::min_element(seconds.begin(), seconds.end());
}

} // namespace foregrad::limit
