//===- TakeTurns.h - Draws that fill each other's gaps ----------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Each operation of a random generator waits for the one before, and the code
// for a block of numbers is about as long as the part of a program that a
// processor looks at in advance: of the next draw it sees too little to fill
// the gaps. So draws that have nothing to do with each other are written
// operation by operation in turns.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_ROWS_TAKETURNS_H
#define FOREGRAD_COMPILER_LOWERING_ROWS_TAKETURNS_H

#include "compiler/lowering/rows/RowOp.h"
#include "compiler/targets/Target.h"

#include "mlir/IR/Builders.h"

#include "llvm/ADT/STLFunctionalExtras.h"

namespace foregrad::compiler::rows {

/// How many of the first of `ops` (at least one) should take turns in the code
/// for `target`.
size_t drawTogether(llvm::ArrayRef<RowOp> ops, const TargetDescription &target);

using OpsOfCode = llvm::SmallVector<mlir::Operation *, 0>;

/// What `emit` puts at the builder's insertion point, in order.
OpsOfCode opsEmitted(mlir::OpBuilder &builder, llvm::function_ref<void()> emit);

/// Mixes codes that follow each other in a block and need nothing of each
/// other. Codes with loops stay as they are.
void takeTurns(llvm::ArrayRef<OpsOfCode> codes);

} // namespace foregrad::compiler::rows

#endif // FOREGRAD_COMPILER_LOWERING_ROWS_TAKETURNS_H
