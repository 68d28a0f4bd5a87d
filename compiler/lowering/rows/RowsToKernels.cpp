//===- RowsToKernels.cpp - Elementwise and reducing ops to kernels --------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Order of work in a function: copies and named ops become linalg.generic;
// fills become the start of the reduction that they precede; the line of ops is
// grouped by rows; each group becomes one kernel; what is left over is erased.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/rows/RowsToKernels.h"

#include "compiler/lowering/Buffers.h"
#include "compiler/lowering/TargetPass.h"
#include "compiler/lowering/rows/KernelEmitter.h"
#include "dialects/fg/Fg.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

#include "llvm/ADT/STLExtras.h"

#include <utility>

using namespace mlir;

namespace foregrad::compiler {

namespace {

using namespace rows;

linalg::GenericOp copyToGeneric(RewriterBase &rewriter, memref::CopyOp copy) {
  auto type = cast<MemRefType>(copy.getTarget().getType());
  AffineMap identity = rewriter.getMultiDimIdentityMap(type.getRank());
  SmallVector<utils::IteratorType> iterators(type.getRank(),
                                             utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      rewriter, copy.getLoc(), copy.getSource(), copy.getTarget(),
      ArrayRef<AffineMap>{identity, identity}, iterators,
      [](OpBuilder &b, Location loc, ValueRange values) {
        linalg::YieldOp::create(b, loc, values.front());
      });
  rewriter.eraseOp(copy);
  return generic;
}

/// What `op` and the ops in it read and write, outside of it.
void collectBuffers(Operation *op, BufferSet &reads, BufferSet &writes) {
  op->walk([&](Operation *inner) {
    if (isa<ViewLikeOpInterface, fg::ShiftOp, memref::PrefetchOp>(inner))
      return;
    auto interface = dyn_cast<MemoryEffectOpInterface>(inner);
    bool recursive = inner->hasTrait<OpTrait::HasRecursiveMemoryEffects>();
    for (Value operand : inner->getOperands()) {
      if (!isa<BaseMemRefType>(operand.getType()))
        continue;
      // What begins within a buffer stands for all of it, too.
      SmallVector<Value, 2> buffers = {baseOf(operand)};
      while (auto shift = buffers.back().getDefiningOp<fg::ShiftOp>())
        buffers.push_back(baseOf(shift.getBuffer()));
      if (!interface) {
        if (recursive)
          continue;
        reads.insert_range(buffers);
        writes.insert_range(buffers);
        continue;
      }
      SmallVector<MemoryEffects::EffectInstance> effects;
      interface.getEffectsOnValue(operand, effects);
      for (const MemoryEffects::EffectInstance &effect : effects)
        (isa<MemoryEffects::Read>(effect.getEffect()) ? reads : writes)
            .insert_range(buffers);
    }
  });
}

/// The constant that `op` fills its only output with.
TypedAttr filledWith(const RowOp &op) {
  if (op.outputs.size() != 1 || op.parallelSize() != op.size())
    return {};
  Block *body = op.body();
  Value value = body->getTerminator()->getOperand(0);
  if (auto argument = dyn_cast<BlockArgument>(value);
      argument && argument.getOwner() == body &&
      argument.getArgNumber() < op.inputs.size())
    value = op.inputs[argument.getArgNumber()].scalar;
  TypedAttr constant;
  if (!value || !matchPattern(value, m_Constant(&constant)))
    return {};
  return constant;
}

/// Whether the op writes every element of its first output's buffer.
bool coversBuffer(const RowOp &op) {
  auto type = cast<MemRefType>(op.outputs[0].buffer.getType());
  return op.parallelSize() == type.getNumElements();
}

/// Where no options are given: wide vectors, with which kernels show all that
/// they do.
TargetDescription defaultTarget() {
  TargetDescription target;
  target.vectorBytes = 64;
  target.vectorRegisters = 32;
  target.l2Bytes = 1 << 20;
  return target;
}

class RowsToKernelsPass : public TargetPass<RowsToKernelsPass, func::FuncOp> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(RowsToKernelsPass)

  RowsToKernelsPass() : TargetPass(defaultTarget()) {}
  RowsToKernelsPass(const TargetDescription &target, bool fuseRows)
      : TargetPass(target) {
    fuse = fuseRows;
  }
  RowsToKernelsPass(const RowsToKernelsPass &other) : TargetPass(other) {}

  StringRef getArgument() const override { return "fg-rows-to-kernels"; }
  StringRef getDescription() const override {
    return "Turn linalg ops on memrefs into fused, vectorised kernels.\n\n"
           "    linalg.generic ... ins(%x) outs(%y)\n\n"
           "becomes\n\n"
           "    scf.forall (%task) in (16) {\n"
           "      scf.for %row = ... {\n"
           "        scf.for %c = %c0 to %c512 step %c16 {\n"
           "          %v = vector.load %x[...] : memref<65536xf32>, "
           "vector<16xf32>\n"
           "          ...\n"
           "          vector.store %w, %y[...] : memref<65536xf32>, "
           "vector<16xf32>\n"
           "        }\n"
           "      }\n"
           "    }\n";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, linalg::LinalgDialect,
                    memref::MemRefDialect, scf::SCFDialect,
                    vector::VectorDialect>();
  }

  void runOnOperation() override {
    target = describedTarget();
    if (getOperation().isExternal())
      return;
    // Lines of ops: the function's own and those of its loops over tiles.
    SmallVector<Block *> lines;
    for (Block &block : getOperation().getBody())
      lines.push_back(&block);
    getOperation().walk([&](scf::ForOp loop) {
      if (!loop->getParentOfType<scf::ForallOp>())
        lines.push_back(loop.getBody());
    });
    for (Block *line : lines)
      if (failed(runOnBlock(*line)))
        return signalPassFailure();
  }

private:
  LogicalResult runOnBlock(Block &block) {
    if (failed(generalize(block)))
      return failure();
    RowOps line = describeLine(block);
    absorbFills(block, line);
    RowGroups groups(target, fuse);
    auto next = line.begin();
    for (Operation &op : block) {
      if (next != line.end() && next->source.getOperation() == &op) {
        groups.add(std::move(*next++));
        continue;
      }
      BufferSet reads, writes;
      collectBuffers(&op, reads, writes);
      if (!reads.empty() || !writes.empty())
        groups.addOther(&op, std::move(reads), std::move(writes));
    }
    for (const RowGroup &group : groups.take()) {
      emitKernel(group, target);
      for (const RowOp &op : group.ops)
        done.push_back(op.source);
    }
    for (Operation *op : done)
      op->erase();
    done.clear();
    eraseUnused(block);
    return success();
  }

  /// Makes all linalg ops of the block generic.
  LogicalResult generalize(Block &block) {
    IRRewriter rewriter(block.getParentOp()->getContext());
    for (Operation &op : llvm::make_early_inc_range(block)) {
      rewriter.setInsertionPoint(&op);
      if (auto copy = dyn_cast<memref::CopyOp>(op)) {
        copyToGeneric(rewriter, copy);
        continue;
      }
      auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
      if (!linalgOp || isa<linalg::GenericOp>(op))
        continue;
      if (failed(linalg::generalizeNamedOp(rewriter, linalgOp)))
        return op.emitError("has no generic form");
    }
    return success();
  }

  /// The block's row ops in order. Ops without that form become scalar kernels.
  RowOps describeLine(Block &block) {
    RowOps line;
    SmallVector<linalg::GenericOp> ops(block.getOps<linalg::GenericOp>());
    for (linalg::GenericOp op : ops) {
      std::string why;
      std::optional<RowOp> described = describe(op, why);
      if (described && described->size() == 0) {
        op.erase();
      } else if (described) {
        line.push_back(std::move(*described));
      } else {
        emitRemark(op.getLoc()) << "runs as scalar code: " << why;
        if (failed(emitScalarKernel(op)))
          signalPassFailure();
      }
    }
    return line;
  }

  /// A reduction after a fill of its whole output starts from the constant.
  void absorbFills(Block &block, RowOps &line) {
    llvm::SmallDenseMap<Value, std::pair<unsigned, TypedAttr>> filled;
    SmallVector<bool> absorbed(line.size(), false);
    unsigned next = 0;
    for (Operation &inBlock : block) {
      bool isRowOp =
          next < line.size() && line[next].source.getOperation() == &inBlock;
      if (!isRowOp) {
        BufferSet reads, writes;
        collectBuffers(&inBlock, reads, writes);
        for (Value buffer : llvm::concat<const Value>(reads, writes))
          filled.erase(buffer);
        continue;
      }
      RowOp &op = line[next];
      for (auto [i, output] : llvm::enumerate(op.outputs)) {
        auto it = filled.find(output.buffer);
        if (it == filled.end() || op.outputs.size() != 1 || !coversBuffer(op) ||
            llvm::any_of(op.inputs, [&](const Access &input) {
              return input.buffer == it->first;
            }))
          continue;
        op.start[i] = it->second.second;
        absorbed[it->second.first] = true;
      }
      for (const Access *access : op.accesses())
        filled.erase(access->buffer);
      for (Value buffer : op.loadedInBody)
        filled.erase(buffer);
      if (TypedAttr constant = filledWith(op); constant && coversBuffer(op))
        filled[op.outputs[0].buffer] = {next, constant};
      ++next;
    }
    RowOps kept;
    for (auto [op, gone] : llvm::zip_equal(line, absorbed)) {
      if (gone)
        op.source.erase();
      else
        kept.push_back(std::move(op));
    }
    line = std::move(kept);
  }

  /// Views and allocations that nothing uses any more, users first.
  void eraseUnused(Block &block) {
    bool erased = true;
    while (std::exchange(erased, false))
      for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
        bool erasable = isa<ViewLikeOpInterface, memref::AllocOp>(op) ||
                        op.hasTrait<OpTrait::ConstantLike>();
        if (auto dealloc = dyn_cast<memref::DeallocOp>(op))
          erasable = dealloc.getMemref().hasOneUse() &&
                     dealloc.getMemref().getDefiningOp<memref::AllocOp>();
        if (!erasable || !op.use_empty())
          continue;
        op.erase();
        erased = true;
      }
  }

  TargetDescription target;
  SmallVector<Operation *> done;

  Option<bool> fuse{
      *this, "fuse",
      llvm::cl::desc("Share a kernel between ops on the same rows"),
      llvm::cl::init(true)};
};

} // namespace

std::unique_ptr<Pass> createRowsToKernelsPass(const TargetDescription &target,
                                              bool fuse) {
  return std::make_unique<RowsToKernelsPass>(target, fuse);
}

void registerRowsToKernelsPass() { PassRegistration<RowsToKernelsPass>(); }

} // namespace foregrad::compiler
