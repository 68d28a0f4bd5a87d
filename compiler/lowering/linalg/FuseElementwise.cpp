//===- FuseElementwise.cpp - Fuses loop nests into their consumers --------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Decides which loop nests on tensors are computed where they are used. A loop
// nest that is used more than once is computed again in each consumer, or not
// fused at all.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/linalg/LowerToLinalg.h"
#include "compiler/lowering/linalg/SumOfProducts.h"
#include "dialects/fg/Fg.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using namespace foregrad;

/// Loop nests of up to so many scalar ops may be computed more than once.
static constexpr unsigned kCheapOps = 2;

/// Operands that a fused loop nest may read: more of them stream badly.
static constexpr unsigned kMostOperands = 12;

/// A perturbation: noise made from single numbers, and nothing else.
static bool isPerturbation(linalg::GenericOp op) {
  return llvm::any_of(
             *op.getBody(),
             [](Operation &inner) { return isa<fg::NoiseOp>(inner); }) &&
         llvm::all_of(op.getDpsInputs(), [](Value input) {
           auto type = dyn_cast<RankedTensorType>(input.getType());
           return !type || type.getRank() == 0;
         });
}

static int64_t loopCount(linalg::GenericOp op) {
  int64_t count = 1;
  for (int64_t size : op.getStaticLoopRanges())
    count *= size;
  return count;
}

/// A matrix product: other kernels compute it, and only in its plain form.
static bool isContraction(linalg::GenericOp op) {
  return op.getNumReductionLoops() != 0 && compiler::isSumOfProducts(op) &&
         succeeded(linalg::inferContractionDims(
             cast<linalg::LinalgOp>(op.getOperation())));
}

/// A product without a matrix: no loop belongs to one of the inputs alone, as
/// in a depthwise convolution. No kernel of matrix products wants it.
static bool isElementwiseProduct(linalg::GenericOp op) {
  FailureOr<linalg::ContractionDimensions> dims =
      linalg::inferContractionDims(cast<linalg::LinalgOp>(op.getOperation()));
  return succeeded(dims) && (dims->m.empty() || dims->n.empty());
}

/// Only shows elements of its operand, most of them more than once, at sums of
/// loop indices: sliding windows. Read in place they take no memory, and are
/// as near as in a copy.
static bool showsWindows(linalg::GenericOp op) {
  if (op.getNumDpsInputs() != 1 || !llvm::hasSingleElement(*op.getBody()) ||
      op.getNumReductionLoops() != 0 ||
      op.getMatchingIndexingMap(op.getDpsInputOperand(0))
          .isProjectedPermutation())
    return false;
  auto type = dyn_cast<RankedTensorType>(op.getDpsInputs().front().getType());
  return type && op.getBody()->getTerminator()->getOperand(0) ==
                     op.getBody()->getArgument(0);
}

/// Number of scalar ops, or nothing if one of them is dear.
static std::optional<unsigned> cheapOps(linalg::GenericOp op) {
  unsigned count = 0;
  for (Operation &inner : op.getBody()->without_terminator()) {
    if (isa<arith::DivFOp, arith::RemFOp, fg::NoiseOp>(inner) ||
        isa<math::MathDialect>(inner.getDialect()))
      return std::nullopt;
    if (!isa<arith::ConstantOp, linalg::IndexOp>(inner))
      ++count;
  }
  return count;
}

/// Reads each operand in the order in which it writes its result.
static bool keepsOrder(linalg::GenericOp op) {
  return llvm::all_of(op.getIndexingMapsArray(), [](AffineMap map) {
    int64_t last = -1;
    for (AffineExpr result : map.getResults()) {
      auto dim = dyn_cast<AffineDimExpr>(result);
      if (!dim || static_cast<int64_t>(dim.getPosition()) < last)
        return false;
      last = dim.getPosition();
    }
    return true;
  });
}

/// How many operands are as large as the result.
static unsigned largeOperands(linalg::GenericOp op) {
  return llvm::count_if(op.getDpsInputs(), [&](Value input) {
    auto type = dyn_cast<RankedTensorType>(input.getType());
    return type && type.getNumElements() >= loopCount(op);
  });
}

/// The consumer can take this producer in, as far as the consumer goes.
static bool mayTake(OpOperand &use) {
  auto consumer = dyn_cast<linalg::GenericOp>(use.getOwner());
  if (!consumer || !consumer.isDpsInput(&use) ||
      !linalg::areElementwiseOpsFusable(&use))
    return false;
  auto producer = use.get().getDefiningOp<linalg::GenericOp>();
  // Of loop indices that windows add up there would be no vectors.
  if (showsWindows(consumer) && producer.hasIndexSemantics())
    return false;
  return !isContraction(consumer) ||
         (showsWindows(producer) && isElementwiseProduct(consumer));
}

static bool hasRoom(OpOperand &use) {
  return cast<linalg::GenericOp>(use.getOwner()).getNumDpsInputs() <
         kMostOperands;
}

static bool shouldFuse(OpOperand &use) {
  auto producer = use.get().getDefiningOp<linalg::GenericOp>();
  if (!producer || !mayTake(use))
    return false;
  auto consumer = cast<linalg::GenericOp>(use.getOwner());
  bool once = producer->hasOneUse();
  bool repeats = loopCount(consumer) > loopCount(producer);
  // A perturbation is dear: what several need is made once, for a tile of
  // samples, and lies in the cache until its last use.
  if (isPerturbation(producer))
    return llvm::all_equal(producer->getUsers()) && !repeats;
  if (!hasRoom(use))
    return false;
  if (showsWindows(producer))
    return true;
  std::optional<unsigned> ops = cheapOps(producer);
  bool cheap = ops && *ops <= kCheapOps;
  if (producer.getNumDpsInputs() == 0)
    return cheap;
  if (once && !repeats)
    return keepsOrder(producer) || consumer.getNumReductionLoops() == 0;
  // Computed more than once: it must be cheap, read no more than it writes, and
  // vanish.
  return cheap && keepsOrder(producer) && largeOperands(producer) <= 1 &&
         llvm::all_of(producer->getUses(), [](OpOperand &other) {
           return mayTake(other) && hasRoom(other);
         });
}

/// Fuses one producer into `consumer` and returns the new loop nest, or null.
static linalg::GenericOp fuseOne(RewriterBase &rewriter,
                                 linalg::GenericOp consumer) {
  for (OpOperand *use : consumer.getDpsInputOperands()) {
    if (!shouldFuse(*use))
      continue;
    Operation *producer = use->get().getDefiningOp();
    Operation *own = producer;
    if (!producer->hasOneUse()) {
      // A producer of its own, so that the result is not kept as well.
      unsigned result = cast<OpResult>(use->get()).getResultNumber();
      rewriter.setInsertionPoint(consumer);
      own = rewriter.clone(*producer);
      rewriter.modifyOpInPlace(consumer,
                               [&] { use->set(own->getResult(result)); });
    }
    rewriter.setInsertionPoint(consumer);
    FailureOr<linalg::ElementwiseOpFusionResult> fused =
        linalg::fuseElementwiseOps(rewriter, use);
    if (failed(fused)) {
      if (own != producer) {
        rewriter.modifyOpInPlace(consumer, [&] {
          use->set(producer->getResult(
              cast<OpResult>(use->get()).getResultNumber()));
        });
        rewriter.eraseOp(own);
      }
      continue;
    }
    for (OpResult result : consumer->getResults())
      rewriter.replaceAllUsesWith(result, fused->replacements.lookup(result));
    rewriter.eraseOp(consumer);
    if (own->use_empty())
      rewriter.eraseOp(own);
    if (own != producer && producer->use_empty())
      rewriter.eraseOp(producer);
    return cast<linalg::GenericOp>(fused->fusedOp);
  }
  return {};
}

namespace {
class FuseElementwisePass
    : public PassWrapper<FuseElementwisePass, OperationPass<func::FuncOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(FuseElementwisePass)

  StringRef getArgument() const final { return "fg-fuse-elementwise"; }
  StringRef getDescription() const final {
    return R"(Fuses loop nests on tensors into their consumers.

    %u = linalg.generic ... { fg.noise ... }
    %y = linalg.generic ... ins(%x, %u) { arith.addf }

becomes

    %y = linalg.generic ... ins(%x) { fg.noise; arith.addf }

A producer with one use is fused unless it would be computed for each element of a larger loop
nest; one with more uses if it is cheap, reads one large operand at most and vanishes
altogether. Sliding windows are read in place, except by matrix products. A perturbation with several
uses is made once: it costs more than it takes to keep it for a tile of samples. Matrix products
take nothing in.)";
  }
  void runOnOperation() final {
    IRRewriter rewriter(&getContext());
    // Producers first: what a consumer takes in has taken in its own producers.
    SmallVector<linalg::GenericOp> order;
    getOperation().walk([&](linalg::GenericOp op) {
      if (op.hasPureTensorSemantics())
        order.push_back(op);
    });
    llvm::SmallDenseSet<Operation *> erased;
    TrackErased listener(erased);
    rewriter.setListener(&listener);
    for (linalg::GenericOp op : order)
      if (!erased.contains(op))
        while (op)
          op = fuseOne(rewriter, op);
    // What came in more than once enters once.
    RewritePatternSet patterns(&getContext());
    linalg::populateEraseUnusedOperandsAndResultsPatterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }

private:
  struct TrackErased : public RewriterBase::Listener {
    explicit TrackErased(llvm::SmallDenseSet<Operation *> &ops) : ops(ops) {}
    void notifyOperationErased(Operation *op) override { ops.insert(op); }
    llvm::SmallDenseSet<Operation *> &ops;
  };
};
} // namespace

std::unique_ptr<Pass> compiler::createFuseElementwisePass() {
  return std::make_unique<FuseElementwisePass>();
}
