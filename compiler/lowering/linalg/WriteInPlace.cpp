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
#include "compiler/lowering/linalg/SumOfProducts.h"
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

static bool isReshape(Operation *op) {
  return isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(op);
}

/// Calls `visit` for each use of `value` or of a reshape of it by another op.
static void forUses(Value value, llvm::function_ref<void(OpOperand &)> visit) {
  for (OpOperand &use : value.getUses()) {
    if (isReshape(use.getOwner()))
      forUses(use.getOwner()->getResult(0), visit);
    else
      visit(use);
  }
}

static bool isProduct(Operation *op) {
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (!generic || !compiler::isSumOfProducts(generic))
    return false;
  SmallVector<AffineMap> maps = generic.getIndexingMapsArray();
  return maps[0] != maps[1]; // else rows times themselves
}

/// Whether the value that `op` computes has to lie in memory: a product reads
/// it, or what comes behind the next one. Others may be kept in registers.
static bool outlivesKernel(Value value, Operation *op) {
  Operation *product = op->getNextNode();
  while (product && !isProduct(product))
    product = product->getNextNode();
  bool outlives = false;
  forUses(value, [&](OpOperand &use) {
    Operation *user = use.getOwner();
    outlives |=
        isProduct(user) || (product && user->getBlock() == op->getBlock() &&
                            product->isBeforeInBlock(user));
  });
  return outlives;
}

/// Whether `value` was computed into memory that nobody reads any more once
/// `op` has.
static bool diesIn(Value value, Operation *op) {
  while (Operation *reshape = value.getDefiningOp()) {
    if (!isReshape(reshape))
      break;
    value = reshape->getOperand(0);
  }
  if (!value.getDefiningOp<linalg::LinalgOp>())
    return false;
  bool dies = true;
  forUses(value, [&](OpOperand &use) {
    Operation *user = use.getOwner();
    dies &= user == op ||
            (user->getBlock() == op->getBlock() && user->isBeforeInBlock(op));
  });
  return dies;
}

/// What lies in memory, and is computed elementwise from what lay there, needs
/// no memory of its own on top of an operand that nobody reads later, and is
/// written where the cache has lines for it.
static void computeOnTopOfInputs(linalg::GenericOp generic) {
  if (generic.getNumReductionLoops() != 0)
    return;
  for (OpOperand &init : generic.getDpsInitsMutable()) {
    if (!init.get().getDefiningOp<tensor::EmptyOp>() ||
        !generic.getMatchingIndexingMap(&init).isIdentity() ||
        !outlivesKernel(generic.getTiedOpResult(&init), generic))
      continue;
    for (OpOperand *input : generic.getDpsInputOperands())
      if (input->get().getType() == init.get().getType() &&
          generic.getMatchingIndexingMap(input).isIdentity() &&
          !llvm::is_contained(generic.getDpsInits(), input->get()) &&
          diesIn(input->get(), generic)) {
        init.set(input->get());
        break;
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

and nothing is left to copy. So is what products read, or ops behind one, on top of an operand
that nobody reads later. Initial values are unshared, and reshapes of what is written become
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
    getOperation().walk(computeOnTopOfInputs);
  }
};
} // namespace

std::unique_ptr<Pass> compiler::createWriteInPlacePass() {
  return std::make_unique<WriteInPlacePass>();
}
