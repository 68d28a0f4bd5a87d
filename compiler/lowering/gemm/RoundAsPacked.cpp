//===- RoundAsPacked.cpp - Weights rounded by who packs them --------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Of `--precision bf16`. What a kernel computes it rounds before it writes it:
// so the copy is all that there is. Weights are kept in f32, for the optimizer,
// and a copy of them is one more array to write and to read. Without it they
// may also lie in panels.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/gemm/RoundAsPacked.h"

#include "compiler/lowering/Buffers.h"
#include "compiler/lowering/gemm/Contraction.h"
#include "compiler/lowering/gemm/ProductStart.h"
#include "compiler/lowering/linalg/RoundAsRead.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Pass/Pass.h"

using namespace mlir;
using namespace foregrad::compiler;

namespace {

/// An op that writes all numbers of an argument, rounded, to a buffer that
/// nothing but products reads, as B.
struct Copy {
  linalg::GenericOp op;
  SmallVector<linalg::GenericOp> products;

  Value source() { return op.getDpsInputs().front(); }
  Value rounded() { return op.getDpsInits().front(); }
};

/// The argument's numbers, one by one, to bf16.
bool isRounding(linalg::GenericOp op) {
  if (op.getNumDpsInputs() != 1 || op.getNumDpsInits() != 1 ||
      !op.hasPureBufferSemantics() || op.getNumReductionLoops() != 0)
    return false;
  auto isIdentity = [](AffineMap map) { return map.isIdentity(); };
  Value source = op.getDpsInputs().front();
  auto kept = dyn_cast<BlockArgument>(bufferBelow(source));
  auto round = op.getBody()
                   ->getTerminator()
                   ->getOperand(0)
                   .getDefiningOp<arith::TruncFOp>();
  return kept && isa<func::FuncOp>(kept.getOwner()->getParentOp()) &&
         llvm::all_of(op.getIndexingMapsArray(), isIdentity) &&
         op.getDpsInits().front().getDefiningOp<memref::AllocOp>() && round &&
         round.getIn() == op.getBody()->getArgument(0) &&
         round.getType().isBF16();
}

/// Notes all products that read the copy; false if anything else uses it.
bool collectProducts(Copy &copy) {
  return allUsesOf(copy.rounded(), [&](OpOperand &use) {
    Operation *user = use.getOwner();
    if (user == copy.op || isa<memref::DeallocOp>(user))
      return true;
    auto op = dyn_cast<linalg::GenericOp>(user);
    std::string why;
    std::optional<Contraction> product =
        op ? analyzeContraction(op, why) : std::nullopt;
    if (!product || product->b.memref != use.get() ||
        product->a.memref == use.get())
      return false;
    copy.products.push_back(op);
    return true;
  });
}

/// Whether the argument holds what was copied when each product reads it.
bool staysTheSame(Copy &copy) {
  Block *block = copy.op->getBlock();
  Operation *last = copy.op;
  for (linalg::GenericOp product : copy.products) {
    Operation *around = block->findAncestorOpInBlock(*product);
    if (!around || !copy.op->isBeforeInBlock(around))
      return false;
    if (last->isBeforeInBlock(around))
      last = around;
  }
  Value kept = bufferBelow(copy.source());
  for (Operation *op = copy.op->getNextNode(); op != last->getNextNode();
       op = op->getNextNode())
    if (mayWrite(op, kept))
      return false;
  return true;
}

/// The view `rounded` of the copy, of the argument.
Value viewOfSource(OpBuilder &builder, Value rounded, Copy &copy) {
  if (rounded == copy.rounded())
    return copy.source();
  Operation *view = rounded.getDefiningOp();
  IRMapping mapping;
  mapping.map(view->getOperand(0),
              viewOfSource(builder, view->getOperand(0), copy));
  Operation *clone = builder.clone(*view, mapping);
  clone->getResult(0).setType(
      cast<MemRefType>(rounded.getType())
          .clone(getElementTypeOrSelf(copy.source().getType())));
  return clone->getResult(0);
}

void readSource(OpBuilder &builder, linalg::GenericOp product, Copy &copy) {
  for (OpOperand *operand : product.getDpsInputOperands()) {
    if (bufferBelow(operand->get()) != copy.rounded())
      continue;
    builder.setInsertionPoint(product);
    operand->set(viewOfSource(builder, operand->get(), copy));
    roundAsRead(product, *operand);
  }
}

/// Erases `buffer` and its views, which nothing reads any more.
void eraseUnread(Value buffer) {
  for (Operation *user : llvm::make_early_inc_range(buffer.getUsers())) {
    if (user->getNumResults() == 1)
      eraseUnread(user->getResult(0));
    else
      user->erase();
  }
  buffer.getDefiningOp()->erase();
}

struct RoundAsPackedPass
    : PassWrapper<RoundAsPackedPass, OperationPass<func::FuncOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(RoundAsPackedPass)

  StringRef getArgument() const final { return "fg-round-as-packed"; }
  StringRef getDescription() const final {
    return R"(Let products round weights as they pack them.

    linalg.generic ins(%w : memref<64x48xf32>) outs(%r : memref<64x48xbf16>) {
      arith.truncf ..
    }
    linalg.generic ins(%x, %r : memref<8x64xbf16>, memref<64x48xbf16>) .. {
      %a = arith.extf %x : bf16 to f32
      %b = arith.extf %r : bf16 to f32
      ..
    }

  becomes

    linalg.generic ins(%x, %w : memref<8x64xbf16>, memref<64x48xf32>) .. {
      %r = arith.truncf %w : f32 to bf16
      ..
    })";
  }

  void runOnOperation() override {
    OpBuilder builder(&getContext());
    SmallVector<linalg::GenericOp> roundings;
    getOperation().walk([&](linalg::GenericOp op) {
      if (isRounding(op))
        roundings.push_back(op);
    });
    for (linalg::GenericOp op : roundings) {
      Copy copy{op, {}};
      Value rounded = copy.rounded();
      if (!collectProducts(copy) || !staysTheSame(copy))
        continue;
      for (linalg::GenericOp product : copy.products)
        readSource(builder, product, copy);
      eraseUnread(rounded);
    }
  }
};

} // namespace

std::unique_ptr<Pass> foregrad::compiler::createRoundAsPackedPass() {
  return std::make_unique<RoundAsPackedPass>();
}

void foregrad::compiler::registerRoundAsPackedPass() {
  PassRegistration<RoundAsPackedPass>();
}
