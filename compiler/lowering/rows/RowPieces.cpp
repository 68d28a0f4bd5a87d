//===- RowPieces.cpp - Ops of a row that share loops ----------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/rows/RowPieces.h"

#include "compiler/lowering/rows/RowGroups.h"
#include "compiler/lowering/rows/VectorPlan.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace foregrad::compiler::rows {

// Vectors of a piece, the best number first: enough of them to be independent
// of each other, few enough for all values of a piece to stay in registers.
static constexpr int64_t vectorsOfPiece[] = {4, 2, 8, 1};

// How much slower the ops' code may be in pieces.
static constexpr double maxSlowdown = 1.1;

static double codeCost(ArrayRef<RowOp> ops, const TargetDescription &target) {
  double cost = 0;
  std::string why;
  for (const RowOp &op : ops)
    cost += planVectors(op, target, why).cost * double(op.size());
  return cost;
}

std::optional<int64_t> elementsOfPiece(const RowSegment &segment,
                                       Value buffer) {
  std::optional<int64_t> elements;
  for (const RowOp &op : segment.ops) {
    if (llvm::is_contained(op.loadedInBody, buffer))
      return std::nullopt;
    for (const Access *access : op.accesses()) {
      if (access->buffer != buffer)
        continue;
      std::optional<int64_t> stride =
          strideOf(op, access->form, op.numRow - op.numPiece);
      if (!stride || (elements && *elements != *stride))
        return std::nullopt;
      elements = stride;
    }
  }
  return elements;
}

/// Whether pieces have nothing to do with each other.
static bool areApart(const RowSegment &segment) {
  for (const RowOp &op : segment.ops)
    for (const Access &output : op.outputs) {
      unsigned users = llvm::count_if(segment.ops, [&](const RowOp &other) {
        return llvm::is_contained(other.loadedInBody, output.buffer) ||
               llvm::any_of(other.accesses(), [&](const Access *access) {
                 return access->buffer == output.buffer;
               });
      });
      if (users > 1 && !elementsOfPiece(segment, output.buffer))
        return false;
    }
  return true;
}

/// The ops in one segment of several pieces, if that is of use.
static std::optional<RowSegment> inPieces(ArrayRef<RowOp> ops,
                                          const TargetDescription &target) {
  int64_t size = 0;
  for (const RowOp &op : ops)
    size = std::max(size, op.rowSize());
  double whole = codeCost(ops, target);
  for (int64_t vectors : vectorsOfPiece) {
    int64_t elements = vectors * target.lanes(/*elementBytes=*/4);
    if (size % elements != 0 || size == elements)
      continue;
    RowSegment segment;
    segment.pieces = size / elements;
    for (const RowOp &op : ops)
      if (std::optional<RowOp> cut = splitPieces(op, segment.pieces))
        segment.ops.push_back(std::move(*cut));
    if (segment.ops.size() == ops.size() && areApart(segment) &&
        codeCost(segment.ops, target) <= maxSlowdown * whole)
      return segment;
  }
  return std::nullopt;
}

SmallVector<RowSegment, 0> cutIntoSegments(ArrayRef<RowOp> ops,
                                           const TargetDescription &target) {
  SmallVector<RowSegment, 0> segments;
  while (!ops.empty()) {
    RowSegment segment;
    segment.ops.push_back(ops.front());
    size_t taken = 1;
    for (size_t count = 2; count <= ops.size(); ++count) {
      std::optional<RowSegment> longer =
          inPieces(ops.take_front(count), target);
      if (!longer)
        break;
      segment = std::move(*longer);
      taken = count;
    }
    segments.push_back(std::move(segment));
    ops = ops.drop_front(taken);
  }
  return segments;
}

} // namespace foregrad::compiler::rows
