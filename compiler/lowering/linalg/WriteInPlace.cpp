//===- WriteInPlace.cpp - Lets results be computed where they end ---------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Prepares tensors for bufferization, so that it needs neither temporaries nor
// copies for what an entry writes.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/linalg/LowerToLinalg.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Pass/Pass.h"

using namespace mlir;
using namespace foregrad;

/// Gives each use as an initial value a `tensor.empty` or `linalg.fill` of its
/// own: of one that is shared, bufferization would make a copy for each use.
static void unshareInits(func::FuncOp function) {
  OpBuilder builder(function.getContext());
  auto unshare = [&](Operation *op) {
    for (OpOperand &use :
         llvm::make_early_inc_range(llvm::drop_begin(op->getUses()))) {
      builder.setInsertionPoint(use.getOwner());
      use.set(builder.clone(*op)->getResult(0));
    }
  };
  SmallVector<Operation *> fills, empties;
  function.walk([&](linalg::FillOp op) { fills.push_back(op); });
  for (Operation *op : fills)
    unshare(op);
  function.walk([&](tensor::EmptyOp op) { empties.push_back(op); });
  for (Operation *op : empties)
    unshare(op);
}

/// A written reshape of a tensor is the tensor written through a reshaped
/// buffer.
static void
moveReshapesToBuffer(bufferization::MaterializeInDestinationOp write) {
  OpBuilder builder(write);
  while (Operation *reshape = write.getSource().getDefiningOp()) {
    Value from = nullptr, buffer;
    if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(reshape)) {
      from = collapse.getSrc();
      auto type = cast<RankedTensorType>(from.getType());
      buffer = memref::ExpandShapeOp::create(
          builder, write.getLoc(), type.getShape(), write.getDest(),
          collapse.getReassociationIndices());
    } else if (auto expand = dyn_cast<tensor::ExpandShapeOp>(reshape)) {
      from = expand.getSrc();
      buffer = memref::CollapseShapeOp::create(
          builder, write.getLoc(), write.getDest(),
          expand.getReassociationIndices());
    } else {
      return;
    }
    write.getSourceMutable().assign(from);
    write.getDestMutable().assign(buffer);
    // The buffer is made where bufferization may look for it: at the start.
    Operation *view = buffer.getDefiningOp();
    Value base = view->getOperand(0);
    if (Operation *definition = base.getDefiningOp())
      view->moveAfter(definition);
    else
      view->moveBefore(&cast<BlockArgument>(base).getOwner()->front());
  }
}

/// If the function also reads the buffer and the value is computed elementwise,
/// computes it on top of what was read (whether that is safe, bufferization
/// finds out).
static void computeOnTop(bufferization::MaterializeInDestinationOp write) {
  auto generic = write.getSource().getDefiningOp<linalg::GenericOp>();
  if (!generic || generic.getNumReductionLoops() != 0)
    return;
  unsigned number = cast<OpResult>(write.getSource()).getResultNumber();
  OpOperand *init = generic.getDpsInitOperand(number);
  if (!init->get().getDefiningOp<tensor::EmptyOp>())
    return;
  for (Operation *user : write.getDest().getUsers()) {
    auto read = dyn_cast<bufferization::ToTensorOp>(user);
    if (read && read.getWritable() &&
        read.getResult().getType() == init->get().getType()) {
      init->set(read.getResult());
      return;
    }
  }
}

namespace {
class WriteInPlacePass
    : public PassWrapper<WriteInPlacePass, OperationPass<func::FuncOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(WriteInPlacePass)

  StringRef getArgument() const final { return "fg-write-in-place"; }
  StringRef getDescription() const final {
    return R"(Lets results be computed in the buffers that they end in.

    %w = bufferization.to_tensor %weight restrict writable
    %e = tensor.empty()
    %n = linalg.generic ins(%w, %g) outs(%e) ...
    bufferization.materialize_in_destination %n in writable %weight

becomes

    %w = bufferization.to_tensor %weight restrict writable
    %n = linalg.generic ins(%w, %g) outs(%w) ...
    bufferization.materialize_in_destination %n in writable %weight

and nothing is left to copy. Initial values are unshared, and reshapes of what is written become
views of the buffer.)";
  }
  void runOnOperation() final {
    unshareInits(getOperation());
    getOperation().walk([](bufferization::MaterializeInDestinationOp write) {
      if (write.getRestrict())
        moveReshapesToBuffer(write);
      else
        computeOnTop(write);
    });
  }
};
} // namespace

std::unique_ptr<Pass> compiler::createWriteInPlacePass() {
  return std::make_unique<WriteInPlacePass>();
}
