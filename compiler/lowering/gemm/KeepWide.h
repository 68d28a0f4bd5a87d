//===- KeepWide.h - Rounded numbers that stay f32 in the caches -*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_GEMM_KEEPWIDE_H
#define FOREGRAD_COMPILER_LOWERING_GEMM_KEEPWIDE_H

#include "compiler/targets/Target.h"

#include <memory>

namespace mlir {
class Pass;
} // namespace mlir

namespace foregrad::compiler {

/// --fg-keep-wide on a func.func, before --fg-contractions-to-kernels: where
/// products multiply bf16 numbers in f32, temporaries of bf16 that the L2 cache
/// keeps hold the same numbers as f32. Products then read them where they lie,
/// as they do without --precision bf16. The same numbers.
std::unique_ptr<mlir::Pass> createKeepWidePass(const TargetDescription &target);
void registerKeepWidePass();

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_GEMM_KEEPWIDE_H
