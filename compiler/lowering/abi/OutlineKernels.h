//===- OutlineKernels.h - Entries and kernels with the C ABI --------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_ABI_OUTLINEKERNELS_H
#define FOREGRAD_COMPILER_LOWERING_ABI_OUTLINEKERNELS_H

#include "llvm/ADT/StringRef.h"

#include <memory>

namespace mlir {
class Pass;
} // namespace mlir

namespace foregrad::compiler {

/// Of an scf.forall, i64 or float: the floating-point operations of all its
/// iterations. Of an exported entry, f64: their sum.
inline constexpr llvm::StringLiteral flopsAttr = "fg.flops";
/// Of an scf.forall, string and i64: what it computes, in words, and the bytes
/// of the buffers that it reads and writes, each element once.
inline constexpr llvm::StringLiteral whatAttr = "fg.what";
inline constexpr llvm::StringLiteral bytesAttr = "fg.bytes";
/// Of an scf.forall, i64: the random numbers that it draws.
inline constexpr llvm::StringLiteral drawsAttr = "fg.draws";
/// Of an exported entry: its kernels in the order of their calls, as
/// dictionaries (what, where, flops, bytes, loop, trips, chain, draws; see
/// KernelCode).
inline constexpr llvm::StringLiteral kernelsAttr = "fg.kernels";
/// Of an exported entry, string: the entry's name (its symbol is
/// foregrad_NAME).
inline constexpr llvm::StringLiteral entryAttr = "fg.entry";
/// Of a function, unit: the body of a kernel. It is not inlined: what its
/// arguments promise (noalias) is worth more than the call costs.
inline constexpr llvm::StringLiteral kernelAttr = "fg.kernel";

/// Turns planned entry functions into exported functions with the ABI of
/// runtime/abi/foregrad_abi.h and each scf.forall in them into a kernel
/// function that is called through fg_call.parallel_for.
std::unique_ptr<mlir::Pass> createOutlineKernelsPass();
void registerOutlineKernelsPass();

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_ABI_OUTLINEKERNELS_H
