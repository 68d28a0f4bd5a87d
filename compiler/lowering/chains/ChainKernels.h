//===- ChainKernels.h - Kernels that need not wait for each other -*- C++ -*-=//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_CHAINS_CHAINKERNELS_H
#define FOREGRAD_COMPILER_LOWERING_CHAINS_CHAINKERNELS_H

#include "compiler/targets/Target.h"

#include "llvm/ADT/StringRef.h"

#include <memory>

namespace mlir {
class Pass;
} // namespace mlir

namespace foregrad::compiler {

/// Of an scf.forall, i64: the number of its chain in the function. The kernels
/// of a chain follow each other in one line, with nothing between them that has
/// an effect. Its tasks are as many as those of the kernel with the fewest, and
/// a task runs an equal share of each kernel, one kernel after the other,
/// without waiting for other tasks.
inline constexpr llvm::StringLiteral chainAttr = "fg.chain";

/// Of an scf.forall, unit: its work is not worth more than one thread. It is
/// cut into tasks all the same, for it may be part of a chain.
inline constexpr llvm::StringLiteral smallAttr = "fg.small";

/// Of an scf.forall, unit: one thread runs all of it.
inline constexpr llvm::StringLiteral serialAttr = "fg.serial";

/// Of a memref.alloc, an array of i64: the chains in which each task keeps to
/// its own share of the buffer, all shares being equal and in the order of the
/// tasks.
inline constexpr llvm::StringLiteral cutAttr = "fg.cut";

/// The pass fg-chain-kernels; ChainKernels.cpp says what it does and why.
std::unique_ptr<mlir::Pass>
createChainKernelsPass(const TargetDescription &target);

void registerChainKernelsPass();

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_CHAINS_CHAINKERNELS_H
