//===- SampleDims.cpp - Where samples lie in buffers and loops ------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/tiles/SampleDims.h"

#include "compiler/lowering/linalg/LowerToLinalg.h"
#include "dialects/fg/Fg.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace foregrad::compiler {

namespace {

/// For each dimension of the expanded shape its collapsed one, as far as it is
/// alone in it or all others have size 1.
std::optional<int64_t> expandedDim(ArrayRef<ReassociationIndices> groups,
                                   ArrayRef<int64_t> expanded, int64_t dim) {
  for (int64_t inGroup : groups[dim])
    if (llvm::all_of(groups[dim], [&](int64_t other) {
          return other == inGroup || expanded[other] == 1;
        }))
      return inGroup;
  return std::nullopt;
}

std::optional<int64_t> collapsedDim(ArrayRef<ReassociationIndices> groups,
                                    ArrayRef<int64_t> expanded, int64_t dim) {
  for (auto [number, group] : llvm::enumerate(groups))
    if (llvm::is_contained(group, dim)) {
      std::optional<int64_t> back =
          expandedDim(groups, expanded, static_cast<int64_t>(number));
      return back == dim ? std::optional(static_cast<int64_t>(number))
                         : std::nullopt;
    }
  return std::nullopt;
}

ArrayRef<int64_t> shapeOf(Value buffer) {
  return cast<MemRefType>(buffer.getType()).getShape();
}

/// A part of a buffer with as many dimensions as all of it.
bool keepsRank(memref::SubViewOp view) { return view.getDroppedDims().none(); }

/// Whether the part holds all of dimension `dim`.
bool holdsAll(memref::SubViewOp view, int64_t dim) {
  return getConstantIntValue(view.getMixedOffsets()[dim]) == 0 &&
         getConstantIntValue(view.getMixedStrides()[dim]) == 1 &&
         view.getStaticSizes()[dim] == view.getSourceType().getDimSize(dim);
}

/// The dimension of a view's result that is dimension `dim` of its source, or
/// the other way round; nothing if there is none.
std::optional<int64_t> dimThrough(Operation *view, bool toResult, int64_t dim) {
  if (auto part = dyn_cast<memref::SubViewOp>(view))
    return holdsAll(part, dim) ? std::optional(dim) : std::nullopt;
  auto expand = dyn_cast<memref::ExpandShapeOp>(view);
  SmallVector<ReassociationIndices> groups =
      expand ? expand.getReassociationIndices()
             : cast<memref::CollapseShapeOp>(view).getReassociationIndices();
  Value expanded = expand ? view->getResult(0) : view->getOperand(0);
  bool toExpanded = toResult == (expanded == view->getResult(0));
  return toExpanded ? expandedDim(groups, shapeOf(expanded), dim)
                    : collapsedDim(groups, shapeOf(expanded), dim);
}

} // namespace

bool isKnownView(Operation *op) {
  if (auto part = dyn_cast<memref::SubViewOp>(op))
    return keepsRank(part) && part.getSizes().empty();
  return isa<memref::ExpandShapeOp, memref::CollapseShapeOp>(op);
}

std::optional<Copied> copiedBy(Operation *op) {
  if (auto copy = dyn_cast<memref::CopyOp>(op))
    return Copied{copy.getSource(), copy.getTarget()};
  if (auto fetch = dyn_cast<fg::FetchOp>(op))
    return Copied{fetch.getBatch(), fetch.getTo()};
  return std::nullopt;
}

bool SampleDims::setDim(Value buffer, int64_t dim) {
  auto type = cast<MemRefType>(buffer.getType());
  auto [found, isNew] = dims.try_emplace(buffer, dim);
  if (found->second != dim || type.getDimSize(dim) != count)
    conflict = "a buffer in which samples lie along two dimensions";
  return isNew;
}

/// Carries what is known through a view, both ways.
bool SampleDims::visitView(Operation *op) {
  bool changed = false;
  for (bool toResult : {true, false}) {
    Value from = op->getOperand(0), to = op->getResult(0);
    if (!toResult)
      std::swap(from, to);
    std::optional<int64_t> dim = dimOf(from);
    if (!dim)
      continue;
    if (std::optional<int64_t> seen = dimThrough(op, toResult, *dim))
      changed |= setDim(to, *seen);
    else
      conflict = "a view that mixes samples with something else";
  }
  return changed;
}

bool SampleDims::visitCopy(Operation *op) {
  auto [from, to] = *copiedBy(op);
  bool changed = false;
  if (std::optional<int64_t> dim = dimOf(from))
    changed |= setDim(to, *dim);
  if (std::optional<int64_t> dim = dimOf(to))
    changed |= setDim(from, *dim);
  if (std::optional<int64_t> dim = dimOf(to))
    loops[op] = *dim;
  return changed;
}

/// The loop that counts samples, by an operand of which that is known, or by
/// the noise that the op makes.
std::optional<int64_t> SampleDims::findLoop(linalg::LinalgOp op) {
  for (OpOperand &operand : op->getOpOperands())
    if (std::optional<int64_t> dim = dimOf(operand.get())) {
      AffineExpr index = op.getMatchingIndexingMap(&operand).getResult(*dim);
      if (auto loop = dyn_cast<AffineDimExpr>(index))
        return loop.getPosition();
      wholes.insert(op);
      return std::nullopt;
    }
  for (Operation &inner : *op.getBlock())
    if (auto noise = dyn_cast<fg::NoiseOp>(inner))
      if (auto index = noise.getSample().getDefiningOp<linalg::IndexOp>())
        return index.getDim();
  return std::nullopt;
}

bool SampleDims::visitLoops(linalg::LinalgOp op) {
  if (wholes.contains(op))
    return false;
  std::optional<int64_t> loop = loopOf(op) ? loopOf(op) : findLoop(op);
  if (!loop)
    return false;
  bool isWhole = op.getStaticLoopRanges()[*loop] != count;
  // What the body loads by itself it loads whole.
  op->walk([&](memref::LoadOp load) {
    isWhole |= dimOf(load.getMemRef()).has_value();
  });
  bool changed = false;
  for (OpOperand &operand : op->getOpOperands()) {
    auto type = dyn_cast<MemRefType>(operand.get().getType());
    if (!type)
      continue;
    std::optional<int64_t> counts;
    AffineMap map = op.getMatchingIndexingMap(&operand);
    for (auto [dim, index] : llvm::enumerate(map.getResults())) {
      if (!index.isFunctionOfDim(*loop))
        continue;
      if (counts || !isa<AffineDimExpr>(index))
        isWhole = true;
      counts = dim;
    }
    std::optional<int64_t> known = dimOf(operand.get());
    if (known && known != counts)
      isWhole = true;
    if (counts && !known && !isWhole)
      changed |= setDim(operand.get(), *counts);
  }
  if (isWhole) {
    loops.erase(op);
    wholes.insert(op);
    return true;
  }
  return loops.try_emplace(op, *loop).second || changed;
}

std::optional<SampleDims> SampleDims::analyze(func::FuncOp function,
                                              std::string &why) {
  SampleDims result;
  for (BlockArgument argument : function.getArguments()) {
    auto dim = function.getArgAttrOfType<IntegerAttr>(argument.getArgNumber(),
                                                      kSampleDimAttr);
    if (!dim)
      continue;
    int64_t size =
        cast<MemRefType>(argument.getType()).getDimSize(dim.getInt());
    if (result.count != 0 && result.count != size) {
      why = "two numbers of samples";
      return std::nullopt;
    }
    result.count = size;
    result.dims[argument] = dim.getInt();
  }
  if (result.count == 0) {
    why = "no buffer with samples";
    return std::nullopt;
  }

  bool changed = true;
  auto visit = [&](Operation &op) {
    if (auto loops = dyn_cast<linalg::LinalgOp>(op))
      changed |= result.visitLoops(loops);
    else if (copiedBy(&op))
      changed |= result.visitCopy(&op);
    else if (isKnownView(&op))
      changed |= result.visitView(&op);
  };
  Block &body = function.getBody().front();
  while (changed && result.conflict.empty()) {
    changed = false;
    llvm::for_each(body, visit);
    llvm::for_each(llvm::reverse(body), visit);
  }
  if (!result.conflict.empty()) {
    why = result.conflict;
    return std::nullopt;
  }
  return result;
}

} // namespace foregrad::compiler
