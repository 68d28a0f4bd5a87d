//===- PlanMemory.h - Every temporary gets its place ----------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Declares the pass --fg-plan-memory and the attributes by which its result is
// read (by --fg-outline-kernels and by whoever reports the plan).
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_MEMORY_PLANMEMORY_H
#define FOREGRAD_COMPILER_LOWERING_MEMORY_PLANMEMORY_H

#include "llvm/ADT/StringRef.h"

#include <memory>

namespace mlir {
class Pass;
} // namespace mlir

namespace foregrad::compiler {

/// Of an argument, i64: the number of the binding (fg_call.buffers) it is.
inline constexpr llvm::StringLiteral bindingAttr = "fg.binding";
/// Of an argument, unit: it is the arena, or one worker's scratch.
inline constexpr llvm::StringLiteral arenaAttr = "fg.arena";
inline constexpr llvm::StringLiteral scratchAttr = "fg.scratch";
/// Of a function, i64: bytes of the arena, and of the scratch of one worker;
/// both multiples of 64.
inline constexpr llvm::StringLiteral arenaBytesAttr = "fg.arena_bytes";
inline constexpr llvm::StringLiteral scratchBytesAttr = "fg.scratch_bytes";

/// A temporary of a kernel up to this size stays on the stack, as long as those
/// of one kernel together do not exceed maxKernelStackBytes.
inline constexpr int64_t maxStackBufferBytes = 4 << 10;
inline constexpr int64_t maxKernelStackBytes = 16 << 10;

/// Turns the allocations of every entry function into views of one arena, those
/// inside kernels into views of the worker's scratch.
std::unique_ptr<mlir::Pass> createPlanMemoryPass();
void registerPlanMemoryPass();

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_MEMORY_PLANMEMORY_H
