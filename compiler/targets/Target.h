//===- Target.h - What code generation knows of a machine -----------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// A plain description of the processor that kernels are generated for. Kernel
// emitters read it and nothing else of the machine, so that the same artifact
// computes the same bits on every machine that can run it. The number of cores
// decides into how many tasks a kernel is cut, and not what any of its numbers
// is.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_TARGETS_TARGET_H
#define FOREGRAD_COMPILER_TARGETS_TARGET_H

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace foregrad::compiler {

/// How kernels multiply bf16 numbers, with sums in f32.
enum class Bf16Products {
  Widened, // by f32 multiply-adds: panels hold the numbers as f32
  Dot,     // by an instruction that adds two products to each sum (vdpbf16ps)
  Pairs,   // as Dot would, by f32 multiply-adds: slow, for tests on any machine
};

struct TargetDescription {
  std::string triple;                // e.g. x86_64-unknown-linux-gnu
  std::string cpu;                   // as fgc --cpu takes it, e.g. znver4
  std::string instructionsOf;        // LLVM's processor that features add to
  std::string tunedFor;              // LLVM's processor whose timing decides
  std::vector<std::string> features; // LLVM feature strings, e.g. +avx512f

  int64_t vectorBytes = 16;     // width of one vector register in bytes
  int64_t vectorRegisters = 16; // how many of them there are
  Bf16Products bf16 = Bf16Products::Widened;
  std::string bf16Reason;      // why so, for people
  int64_t l1Bytes = 32 << 10;  // data cache of one core
  int64_t l2Bytes = 512 << 10; // second-level cache of one core
  int64_t cores = 0;           // that share the work; 0: not known, any number

  /// Tasks that keep the cores busy, if they are of one size.
  int64_t enoughTasks() const { return cores > 0 ? cores : 8; }

  /// Lanes of one vector register for elements of `elementBytes` bytes, or 1.
  int64_t lanes(int64_t elementBytes) const {
    return std::max<int64_t>(1, vectorBytes / elementBytes);
  }
};

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_TARGETS_TARGET_H
