//===- RowGroups.h - Ops that share a kernel --------------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Row fusion. Ops of a group run one after another for each row, so that what
// one writes the next reads from the first-level cache. A group may have R rows
// when every buffer that one of its ops writes and another one touches is cut
// by all of them into R disjoint pieces in the same way: then the order of rows
// does not matter, and neither does the thread that computes one.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_ROWS_ROWGROUPS_H
#define FOREGRAD_COMPILER_LOWERING_ROWS_ROWGROUPS_H

#include "compiler/lowering/rows/RowOp.h"
#include "compiler/targets/Target.h"

#include "llvm/ADT/MapVector.h"

namespace foregrad::compiler::rows {

struct RowGroup {
  RowOps ops; // in program order
  int64_t rows = 1;

  /// Where its kernel stands: the place of its first op.
  mlir::Operation *position() const { return ops.front().operation(); }
};

/// The distance in the flat buffer between what dimensions [first, op.numRow)
/// count, if `form` moves evenly with their number and stays inside of what
/// belongs to one.
std::optional<int64_t> strideOf(const RowOp &op, const LinearForm &form,
                                unsigned first = 0);

/// How a buffer is used by the ops of a group that has `rows` rows.
struct BufferUse {
  bool written = false;
  unsigned numOps = 0;
  bool perRow = true;    // cut into rows, the same way by all ops
  int64_t rowStride = 0; // elements from row to row, when perRow
};
llvm::MapVector<mlir::Value, BufferUse> buffersOf(llvm::ArrayRef<RowOp> ops,
                                                  int64_t rows);

/// A number of rows for some ops and what it means.
struct RowChoice {
  int64_t rows = 0;  // 0: there is no good one
  double cost = 0;   // instructions of all rows
  int64_t bytes = 0; // that one row touches
};

/// Forms groups from a straight line of ops, added in program order.
class RowGroups {
public:
  RowGroups(const TargetDescription &target, bool fuse)
      : target(target), fuse(fuse) {}

  void add(RowOp op);
  /// An op that is no row op, with what it touches (bufferOf).
  void addOther(mlir::Operation *op, BufferSet reads, BufferSet writes);

  llvm::SmallVector<RowGroup, 0> take();

private:
  struct Item {
    std::optional<RowGroup> group; // none: another op
    RowChoice choice;
    BufferSet reads, writes;
  };
  bool tryJoin(Item &item, const RowOp &op, const RowChoice &alone);

  const TargetDescription &target;
  bool fuse;
  llvm::SmallVector<Item, 0> items;
};

/// Whether the op may stand at `position`: all it uses is defined before it or
/// can be moved there (constants and allocations can).
bool canStandAt(const RowOp &op, mlir::Operation *position);

/// Whether `op` has no operands and may be moved to the front of its block.
bool isMovableDefinition(mlir::Operation *op);

} // namespace foregrad::compiler::rows

#endif // FOREGRAD_COMPILER_LOWERING_ROWS_ROWGROUPS_H
