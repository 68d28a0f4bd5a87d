//===- KeepWide.cpp - Rounded numbers that stay f32 in the caches ---------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Half the bytes are worth it where they come from memory. What a kernel writes
// for a tile of samples the next ones find in L2, and there a product that must
// first widen its operands into scratch is slower than one that need not.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/gemm/KeepWide.h"

#include "compiler/lowering/TargetPass.h"
#include "compiler/lowering/linalg/RoundAsRead.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace foregrad::compiler;

namespace {

/// A buffer of bf16 numbers and all that sees it.
struct Buffer {
  SmallVector<Value> views; // the buffer first
  SetVector<linalg::GenericOp> generics;
  SmallVector<linalg::FillOp> fills;
};

/// Collects what sees `view`; false where something does that could not go on
/// with other numbers in it.
bool collect(Value view, Buffer &buffer) {
  buffer.views.push_back(view);
  return llvm::all_of(view.getUses(), [&](OpOperand &use) {
    Operation *user = use.getOwner();
    if (isa<memref::DeallocOp>(user))
      return true;
    if (isa<memref::ExpandShapeOp, memref::CollapseShapeOp, memref::SubViewOp>(
            user))
      return collect(user->getResult(0), buffer);
    if (auto fill = dyn_cast<linalg::FillOp>(user)) {
      buffer.fills.push_back(fill);
      return true;
    }
    auto op = dyn_cast<linalg::GenericOp>(user);
    if (!op || !op.hasPureBufferSemantics())
      return false;
    // What it adds to would be rounded at each step, and is not with f32.
    if (op.isDpsInit(&use) && !op.getMatchingBlockArgument(&use).use_empty())
      return false;
    buffer.generics.insert(op);
    return true;
  });
}

class Widener {
public:
  explicit Widener(MLIRContext *context) : builder(context) {}

  void keepWide(Buffer &buffer);

private:
  void readWide(linalg::GenericOp op, OpOperand &operand);
  void writeWide(linalg::GenericOp op, OpOperand &operand);
  /// The f32 number that stands for `narrow` where `op` read it; else null.
  Value wideNumber(linalg::GenericOp op, Value narrow);

  OpBuilder builder;
  llvm::DenseSet<Value> wide; // buffers and views that hold f32 numbers now
};

/// Reads an f32 number where `op` read the bf16 number that it stands for.
void Widener::readWide(linalg::GenericOp op, OpOperand &operand) {
  arith::TruncFOp narrow = roundAsRead(op, operand);
  Value number = narrow.getIn();
  for (Operation *user : llvm::make_early_inc_range(narrow->getUsers()))
    if (auto widen = dyn_cast<arith::ExtFOp>(user);
        widen && widen.getType() == number.getType()) {
      widen.replaceAllUsesWith(number);
      widen.erase();
    }
  if (narrow.use_empty())
    narrow.erase();
}

Value Widener::wideNumber(linalg::GenericOp op, Value narrow) {
  auto round = narrow.getDefiningOp<arith::TruncFOp>();
  auto number =
      round ? dyn_cast<BlockArgument>(round.getIn()) : BlockArgument();
  if (!number || number.getOwner() != op.getBody() ||
      !wide.contains(op->getOperand(number.getArgNumber())))
    return {};
  return number;
}

/// Writes a result of `op`, a bf16 number, as f32.
void Widener::writeWide(linalg::GenericOp op, OpOperand &operand) {
  op.getMatchingBlockArgument(&operand).setType(builder.getF32Type());
  OpOperand *written = op.getMatchingYieldValue(&operand);
  Value narrow = written->get();
  Value number = wideNumber(op, narrow);
  if (!number) {
    builder.setInsertionPoint(written->getOwner());
    number = arith::ExtFOp::create(builder, op.getLoc(), builder.getF32Type(),
                                   narrow);
  }
  written->set(number);
  Operation *round = narrow.getDefiningOp();
  if (round && isOpTriviallyDead(round))
    round->erase();
}

void Widener::keepWide(Buffer &buffer) {
  auto isView = [&](OpOperand &operand) {
    return llvm::is_contained(buffer.views, operand.get());
  };
  for (Value view : buffer.views)
    view.setType(cast<MemRefType>(view.getType()).clone(builder.getF32Type()));
  for (linalg::GenericOp op : buffer.generics) {
    for (OpOperand *operand : op.getDpsInputOperands())
      if (isView(*operand))
        readWide(op, *operand);
    for (OpOperand &operand : op.getDpsInitsMutable())
      if (isView(operand))
        writeWide(op, operand);
  }
  wide.insert_range(buffer.views);
  for (linalg::FillOp fill : buffer.fills) {
    builder.setInsertionPoint(fill);
    // What is constant stays so: others look for it.
    Value number = builder.createOrFold<arith::ExtFOp>(
        fill.getLoc(), builder.getF32Type(), fill.value());
    linalg::FillOp::create(builder, fill.getLoc(), number, fill.output());
    fill.erase();
  }
}

struct KeepWidePass : public TargetPass<KeepWidePass, func::FuncOp> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(KeepWidePass)

  KeepWidePass() = default;
  explicit KeepWidePass(const TargetDescription &target) : TargetPass(target) {}

  StringRef getArgument() const final { return "fg-keep-wide"; }
  StringRef getDescription() const final {
    return R"(Keep rounded numbers as f32 where the caches keep them.

    %r = memref.alloc() : memref<64x48xbf16>
    linalg.generic ins(%x : memref<64x48xf32>) outs(%r : memref<64x48xbf16>) {
      %b = arith.truncf %in : f32 to bf16
      linalg.yield %b
    }

  becomes

    %r = memref.alloc() : memref<64x48xf32>
    linalg.generic ins(%x : memref<64x48xf32>) outs(%r : memref<64x48xf32>) {
      %b = arith.truncf %in : f32 to bf16
      %f = arith.extf %b : bf16 to f32
      linalg.yield %f
    })";
  }

  void runOnOperation() override {
    TargetDescription target = describedTarget();
    if (target.bf16 != Bf16Products::Widened)
      return;
    SmallVector<memref::AllocOp> allocations;
    getOperation().walk([&](memref::AllocOp op) {
      MemRefType type = op.getType();
      // As much as the other half of the cache is for what goes with it.
      if (type.getElementType().isBF16() && type.hasStaticShape() &&
          type.getNumElements() * int64_t(sizeof(float)) <= target.l2Bytes / 2)
        allocations.push_back(op);
    });
    Widener widener(&getContext());
    for (memref::AllocOp op : allocations) {
      Buffer buffer;
      if (collect(op.getResult(), buffer))
        widener.keepWide(buffer);
    }
  }
};

} // namespace

std::unique_ptr<Pass>
foregrad::compiler::createKeepWidePass(const TargetDescription &target) {
  return std::make_unique<KeepWidePass>(target);
}

void foregrad::compiler::registerKeepWidePass() {
  PassRegistration<KeepWidePass>();
}
