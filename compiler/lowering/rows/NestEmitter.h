//===- NestEmitter.h - Loops and vectors of one op in a row -----*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Writes the code of one op for one row: scalar loops around vectors of one
// register each. Sums run in one fixed order:
//  - along the vector dimension, lane i of partial sum j takes the elements
//    (k * unroll + j) * lanes + i in order of k; then partial sums are combined
//    in pairs, then lanes by halves, then the output's former value is added;
//  - along any other dimension, in order of its index.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_ROWS_NESTEMITTER_H
#define FOREGRAD_COMPILER_LOWERING_ROWS_NESTEMITTER_H

#include "compiler/lowering/rows/VectorPlan.h"

#include "mlir/IR/Builders.h"

namespace foregrad::compiler::rows {

/// Where the elements of a buffer are inside of a kernel.
struct FlatBuffer {
  mlir::Value memref; // rank 1, contiguous
  /// Holds one row, or one piece of a row, only: forms drop the dimensions
  /// that count them.
  bool perRow = false, perPiece = false;
};
using FlatBuffers = llvm::DenseMap<mlir::Value, FlatBuffer>;

/// A part [first, first + extent) of the vector dimension.
struct VectorRange {
  mlir::Value first; // index, a multiple of 64; null: 0
  int64_t extent = 0;
};

/// A row and a piece of it; null where there is one.
struct RowNumber {
  mlir::Value row, piece;
};

/// Emits `op` (cut by splitRows) at `builder`'s insertion point for one row, or
/// one piece of it (splitPieces). `range` limits a parallel vector dimension;
/// it is ignored under scalar plans and reductions.
void emitNest(mlir::OpBuilder &builder, mlir::Location loc, const RowOp &op,
              const VectorPlan &plan, const FlatBuffers &buffers,
              RowNumber number,
              std::optional<VectorRange> range = std::nullopt);

} // namespace foregrad::compiler::rows

#endif // FOREGRAD_COMPILER_LOWERING_ROWS_NESTEMITTER_H
