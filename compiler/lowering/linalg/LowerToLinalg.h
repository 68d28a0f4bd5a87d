//===- LowerToLinalg.h - From fg entries to linalg on buffers ---*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// The first stage of lowering: entries become functions, arrays become tensors
// and then buffers. What comes out are functions of straight-line code:
// allocations, linalg ops on memrefs, views, copies.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_LINALG_LOWERTOLINALG_H
#define FOREGRAD_COMPILER_LOWERING_LINALG_LOWERTOLINALG_H

#include "llvm/ADT/StringRef.h"
#include <memory>

namespace mlir {
class DialectRegistry;
class OpPassManager;
class Pass;
} // namespace mlir

namespace foregrad::compiler {

/// Of an entry's function, unit: it runs so seldom that its code had better be
/// small than fast.
inline constexpr llvm::StringLiteral kRareAttr = "fg.rare";
/// Attributes of the arguments of an entry's function.
inline constexpr llvm::StringLiteral kBindingAttr =
    "fg.binding";                                           // i64: 0, 1, ..
inline constexpr llvm::StringLiteral kNameAttr = "fg.name"; // of the buffer
inline constexpr llvm::StringLiteral kRoleAttr = "fg.role"; // fg::RoleAttr
/// Set (unit) if the entry writes the buffer.
inline constexpr llvm::StringLiteral kWritesAttr = "fg.writes";
/// i64: the dimension of the buffer that counts samples; absent if none does.
inline constexpr llvm::StringLiteral kSampleDimAttr = "fg.sample_dim";

/// `fg-lower-to-linalg`: each `fg.entry` becomes a `func.func` on tensors whose
/// arguments are its buffers in the order of first use.
std::unique_ptr<mlir::Pass> createLowerToLinalgPass();

/// `fg-fuse-elementwise`: loop nests on tensors are fused into their consumers
/// where that saves memory traffic; perturbations always are.
std::unique_ptr<mlir::Pass> createFuseElementwisePass();

/// `fg-start-sums`: sums of products begin at the bias that is added to them.
std::unique_ptr<mlir::Pass> createStartSumsPass();

/// `fg-write-in-place`: lets results be computed in the buffers that they end
/// in.
std::unique_ptr<mlir::Pass> createWriteInPlacePass();

/// From the result of `fg-lower-to-linalg` to linalg on memrefs.
void buildBufferizePipeline(mlir::OpPassManager &manager);

/// How `fg.opaque` becomes a buffer.
void registerOpaqueBufferization(mlir::DialectRegistry &registry);

/// All dialects and interface models that this stage needs.
void registerLinalgDialects(mlir::DialectRegistry &registry);

/// Registers the passes and the pipeline (`fg-bufferize`) by name.
void registerLinalgPasses();

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_LINALG_LOWERTOLINALG_H
