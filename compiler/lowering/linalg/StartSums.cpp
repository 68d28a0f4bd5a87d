//===- StartSums.cpp - Lets matrix products begin at what is added --------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// A layer adds its bias to a matrix product. The product's sums begin at the
// bias instead of 0: one rounding less where the numbers are largest, and the
// readers of the result, which are often several, have nothing to add.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/linalg/LowerToLinalg.h"
#include "compiler/lowering/linalg/SumOfProducts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Pass/Pass.h"

using namespace mlir;
using namespace foregrad;

/// A sum of products with one reader that starts from 0; null if `value` is
/// none.
static linalg::GenericOp productFromZero(Value value) {
  auto op = value.getDefiningOp<linalg::GenericOp>();
  if (!op || !value.hasOneUse() || op.getNumResults() != 1 ||
      op.getNumReductionLoops() == 0 || !compiler::isSumOfProducts(op))
    return {};
  auto fill = op.getDpsInits().front().getDefiningOp<linalg::FillOp>();
  if (!fill || !matchPattern(fill.value(), m_AnyZeroFloat()))
    return {};
  return op;
}

/// Whether `map` reads some of the dimensions of its loops, but not all.
static bool isRepeated(AffineMap map) {
  return map.getNumResults() > 0 && map.getNumResults() < map.getNumDims() &&
         map.isProjectedPermutation();
}

/// The operand numbers (product, addend) of an addition to all of a matrix
/// product of something that is repeated along some of its dimensions (a bias).
static std::optional<std::pair<unsigned, unsigned>>
matchAddition(linalg::GenericOp op) {
  if (!op.hasPureTensorSemantics() || op.getNumReductionLoops() != 0 ||
      op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 ||
      !llvm::hasNItems(*op.getBody(), 2u))
    return std::nullopt;
  auto add = dyn_cast<arith::AddFOp>(op.getBody()->front());
  Block &body = *op.getBody();
  if (!add || body.getTerminator()->getOperand(0) != add.getResult())
    return std::nullopt;
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  for (unsigned product : {0u, 1u}) {
    unsigned addend = 1 - product;
    bool addsBoth = (add.getLhs() == body.getArgument(product) &&
                     add.getRhs() == body.getArgument(addend)) ||
                    (add.getRhs() == body.getArgument(product) &&
                     add.getLhs() == body.getArgument(addend));
    if (addsBoth && maps[product].isIdentity() && maps[2].isIdentity() &&
        isRepeated(maps[addend]) && productFromZero(op.getDpsInputs()[product]))
      return std::make_pair(product, addend);
  }
  return std::nullopt;
}

namespace {
class StartSumsPass
    : public PassWrapper<StartSumsPass, OperationPass<func::FuncOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(StartSumsPass)

  StringRef getArgument() const final { return "fg-start-sums"; }
  StringRef getDescription() const final {
    return R"(Lets matrix products begin at the bias that is added to them.

    %zero = linalg.fill ...
    %q = linalg.generic ... ins(%a, %w) outs(%zero) { arith.mulf; arith.addf }
    %z = linalg.generic ... ins(%q, %bias) { arith.addf }

becomes

    %start = linalg.generic ... ins(%bias) { linalg.yield %in }
    %z = linalg.generic ... ins(%a, %w) outs(%start) { arith.mulf; arith.addf }

if the bias is repeated along some dimension of the result and nothing else reads
the product.)";
  }

  void runOnOperation() final {
    SmallVector<linalg::GenericOp> additions;
    getOperation().walk([&](linalg::GenericOp op) {
      if (matchAddition(op))
        additions.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (linalg::GenericOp add : additions)
      rewrite(rewriter, add);
  }

private:
  static void rewrite(IRRewriter &rewriter, linalg::GenericOp add) {
    auto [productAt, addendAt] = *matchAddition(add);
    Value sum = add.getDpsInputs()[productAt];
    Value addend = add.getDpsInputs()[addendAt];
    auto product = sum.getDefiningOp<linalg::GenericOp>();
    Location loc = add.getLoc();
    rewriter.setInsertionPoint(add);
    auto type = cast<RankedTensorType>(sum.getType());
    Value empty = tensor::EmptyOp::create(rewriter, loc, type.getShape(),
                                          type.getElementType());
    SmallVector<AffineMap> maps = {add.getIndexingMapsArray()[addendAt],
                                   add.getIndexingMapsArray()[2]};
    auto start = linalg::GenericOp::create(
        rewriter, loc, type, addend, empty, maps, add.getIteratorTypesArray(),
        [](OpBuilder &builder, Location inner, ValueRange arguments) {
          linalg::YieldOp::create(builder, inner, arguments[0]);
        });
    // All that the product reads is there by now: it may move down to the
    // addition, where the addend is known.
    rewriter.moveOpBefore(product, add);
    rewriter.modifyOpInPlace(product, [&] {
      product.getDpsInitsMutable()[0].set(start.getResult(0));
    });
    rewriter.replaceOp(add, product.getResults());
  }
};
} // namespace

std::unique_ptr<Pass> compiler::createStartSumsPass() {
  return std::make_unique<StartSumsPass>();
}
