//===- LowerToLLVM.h - Kernels to the LLVM dialect ------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_LOWERTOLLVM_H
#define FOREGRAD_COMPILER_LOWERING_LOWERTOLLVM_H

#include "compiler/targets/Target.h"

#include <memory>

namespace mlir {
class OpPassManager;
class Pass;
} // namespace mlir

namespace foregrad::compiler {

/// Rewrites memref.copy between layouts that are not dense as loops; the
/// upstream lowering calls a support library for them.
std::unique_ptr<mlir::Pass> createExpandCopiesPass();

/// The last step: arith, math, memref, cf, func, index and ub to the LLVM
/// dialect, memrefs passed as bare pointers. An operation that is left over is
/// an error.
std::unique_ptr<mlir::Pass> createConvertToLLVMDialectPass();

/// From the output of --fg-outline-kernels to a module of the LLVM dialect
/// alone. Functions of the func dialect are kernels there, which nobody else
/// calls: those that are equal become one. Handles scf, vector, arith, math,
/// memref, index, ub and cf, and fg.noise_block, for which there will be
/// functions that draw; what the target is decides only how mathematical
/// functions are expanded.
void buildLowerToLLVMPipeline(mlir::OpPassManager &passes,
                              const TargetDescription &target);

void registerLowerToLLVMPasses();

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_LOWERTOLLVM_H
