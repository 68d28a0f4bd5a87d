//===- Peaks.h - what the cores can do at most ------------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_BENCHMARKS_LIMIT_PEAKS_H
#define FOREGRAD_BENCHMARKS_LIMIT_PEAKS_H

#include <optional>
#include <string>

namespace foregrad::limit {

/// The rate of f32 multiply-adds in registers, in 1e9 operations a second; a
/// multiply and an add are two. Uses the widest vectors that the processor has
/// at run time, whatever this program was compiled for.
struct Peak {
  std::string instructions;
  double gflops;
};

Peak multiplyAddPeak(int threads);

/// The same of products of pairs of bf16 added into f32 (vdpbf16ps: 64
/// operations); none where the processor lacks it.
std::optional<Peak> bf16Peak(int threads);

/// Bytes a second, in 1e9, of a[i] = b[i] + s c[i] over arrays that no cache
/// holds: two read and one written. What the write reads before is not counted.
double triadBandwidth(int threads);

} // namespace foregrad::limit

#endif // FOREGRAD_BENCHMARKS_LIMIT_PEAKS_H
