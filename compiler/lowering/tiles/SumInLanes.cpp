//===- SumInLanes.cpp - Sums in parts that do not meet --------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// The pass --fg-sum-in-lanes. In a loop over tiles of samples every kernel cuts
// its samples into tasks in the same order, so that a core meets the samples
// again that it has in its caches. Not so the sums over samples (gradients of
// weights): their tasks are parts of the sum, and each of them reads all
// samples of the tile, half of them from another core, perhaps on another
// socket.
//
// So sums get lanes: lane i sums the i-th part of each tile's samples into a
// buffer of its own, and after the loop the lanes are added up, where the sum
// is needed: as a rule in the kernel that updates the weights. How many lanes
// there are does not depend on the number of threads, nor does any sum. Small
// sums get them too: one that needs all samples of a tile would make all cores
// wait for each other in the middle of it (--fg-chain-kernels).
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/tiles/SumInLanes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "mlir/Pass/Pass.h"
#include "llvm/ADT/MapVector.h"

#include <optional>

using namespace mlir;

namespace foregrad::compiler {

namespace {

/// Lanes are not worth their buffers for fewer iterations.
constexpr int64_t kLeastIterations = 4;

/// An op of the loop that adds to a buffer from outside of it.
struct Sum {
  linalg::GenericOp op;
  SmallVector<Operation *> views; // from the buffer to the op's output
  unsigned samples = 0;           // the loop dimension that is cut
};

/// The buffer below expanded and collapsed shapes.
Value bufferOf(Value value, SmallVectorImpl<Operation *> *views = nullptr) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<memref::ExpandShapeOp, memref::CollapseShapeOp>(op))
      break;
    if (views)
      views->insert(views->begin(), op);
    value = op->getOperand(0);
  }
  return value;
}

/// Whether nothing reaches the memory of `buffer` but by it and views of it.
bool isWhole(Value buffer) {
  return isa<BlockArgument>(buffer) ||
         buffer.getDefiningOp<memref::AllocOp>() ||
         buffer.getDefiningOp<memref::AllocaOp>();
}

/// Whether the body is `out + ...`, and no sample's number matters in it.
bool addsToOutput(linalg::GenericOp op) {
  Block *body = op.getBody();
  BlockArgument out = body->getArguments().back();
  auto add =
      body->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  return add && out.hasOneUse() && *out.getUsers().begin() == add &&
         body->getOps<linalg::IndexOp>().empty();
}

/// The outermost loop that is summed over and that all inputs can be cut along:
/// in each it is a dimension of its own, or none.
std::optional<unsigned> dimToCut(linalg::GenericOp op) {
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  auto isFirstOf = [&](AffineMap map, unsigned dim) {
    return map.getNumResults() > 0 &&
           map.getResult(0) == getAffineDimExpr(dim, op.getContext());
  };
  auto alone = [&](AffineMap map, unsigned dim) {
    return llvm::none_of(
        map.getResults().drop_front(isFirstOf(map, dim) ? 1 : 0),
        [&](AffineExpr expr) { return expr.isFunctionOfDim(dim); });
  };
  for (auto [dim, kind] : llvm::enumerate(op.getIteratorTypesArray())) {
    auto number = static_cast<unsigned>(dim);
    if (kind != utils::IteratorType::reduction || extents[dim] % kSumLanes != 0)
      continue;
    bool inputs = llvm::all_of(ArrayRef(maps).drop_back(), [&](AffineMap map) {
      return alone(map, number);
    });
    if (inputs && isFirstOf(maps.front(), number))
      return number;
  }
  return std::nullopt;
}

std::optional<Sum> describe(linalg::GenericOp op) {
  if (op.getNumDpsInits() != 1 || op.getNumDpsInputs() == 0 ||
      !op.hasPureBufferSemantics() || !addsToOutput(op))
    return std::nullopt;
  if (llvm::any_of(op.getStaticLoopRanges(), ShapedType::isDynamic))
    return std::nullopt;
  std::optional<unsigned> dim = dimToCut(op);
  if (!dim)
    return std::nullopt;
  Sum sum{op, {}, *dim};
  bufferOf(op.getDpsInits().front(), &sum.views);
  return sum;
}

class LoopRewriter {
public:
  LoopRewriter(scf::ForOp loop) : loop(loop), rewriter(loop) {}

  void run() {
    for (auto &[buffer, sums] : collect()) {
      Value lanes = emitLanes(buffer);
      for (Sum &sum : sums)
        rewrite(sum, lanes);
      emitTotal(buffer, lanes);
    }
  }

private:
  /// The sums of each buffer that the loop does nothing else with.
  llvm::MapVector<Value, SmallVector<Sum>> collect() {
    llvm::MapVector<Value, SmallVector<Sum>> found;
    for (auto op : loop.getBody()->getOps<linalg::GenericOp>())
      if (std::optional<Sum> sum = describe(op)) {
        Value buffer = bufferOf(op.getDpsInits().front());
        if (!loop->isAncestor(buffer.getParentBlock()->getParentOp()) &&
            isWhole(buffer) &&
            cast<MemRefType>(buffer.getType()).getLayout().isIdentity())
          found[buffer].push_back(*sum);
      }
    found.remove_if([&](auto &entry) {
      size_t inLoop = llvm::count_if(usersOf(entry.first), [&](Operation *op) {
        return loop->isAncestor(op);
      });
      return inLoop != entry.second.size();
    });
    return found;
  }

  /// What uses `buffer`, or a view of it.
  SmallVector<Operation *> usersOf(Value buffer) {
    SmallVector<Operation *> users;
    for (Operation *user : buffer.getUsers()) {
      if (!isa<ViewLikeOpInterface>(user))
        users.push_back(user);
      else
        for (Value view : user->getResults())
          llvm::append_range(users, usersOf(view));
    }
    return users;
  }

  MemRefType withLanes(MemRefType type) {
    SmallVector<int64_t> shape = {kSumLanes};
    llvm::append_range(shape, type.getShape());
    return MemRefType::get(shape, type.getElementType());
  }

  /// A buffer of lanes, each 0, before the loop.
  Value emitLanes(Value buffer) {
    rewriter.setInsertionPoint(loop);
    Location loc = buffer.getLoc();
    MemRefType type = withLanes(cast<MemRefType>(buffer.getType()));
    Value lanes = memref::AllocOp::create(rewriter, loc, type,
                                          rewriter.getI64IntegerAttr(64));
    Value zero = arith::ConstantOp::create(
        rewriter, loc, rewriter.getZeroAttr(type.getElementType()));
    linalg::FillOp::create(rewriter, loc, zero, lanes);
    return lanes;
  }

  /// The view of `lanes` that `sum`'s output is of its buffer.
  Value viewOfLanes(const Sum &sum, Value lanes) {
    for (Operation *view : sum.views) {
      auto expand = dyn_cast<memref::ExpandShapeOp>(view);
      SmallVector<ReassociationIndices> groups = {{0}};
      for (ReassociationIndices group :
           expand ? expand.getReassociationIndices()
                  : cast<memref::CollapseShapeOp>(view)
                        .getReassociationIndices()) {
        for (int64_t &dim : group)
          ++dim;
        groups.push_back(std::move(group));
      }
      auto type = cast<MemRefType>(view->getResult(0).getType());
      if (expand)
        lanes = memref::ExpandShapeOp::create(rewriter, view->getLoc(),
                                              withLanes(type).getShape(), lanes,
                                              groups);
      else
        lanes = memref::CollapseShapeOp::create(rewriter, view->getLoc(), lanes,
                                                groups);
    }
    return lanes;
  }

  /// Cuts the samples into lanes: a parallel loop around all others.
  void rewrite(Sum &sum, Value lanes) {
    linalg::GenericOp op = sum.op;
    rewriter.setInsertionPoint(op);
    MLIRContext *context = op.getContext();
    unsigned dims = op.getNumLoops();
    auto isSamples = [&](AffineMap map) {
      return map.getNumResults() > 0 &&
             map.getResult(0) == getAffineDimExpr(sum.samples, context);
    };
    SmallVector<Value> inputs;
    SmallVector<AffineMap> maps;
    auto addMap = [&](AffineMap map, bool inLanes) {
      AffineMap shifted = map.shiftDims(1);
      SmallVector<AffineExpr> results(shifted.getResults());
      if (inLanes)
        results.insert(results.begin(), getAffineDimExpr(0, context));
      maps.push_back(AffineMap::get(dims + 1, 0, results, context));
    };
    for (OpOperand *input : op.getDpsInputOperands()) {
      AffineMap map = op.getMatchingIndexingMap(input);
      bool inLanes = isSamples(map);
      addMap(map, inLanes);
      inputs.push_back(inLanes ? cutFirst(input->get()) : input->get());
    }
    addMap(op.getIndexingMapsArray().back(), /*inLanes=*/true);
    SmallVector<utils::IteratorType> kinds = {utils::IteratorType::parallel};
    llvm::append_range(kinds, op.getIteratorTypesArray());
    auto inLanes = linalg::GenericOp::create(
        rewriter, op.getLoc(), inputs, viewOfLanes(sum, lanes), maps, kinds);
    rewriter.inlineRegionBefore(op.getRegion(), inLanes.getRegion(),
                                inLanes.getRegion().begin());
    rewriter.eraseOp(op);
  }

  /// `value` with its first dimension cut into lanes and what each has.
  Value cutFirst(Value value) {
    auto type = cast<MemRefType>(value.getType());
    SmallVector<int64_t> shape = {kSumLanes, type.getDimSize(0) / kSumLanes};
    llvm::append_range(shape, type.getShape().drop_front());
    SmallVector<ReassociationIndices> groups = {{0, 1}};
    for (int64_t dim = 1; dim < type.getRank(); ++dim)
      groups.push_back({dim + 1});
    return memref::ExpandShapeOp::create(rewriter, value.getLoc(), shape, value,
                                         groups);
  }

  /// Adds the lanes to the buffer where that is first needed after the loop:
  /// next to what reads it, so that the sum need not wait in memory. It has no
  /// loop of its own over the lanes, and is like any op of single elements. A
  /// fill that the loop no longer needs goes there too, or into the sum.
  void emitTotal(Value buffer, Value lanes) {
    SmallVector<Operation *> before;
    Operation *first = nullptr;
    for (Operation *user : usersOf(buffer)) {
      Operation *inBlock = loop->getBlock()->findAncestorOpInBlock(*user);
      if (!inBlock || inBlock == loop)
        continue;
      if (inBlock->isBeforeInBlock(loop))
        before.push_back(inBlock);
      else if (!first || inBlock->isBeforeInBlock(first))
        first = inBlock;
    }
    if (!first)
      first = loop->getNextNode();
    rewriter.setInsertionPoint(first);
    bool startsAtZero = false;
    if (before.size() == 1)
      if (auto fill = dyn_cast<linalg::FillOp>(before.front());
          fill && bufferOf(fill.getOutputs().front()) == buffer) {
        startsAtZero = matchPattern(fill.getInputs().front(), m_AnyZeroFloat());
        if (startsAtZero)
          rewriter.eraseOp(fill);
        else
          rewriter.moveOpBefore(fill, first);
      }
    auto type = cast<MemRefType>(buffer.getType());
    auto dims = static_cast<unsigned>(type.getRank());
    MLIRContext *context = loop.getContext();
    AffineMap identity = rewriter.getMultiDimIdentityMap(dims);
    SmallVector<AffineMap> maps;
    for (int64_t lane = 0; lane < kSumLanes; ++lane)
      maps.push_back(
          identity.insertResult(getAffineConstantExpr(lane, context), 0));
    maps.push_back(identity);
    SmallVector<Value> inputs(kSumLanes, lanes);
    SmallVector<utils::IteratorType> kinds(dims, utils::IteratorType::parallel);
    linalg::GenericOp::create(
        rewriter, buffer.getLoc(), inputs, buffer, maps, kinds,
        [&](OpBuilder &builder, Location loc, ValueRange arguments) {
          ValueRange ofLanes = arguments.drop_back();
          Value sum = startsAtZero ? ofLanes.front() : arguments.back();
          for (Value lane : ofLanes.drop_front(startsAtZero ? 1 : 0))
            sum = arith::AddFOp::create(builder, loc, sum, lane);
          linalg::YieldOp::create(builder, loc, sum);
        });
  }

  scf::ForOp loop;
  IRRewriter rewriter;
};

struct SumInLanesPass
    : public PassWrapper<SumInLanesPass, OperationPass<func::FuncOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(SumInLanesPass)

  StringRef getArgument() const final { return "fg-sum-in-lanes"; }
  StringRef getDescription() const final {
    return R"(Let parts of the samples of a tile have sums of their own.

    scf.for .. {
      linalg.generic ins(%x, %y : memref<4x64x8xf32>, memref<4x64x16xf32>)
        outs(%sum : memref<8x16xf32>) { mulf, addf }
    }

  becomes

    linalg.fill ins(%zero) outs(%lanes : memref<2x8x16xf32>)
    scf.for .. {
      linalg.generic ins(%x, %y : memref<2x2x64x8xf32>, memref<2x2x64x16xf32>)
        outs(%lanes : memref<2x8x16xf32>) { mulf, addf }
    }
    linalg.generic ins(%lanes[0], %lanes[1])
      outs(%sum : memref<8x16xf32>) { addf }

  The last op stands before the first that reads the sum.)";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, linalg::LinalgDialect,
                    memref::MemRefDialect>();
  }

  void runOnOperation() override {
    SmallVector<scf::ForOp> loops;
    for (Block &block : getOperation().getBody())
      llvm::append_range(loops, block.getOps<scf::ForOp>());
    for (scf::ForOp loop : loops) {
      std::optional<APInt> iterations = loop.getStaticTripCount();
      if (iterations && iterations->sge(kLeastIterations))
        LoopRewriter(loop).run();
    }
  }
};

} // namespace

std::unique_ptr<Pass> createSumInLanesPass() {
  return std::make_unique<SumInLanesPass>();
}

void registerSumInLanesPass() { PassRegistration<SumInLanesPass>(); }

} // namespace foregrad::compiler
