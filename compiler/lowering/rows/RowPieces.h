//===- RowPieces.h - Ops of a row that share loops --------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Ops of a row group run one after another for each row. Where some that follow
// each other work on the same piece of a row alone (a group of a group norm, a
// few vectors of elementwise ops), they run one after another for each piece:
// what one computes the next finds in registers.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_ROWS_ROWPIECES_H
#define FOREGRAD_COMPILER_LOWERING_ROWS_ROWPIECES_H

#include "compiler/lowering/rows/RowOp.h"
#include "compiler/targets/Target.h"

namespace foregrad::compiler::rows {

/// Ops that follow each other, for each piece of a row.
struct RowSegment {
  RowOps ops; // cut by splitPieces, if there are several pieces
  int64_t pieces = 1;
};

/// Cuts ops that splitRows has cut, in program order.
llvm::SmallVector<RowSegment, 0>
cutIntoSegments(llvm::ArrayRef<RowOp> ops, const TargetDescription &target);

/// Elements of `buffer` that one piece of the segment's rows has to itself;
/// nothing if it shares them with other pieces.
std::optional<int64_t> elementsOfPiece(const RowSegment &segment,
                                       mlir::Value buffer);

} // namespace foregrad::compiler::rows

#endif // FOREGRAD_COMPILER_LOWERING_ROWS_ROWPIECES_H
