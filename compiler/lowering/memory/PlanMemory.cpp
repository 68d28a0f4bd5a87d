//===- PlanMemory.cpp - Every temporary gets its place --------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// The pass --fg-plan-memory. A function's body is a straight line of kernels
// and of loops with such lines in them, so a buffer's lifetime is the range
// between the first and the last operation of its line in which it is used,
// directly, through a view of it, or somewhere inside. A buffer of the line
// around a loop that is used in it lives through all of the loop.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/memory/PlanMemory.h"

#include "compiler/lowering/chains/ChainKernels.h"
#include "compiler/lowering/memory/Placement.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "mlir/Pass/Pass.h"
#include "llvm/ADT/SetVector.h"

#include <limits>
#include <optional>

using namespace mlir;

namespace foregrad::compiler {

namespace {

/// More than any machine's address space: a size above is a mistake upstream,
/// and sums of a million sizes below do not overflow.
constexpr int64_t maxBufferBytes = int64_t(1) << 42;

bool allocates(Operation *op) {
  return isa<memref::AllocOp, memref::AllocaOp>(op);
}

/// How a buffer of some type lies in bytes.
struct Extent {
  int64_t
      elements; // from the first byte to the last, gaps of the layout included
  int64_t bytes;
};

/// The extent of a buffer of type `type`; nothing, with an error at `op`, if it
/// is not known or beyond all measure.
std::optional<Extent> extentOf(Operation *op, MemRefType type) {
  SmallVector<int64_t> strides;
  int64_t offset = 0;
  if (!type.hasStaticShape() ||
      failed(type.getStridesAndOffset(strides, offset)) ||
      ShapedType::isDynamic(offset) ||
      llvm::any_of(strides, ShapedType::isDynamic)) {
    op->emitOpError("allocates ")
        << type << ", but the memory plan needs sizes that are known";
    return std::nullopt;
  }
  DataLayout layout = DataLayout::closest(op);
  Type element = type.getElementType();
  int64_t alignment = static_cast<int64_t>(layout.getTypeABIAlignment(element));
  int64_t elementBytes =
      llvm::alignTo(layout.getTypeSize(element).getFixedValue(), alignment);

  bool overflow = false, empty = false;
  int64_t elements = offset + 1;
  for (auto [size, stride] : llvm::zip(type.getShape(), strides)) {
    int64_t reach = 0;
    empty |= size == 0;
    overflow |= stride < 0 || llvm::MulOverflow(size - 1, stride, reach) ||
                llvm::AddOverflow(elements, reach, elements);
  }
  int64_t bytes = 0;
  if (empty)
    return Extent{0, 0};
  if (overflow || llvm::MulOverflow(elements, elementBytes, bytes) ||
      bytes > maxBufferBytes) {
    op->emitOpError("allocates ") << type << ", which no machine can hold";
    return std::nullopt;
  }
  return Extent{elements, bytes};
}

LogicalResult checkAlignment(Operation *op) {
  std::optional<uint64_t> alignment =
      isa<memref::AllocOp>(op) ? cast<memref::AllocOp>(op).getAlignment()
                               : cast<memref::AllocaOp>(op).getAlignment();
  if (alignment && *alignment > static_cast<uint64_t>(bufferAlignment))
    return op->emitOpError("wants an alignment of ")
           << *alignment << " bytes; buffers are aligned to "
           << bufferAlignment;
  return success();
}

/// The outermost kernel around `op`, or null.
scf::ForallOp enclosingKernel(Operation *op) {
  scf::ForallOp kernel;
  for (auto parent = op->getParentOfType<scf::ForallOp>(); parent;
       parent = parent->getParentOfType<scf::ForallOp>())
    kernel = parent;
  return kernel;
}

/// Replaces an allocation by a view of `bytes` (an arena or a scratch) at
/// `offset`.
void replaceByView(Operation *op, Value memory, int64_t offset,
                   const Extent &extent) {
  OpBuilder builder(op);
  Location loc = op->getLoc();
  auto type = cast<MemRefType>(op->getResult(0).getType());
  Value shift = arith::ConstantIndexOp::create(builder, loc, offset);
  Value replacement;
  if (type.getLayout().isIdentity()) {
    replacement =
        memref::ViewOp::create(builder, loc, type, memory, shift, ValueRange{});
  } else {
    // memref.view only makes dense buffers; the layout is put on top of one.
    auto flat = MemRefType::get({extent.elements}, type.getElementType());
    Value dense =
        memref::ViewOp::create(builder, loc, flat, memory, shift, ValueRange{});
    SmallVector<int64_t> strides;
    int64_t start = 0;
    (void)type.getStridesAndOffset(strides, start); // extentOf made sure of it
    replacement = memref::ReinterpretCastOp::create(
        builder, loc, type, dense, start, type.getShape(), strides);
  }
  op->getResult(0).replaceAllUsesWith(replacement);
  op->erase();
}

/// The plan of one function.
class Planner {
public:
  explicit Planner(func::FuncOp function) : function(function) {}

  LogicalResult run() {
    if (!llvm::hasSingleElement(function.getBody()))
      return function.emitOpError(
          "has branches; the memory plan needs a straight line");
    for (DictionaryAttr attributes : argumentAttributes())
      if (attributes && attributes.contains(arenaAttr))
        return function.emitOpError("has a memory plan already");

    number(function.getBody().front());

    WalkResult collected = function.walk([&](Operation *op) {
      if (!allocates(op))
        return WalkResult::advance();
      if (failed(checkAlignment(op)))
        return WalkResult::interrupt();
      std::optional<Extent> extent =
          extentOf(op, cast<MemRefType>(op->getResult(0).getType()));
      if (!extent)
        return WalkResult::interrupt();
      scf::ForallOp kernel = enclosingKernel(op);
      if (kernel)
        ofKernels[kernel].push_back({op, *extent});
      else if (failed(addTemporary(op, *extent)))
        return WalkResult::interrupt();
      return WalkResult::advance();
    });
    if (collected.wasInterrupted())
      return failure();

    function.walk([](memref::DeallocOp dealloc) { dealloc.erase(); });
    planScratch();
    rewrite();
    return success();
  }

private:
  /// Gives the ops of a line, and what is inside of them, their positions;
  /// kernels have one as a whole.
  void number(Block &line) {
    for (Operation &op : line) {
      int64_t first = nextPosition++;
      if (!isa<scf::ForallOp>(op))
        for (Region &region : op.getRegions())
          for (Block &block : region)
            number(block);
      positions[&op] = {first, nextPosition - 1};
    }
  }

  struct Allocation {
    Operation *op;
    Extent extent;
    int64_t offset = 0;
  };

  SmallVector<DictionaryAttr> argumentAttributes() {
    SmallVector<DictionaryAttr> all;
    for (unsigned i = 0; i < function.getNumArguments(); ++i)
      all.push_back(function.getArgAttrDict(i));
    return all;
  }

  /// Finds the lifetime of a buffer outside of kernels. One that nobody uses is
  /// dropped.
  LogicalResult addTemporary(Operation *op, const Extent &extent) {
    Block &line = *op->getBlock();
    int64_t first = std::numeric_limits<int64_t>::max();
    int64_t last = -1;
    llvm::SmallSetVector<int64_t, 4> chains;
    llvm::SetVector<Value> aliases;
    aliases.insert(op->getResult(0));
    for (size_t next = 0; next < aliases.size(); ++next) {
      for (Operation *user : aliases[next].getUsers()) {
        if (isa<memref::DeallocOp>(user))
          continue;
        if (isa<func::ReturnOp>(user))
          return user->emitOpError("returns a temporary buffer");
        for (Value result : user->getResults())
          if (isa<BaseMemRefType>(result.getType()))
            aliases.insert(result);
        if (user->hasTrait<OpTrait::IsTerminator>())
          for (Value result : user->getParentOp()->getResults())
            if (isa<BaseMemRefType>(result.getType()))
              aliases.insert(result);
        // Making a view touches no data.
        if (isa<ViewLikeOpInterface>(user) && user->getNumRegions() == 0)
          continue;
        Operation *inLine = line.findAncestorOpInBlock(*user);
        Range at = positions.lookup(inLine);
        first = std::min(first, at.first);
        last = std::max(last, at.last);
        if (auto chain = inLine->getAttrOfType<IntegerAttr>(chainAttr))
          chains.insert(chain.getInt());
      }
    }
    if (last < 0)
      first = last = positions.lookup(op).first;
    temporaries.push_back({op, extent});
    Lifetime &lifetime = lifetimes.emplace_back();
    lifetime.bytes = extent.bytes;
    lifetime.first = first;
    lifetime.last = last;
    auto cut = op->getAttrOfType<DenseI64ArrayAttr>(cutAttr);
    for (int64_t chain : chains)
      lifetime.chains.push_back(
          {chain, cut && llvm::is_contained(cut.asArrayRef(), chain)});
    return success();
  }

  /// Small buffers of a kernel go to its stack, the others behind each other
  /// into the worker's scratch: they are all in use at once, as a rule.
  void planScratch() {
    for (auto &[kernel, buffers] : ofKernels) {
      int64_t scratch = 0, stack = 0;
      SmallVector<Allocation> inScratch;
      for (Allocation &buffer : buffers) {
        int64_t bytes = llvm::alignTo(buffer.extent.bytes, bufferAlignment);
        auto type = cast<MemRefType>(buffer.op->getResult(0).getType());
        if (type.getLayout().isIdentity() && bytes <= maxStackBufferBytes &&
            stack + bytes <= maxKernelStackBytes) {
          stack += bytes;
          moveToStack(cast<scf::ForallOp>(kernel), buffer.op);
          continue;
        }
        buffer.offset = scratch;
        scratch += bytes;
        inScratch.push_back(buffer);
      }
      scratchBytes = std::max(scratchBytes, scratch);
      buffers = std::move(inScratch);
    }
  }

  /// At the head of the kernel: in a loop it would take stack each time around.
  static void moveToStack(scf::ForallOp kernel, Operation *op) {
    OpBuilder builder = OpBuilder::atBlockBegin(kernel.getBody());
    auto type = cast<MemRefType>(op->getResult(0).getType());
    auto onStack =
        memref::AllocaOp::create(builder, op->getLoc(), type,
                                 builder.getI64IntegerAttr(bufferAlignment));
    op->getResult(0).replaceAllUsesWith(onStack.getResult());
    op->erase();
  }

  void rewrite() {
    int64_t arenaBytes = placeBuffers(lifetimes);
    OpBuilder builder(function.getContext());
    auto addMemory = [&](int64_t bytes, StringRef attribute) -> Value {
      unsigned index = function.getNumArguments();
      auto type = MemRefType::get({bytes}, builder.getI8Type());
      auto attributes = builder.getDictionaryAttr(
          builder.getNamedAttr(attribute, builder.getUnitAttr()));
      LogicalResult added =
          function.insertArgument(index, type, attributes, function.getLoc());
      (void)added; // A func.func takes any argument.
      return function.getArgument(index);
    };
    Value arena = addMemory(arenaBytes, arenaAttr);
    Value scratch = addMemory(scratchBytes, scratchAttr);
    for (auto [temporary, lifetime] : llvm::zip(temporaries, lifetimes))
      replaceByView(temporary.op, arena, lifetime.offset, temporary.extent);
    for (auto &[kernel, buffers] : ofKernels)
      for (Allocation &buffer : buffers)
        replaceByView(buffer.op, scratch, buffer.offset, buffer.extent);
    function->setAttr(arenaBytesAttr, builder.getI64IntegerAttr(arenaBytes));
    function->setAttr(scratchBytesAttr,
                      builder.getI64IntegerAttr(scratchBytes));
  }

  func::FuncOp function;
  struct Range {
    int64_t first = 0, last = 0;
  };
  llvm::DenseMap<Operation *, Range> positions; // in the text of the function
  int64_t nextPosition = 0;
  SmallVector<Allocation> temporaries;
  SmallVector<Lifetime> lifetimes; // of the temporaries
  llvm::MapVector<Operation *, SmallVector<Allocation>> ofKernels;
  int64_t scratchBytes = 0;
};

struct PlanMemoryPass
    : public PassWrapper<PlanMemoryPass, OperationPass<func::FuncOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(PlanMemoryPass)

  StringRef getArgument() const final { return "fg-plan-memory"; }
  StringRef getDescription() const final {
    return R"(Give every temporary buffer its place in one arena.

    func.func @step(%x: memref<8xf32> {fg.binding = 0 : i64}) {
      %t = memref.alloc() : memref<8xf32>
      scf.forall (%i) in (8) { ... %w = memref.alloca() : memref<4096xf32> ... }
      return
    }

  becomes

    func.func @step(%x: memref<8xf32> {fg.binding = 0 : i64},
                    %arena: memref<64xi8> {fg.arena},
                    %scratch: memref<16384xi8> {fg.scratch})
        attributes {fg.arena_bytes = 64 : i64, fg.scratch_bytes = 16384 : i64} {
      %c0 = arith.constant 0 : index
      %t = memref.view %arena[%c0][] : memref<64xi8> to memref<8xf32>
      scf.forall (%i) in (8) { ... %w = memref.view %scratch[%c0][] ... }
      return
    }

  Buffers whose lifetimes do not meet share bytes. Small buffers of a kernel stay
  on its stack.)";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, memref::MemRefDialect>();
  }
  void runOnOperation() override {
    if (getOperation().isExternal())
      return;
    if (failed(Planner(getOperation()).run()))
      signalPassFailure();
  }
};

} // namespace

std::unique_ptr<Pass> createPlanMemoryPass() {
  return std::make_unique<PlanMemoryPass>();
}

void registerPlanMemoryPass() { PassRegistration<PlanMemoryPass>(); }

} // namespace foregrad::compiler
