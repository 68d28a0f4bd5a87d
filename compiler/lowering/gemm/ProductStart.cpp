//===- ProductStart.cpp - What the sums of a product begin at -------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/gemm/ProductStart.h"

#include "compiler/lowering/Buffers.h"
#include "dialects/fg/Fg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace foregrad;
using namespace foregrad::compiler;

/// Whether `view` shows all of its buffer.
static bool showsAll(Value view) {
  auto type = dyn_cast<MemRefType>(view.getType());
  auto buffer = dyn_cast<MemRefType>(bufferBelow(view).getType());
  return type && buffer && type.hasStaticShape() && buffer.hasStaticShape() &&
         type.getElementType() == buffer.getElementType() &&
         type.getNumElements() == buffer.getNumElements();
}

namespace {

/// An op that does nothing but write all of `output`.
struct Start {
  Value output;
  linalg::GenericOp copies; // its one input, repeated; null: it writes 0
};

/// A loop of a copy: its size and its strides in the output and the input.
struct CopyLoop {
  int64_t size, output, input;
};

} // namespace

static std::optional<Start> startBy(Operation *op) {
  if (auto fill = dyn_cast<linalg::FillOp>(op)) {
    if (!matchPattern(fill.value(), m_PosZeroFloat()))
      return std::nullopt;
    return Start{fill.output(), {}};
  }
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (!generic || generic.getNumDpsInits() != 1 ||
      !generic.getIndexingMapsArray().back().isPermutation())
    return std::nullopt;
  Value output = generic.getDpsInits().front();
  Value written = generic.getBody()->getTerminator()->getOperand(0);
  if (generic.getNumDpsInputs() == 0 && matchPattern(written, m_PosZeroFloat()))
    return Start{output, {}};
  if (generic.getNumDpsInputs() == 1 &&
      written == generic.getBody()->getArgument(0))
    return Start{output, generic};
  return std::nullopt;
}

/// The stride of each loop in a static memref; false if there is none.
static bool addStrides(Value memref, AffineMap map,
                       MutableArrayRef<CopyLoop> loops,
                       int64_t CopyLoop::*stride) {
  auto type = dyn_cast<MemRefType>(memref.getType());
  SmallVector<int64_t> strides;
  int64_t offset = 0;
  if (!type || failed(type.getStridesAndOffset(strides, offset)) ||
      ShapedType::isDynamic(offset) || !map.isProjectedPermutation())
    return false;
  for (auto [expr, step] : llvm::zip_equal(map.getResults(), strides)) {
    if (ShapedType::isDynamic(step))
      return false;
    loops[cast<AffineDimExpr>(expr).getPosition()].*stride = step;
  }
  return true;
}

/// The loops of a copy, those joined that walk both operands without a gap.
static std::optional<SmallVector<CopyLoop>> loopsOf(linalg::GenericOp copy) {
  SmallVector<CopyLoop> loops;
  for (int64_t size : copy.getStaticLoopRanges())
    loops.push_back({size, 0, 0});
  SmallVector<AffineMap> maps = copy.getIndexingMapsArray();
  if (!addStrides(copy.getDpsInputs().front(), maps[0], loops,
                  &CopyLoop::input) ||
      !addStrides(copy.getDpsInits().front(), maps[1], loops,
                  &CopyLoop::output))
    return std::nullopt;
  llvm::erase_if(loops, [](const CopyLoop &loop) { return loop.size == 1; });
  llvm::sort(loops, [](const CopyLoop &x, const CopyLoop &y) {
    return x.output < y.output;
  });
  SmallVector<CopyLoop> joined;
  for (const CopyLoop &loop : loops) {
    CopyLoop *inner = joined.empty() ? nullptr : &joined.back();
    if (inner && loop.output == inner->output * inner->size &&
        loop.input == inner->input * inner->size)
      inner->size *= loop.size;
    else
      joined.push_back(loop);
  }
  return joined;
}

/// How far the input of a copy moves along a loop of the product; nothing if it
/// does not move evenly.
static std::optional<int64_t> strideAlong(const ContractionDim &dim,
                                          ArrayRef<CopyLoop> loops) {
  for (const CopyLoop &loop : loops) {
    if (dim.c % loop.output != 0)
      continue;
    int64_t steps = dim.c / loop.output;
    if (steps * dim.size <= loop.size || dim.size == 1)
      return steps * loop.input;
  }
  return std::nullopt;
}

/// Notes in `product` that C begins at what `copy` would write there.
static bool beginAt(Contraction &product, linalg::GenericOp copy) {
  auto loops = loopsOf(copy);
  Value input = copy.getDpsInputs().front();
  auto type = dyn_cast<MemRefType>(input.getType());
  if (!loops || !type || type.getElementType() != product.type ||
      !type.hasStaticShape() || !type.getLayout().isIdentity() ||
      product.n.c != 1)
    return false;
  SmallVector<ContractionDim *> dims = {&product.m, &product.n};
  for (ContractionDim &dim : product.batch)
    dims.push_back(&dim);
  if (product.group)
    dims.push_back(&*product.group);
  SmallVector<int64_t> strides;
  for (const ContractionDim *dim : dims) {
    std::optional<int64_t> stride = strideAlong(*dim, *loops);
    if (!stride)
      return false;
    strides.push_back(*stride);
  }
  // A vector of columns is one load, or one value.
  if (strides[1] != 0 && strides[1] != 1)
    return false;
  for (auto [dim, stride] : llvm::zip_equal(dims, strides))
    dim->start = stride;
  product.start = FlatOperand{input, 0, type.getNumElements()};
  return true;
}

/// Whether `op`, or anything inside of it, uses `buffer` or a view of it in a
/// way that `counts`; the making of a view is no use.
static bool anyUse(Operation *op, Value buffer,
                   llvm::function_ref<bool(OpOperand &)> counts) {
  return op
      ->walk([&](Operation *inner) {
        if (isa<ViewLikeOpInterface, fg::ShiftOp>(inner))
          return WalkResult::advance();
        for (OpOperand &operand : inner->getOpOperands())
          if (isa<BaseMemRefType>(operand.get().getType()) &&
              bufferBelow(operand.get()) == buffer && counts(operand))
            return WalkResult::interrupt();
        return WalkResult::advance();
      })
      .wasInterrupted();
}

static bool touches(Operation *op, Value buffer) {
  return anyUse(op, buffer, [](OpOperand &) { return true; });
}

bool foregrad::compiler::mayWrite(Operation *op, Value buffer) {
  return anyUse(op, buffer, [](OpOperand &operand) {
    Operation *user = operand.getOwner();
    if (isa<memref::PrefetchOp>(user)) // declared a write, for its order
      return false;
    if (auto linalgOp = dyn_cast<linalg::LinalgOp>(user))
      return linalgOp.isDpsInit(&operand);
    auto effects = dyn_cast<MemoryEffectOpInterface>(user);
    if (!effects)
      return true;
    SmallVector<MemoryEffects::EffectInstance> all;
    effects.getEffects(all);
    return llvm::any_of(all, [&](const MemoryEffects::EffectInstance &effect) {
      return isa<MemoryEffects::Write>(effect.getEffect()) &&
             (!effect.getValue() || effect.getValue() == operand.get());
    });
  });
}

Operation *foregrad::compiler::absorbStart(linalg::GenericOp op,
                                           Contraction &product) {
  Value output = op.getDpsInits().front();
  if (cast<MemRefType>(output.getType()).getNumElements() !=
      product.outputElements())
    return nullptr;
  Value buffer = bufferBelow(output);
  Operation *before = op->getPrevNode();
  while (before && !touches(before, buffer))
    before = before->getPrevNode();
  std::optional<Start> start = before ? startBy(before) : std::nullopt;
  if (!start || (start->output != output &&
                 !(showsAll(start->output) && showsAll(output))))
    return nullptr;
  if (!start->copies)
    return before;
  Value input = bufferBelow(start->copies.getDpsInputs().front());
  for (Operation *between = before->getNextNode(); between != op;
       between = between->getNextNode())
    if (mayWrite(between, input))
      return nullptr;
  return input != buffer && beginAt(product, start->copies) ? before : nullptr;
}
