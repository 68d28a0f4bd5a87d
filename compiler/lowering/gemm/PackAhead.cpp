//===- PackAhead.cpp - Panels made before a loop --------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/gemm/PackAhead.h"

#include "compiler/lowering/Buffers.h"
#include "compiler/lowering/abi/OutlineKernels.h"
#include "compiler/lowering/gemm/PackEmitter.h"
#include "compiler/lowering/gemm/ProductStart.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace foregrad::compiler;

static Operation *outermostLoop(Operation *op) {
  Operation *outermost = nullptr;
  for (auto loop = op->getParentOfType<scf::ForOp>(); loop;
       loop = loop->getParentOfType<scf::ForOp>())
    outermost = loop;
  return outermost;
}

/// The ops inside of `loop` that `value` comes from, last first; false if one
/// of them is more than a view.
static bool viewsInside(Operation *loop, Value value,
                        SmallVectorImpl<Operation *> &views) {
  while (Operation *def = value.getDefiningOp()) {
    if (!loop->isProperAncestor(def))
      return true;
    auto view = dyn_cast<ViewLikeOpInterface>(def);
    if (!view || def->getNumOperands() != 1)
      return false;
    views.push_back(def);
    value = view.getViewSource();
  }
  return !loop->isProperAncestor(
      cast<BlockArgument>(value).getOwner()->getParentOp());
}

/// Whether B is the same in all iterations of the loops around `op`.
static bool isInvariant(linalg::GenericOp op, const Contraction &product) {
  Operation *loop = outermostLoop(op);
  SmallVector<Operation *> views;
  if (!loop || !product.outerK.empty() ||
      llvm::any_of(product.batch,
                   [](const ContractionDim &dim) { return dim.b != 0; }) ||
      !viewsInside(loop, product.b.memref, views))
    return false;
  return !mayWrite(loop, bufferBelow(product.b.memref));
}

/// How often the loops around `op` run it; at least so often, where that is not
/// known.
static double runsOf(Operation *op) {
  double runs = 1;
  for (auto loop = op->getParentOfType<scf::ForOp>(); loop;
       loop = loop->getParentOfType<scf::ForOp>())
    if (std::optional<APInt> count = loop.getStaticTripCount())
      runs *= std::max(1.0, double(count->getLimitedValue()));
  return runs;
}

LifeOfB foregrad::compiler::lifeOfB(linalg::GenericOp op,
                                    const Contraction &product) {
  LifeOfB life;
  life.isInvariant = isInvariant(op, product);
  Value buffer = bufferBelow(product.b.memref);
  auto entry = op->getParentOfType<func::FuncOp>();
  if (entry && isa<BlockArgument>(buffer) && mayWrite(entry, buffer))
    life.updates = 1 / runsOf(op);
  return life;
}

/// A task for each panel, which is one group's tile of columns.
Value PackAhead::emitPanels(Operation *loop, Location loc,
                            const Contraction &product,
                            const Blocking &blocking,
                            const std::optional<Panels> &transposed) {
  KernelBuilder b(loc, rewriter.getContext());
  b.setInsertionPoint(loop);
  int64_t groups = product.group ? product.group->size : 1;
  int64_t tiles = blocking.columns.count;
  int64_t depth = product.k.size;
  int64_t groupElements = blocking.columns.total() * depth;
  int64_t elements = groups * groupElements;
  Value panels = memref::AllocOp::create(
      b, MemRefType::get({elements}, panelType(product)),
      b.getI64IntegerAttr(64));
  PackRequest request;
  request.source = emitFlat(b, loc, product.b);
  SmallVector<OpFoldResult> bounds = {b.getIndexAttr(groups * tiles)};
  auto forall = scf::ForallOp::create(b, bounds, ValueRange{}, std::nullopt);
  forall->setAttr(
      whatAttr,
      b.getStringAttr(
          llvm::formatv("panels of {0} x {1}{2}", product.k.size,
                        product.n.size,
                        groups == 1 ? std::string()
                                    : ", " + std::to_string(groups) + " times")
              .str()));
  forall->setAttr(bytesAttr,
                  b.getI64IntegerAttr(2 * elements * product.elementBytes()));
  b.setInsertionPointToStart(forall.getBody());
  Value task = forall.getInductionVar(0);
  request.type = panelType(product);
  request.sourceType = product.typeB;
  request.roundedType = product.roundedTypeB;
  request.isPaired = product.isPaired;
  request.stridePair = product.pairB;
  request.lanes = blocking.lanes;
  request.kind = blocking.packB;
  request.base = b.index(0);
  request.strideK = product.k.b;
  request.strideI = product.n.b;
  request.sourceDepth = product.panelDepthB;
  request.firstSourceStep = b.index(0);
  request.size = product.n.size;
  request.panels = panels;
  request.tiling = &blocking.columns;
  request.firstTile = b.rem(task, tiles);
  request.endTile = b.add(request.firstTile, 1);
  request.firstGroup = b.div(task, tiles);
  request.firstPanel =
      b.add(b.mul(request.firstGroup, groupElements),
            b.mul(tileStart(b, blocking.columns, request.firstTile), depth));
  request.k = b.index(product.k.size);
  request.endGroup = b.add(request.firstGroup, 1);
  request.strideGroup = product.group ? product.group->b : 0;
  request.tail = blocking.columnTail;
  if (!transposed) {
    emitPackB(b, request);
    return panels;
  }
  // Each panel of the source has some steps of k, its rows are our columns.
  int64_t numbers = product.isPaired ? 2 : 1; // of a step
  Tiling tiling = Tiling::ofWidths(transposed->widths);
  for (const TileClass &steps : tiling.classes)
    b.loop(b.index(steps.begin), b.index(steps.end), 1, [&](Value tile) {
      Value first = tileStart(b, steps, tile);
      request.firstRow = b.div(first, numbers);
      request.base = b.mul(first, transposed->depth);
      request.k = b.index(steps.width / numbers);
      request.strideI = steps.width;
      emitPackB(b, request);
    });
  return panels;
}

void PackAhead::pack(linalg::GenericOp op, Contraction &product,
                     const Blocking &blocking,
                     const std::optional<Panels> &transposed) {
  Operation *loop = outermostLoop(op);
  SmallVector<Operation *> views;
  viewsInside(loop, product.b.memref, views);
  for (Operation *view : llvm::reverse(views))
    rewriter.moveOpBefore(view, loop);
  int64_t groups = product.group ? product.group->size : 1;
  Key key{loop,
          bufferBelow(product.b.memref),
          product.b.offset,
          panelType(product),
          product.roundedTypeB,
          product.k.b,
          product.n.b,
          product.k.size,
          product.n.size,
          product.group ? product.group->b : 0,
          blocking.columns.widest() * groups};
  Value &panels = made[key];
  if (!panels)
    panels = emitPanels(loop, op.getLoc(), product, blocking, transposed);
  product.b = {panels, 0, cast<MemRefType>(panels.getType()).getNumElements()};
  product.panelDepthB = product.k.size;
  product.roundedTypeB = {};
  product.k.b = product.n.b = 0;
  if (product.group)
    product.group->b = blocking.columns.total() * product.panelDepthB;
}
