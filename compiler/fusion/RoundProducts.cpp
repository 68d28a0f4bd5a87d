//===- RoundProducts.cpp - Matrix products of bf16 numbers ----------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// The pass --fg-round-products, of `--precision bf16`. Numbers are rounded
// where a product reads them and nowhere else: sums, norms, losses,
// perturbations and the weights that the optimizer keeps stay f32. What only
// products and masks read is kept rounded.
//
//===----------------------------------------------------------------------===//

#include "compiler/fusion/Fusion.h"
#include "compiler/rules/GradientEntry.h"
#include "dialects/fg/Fg.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace foregrad::compiler {
namespace {

/// Whether a label stands in both strings and not in the third.
bool shares(StringRef one, StringRef other, StringRef lacks) {
  return llvm::any_of(one, [&](char letter) {
    return other.contains(letter) && !lacks.contains(letter);
  });
}

/// A product of matrices: rows of its own on each side, and a sum. Others have
/// as many multiplications as numbers to read, and gain nothing.
bool isMatrixProduct(fg::ContractOp op) {
  StringRef lhs = op.getLhsLabels(), rhs = op.getRhsLabels(),
            result = op.getResultLabels();
  return op.getType().getElementType().isF32() &&
         fg::arrayType(op.getLhs()).getElementType().isF32() &&
         shares(lhs, rhs, result) && shares(lhs, result, rhs) &&
         shares(rhs, result, lhs);
}

struct RoundProductsPass
    : PassWrapper<RoundProductsPass, OperationPass<fg::EntryOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(RoundProductsPass)

  StringRef getArgument() const override { return "fg-round-products"; }
  StringRef getDescription() const override {
    return R"(Rounds the operands of matrix products to bf16.

    %q = fg.contract %x "nc", %w "cd" -> "nd" : (f32, f32) -> f32

  becomes

    %a = fg.cast %x : f32 -> bf16
    %b = fg.cast %w : f32 -> bf16
    %q = fg.contract %a "nc", %b "cd" -> "nd" : (bf16, bf16) -> f32

  A mask of numbers that only products read otherwise is taken from the rounded ones:

    %m = fg.positive %x
      becomes
    %s = fg.cast %a : bf16 -> f32
    %m = fg.positive %s

  The entry `exact`, which others are compared with, stays as it is.)";
  }

  void runOnOperation() override {
    if (getOperation().getName() == "exact")
      return;
    getOperation().walk([&](fg::ContractOp op) {
      if (!isMatrixProduct(op))
        return;
      for (OpOperand &operand : op->getOpOperands())
        operand.set(rounded(operand.get()));
    });
    // Splits and merges that only rounded products read are dead now.
    eraseDeadOps(getOperation());
    getOperation().walk([&](fg::PositiveOp mask) { readRounded(mask); });
  }

private:
  /// What `value` rounds to, computed right behind it. An array that only shows
  /// another one's numbers otherwise shows those that are rounded already: they
  /// are kept once.
  static Value rounded(Value value) {
    Operation *source = value.getDefiningOp();
    OpBuilder builder(value.getContext());
    builder.setInsertionPointAfterValue(value);
    Type bf16 = builder.getBF16Type();
    if (isa_and_nonnull<fg::SplitOp, fg::MergeOp>(source)) {
      IRMapping mapping;
      mapping.map(source->getOperand(0), rounded(source->getOperand(0)));
      Operation *copy = builder.clone(*source, mapping);
      copy->getResult(0).setType(fg::arrayType(value).cloneWith(bf16));
      return copy->getResult(0);
    }
    return fg::CastOp::create(builder, value.getLoc(),
                              fg::arrayType(value).cloneWith(bf16), value);
  }

  /// Takes a mask from the rounded numbers where nothing else needs the others:
  /// then these are all that is kept. Rounding changes no sign; what it takes
  /// for zero, products do too.
  static void readRounded(fg::PositiveOp mask) {
    Value value = mask.getInput();
    fg::CastOp rounded;
    for (Operation *user : value.getUsers()) {
      auto cast = dyn_cast<fg::CastOp>(user);
      if (cast && cast.getType().getElementType().isBF16())
        rounded = cast;
      else if (!isa<fg::PositiveOp>(user))
        return;
    }
    if (!rounded)
      return;
    OpBuilder builder(mask);
    mask.getInputMutable().assign(fg::CastOp::create(
        builder, mask.getLoc(), fg::arrayType(value), rounded));
  }
};

} // namespace

std::unique_ptr<Pass> createRoundProductsPass() {
  return std::make_unique<RoundProductsPass>();
}

} // namespace foregrad::compiler
