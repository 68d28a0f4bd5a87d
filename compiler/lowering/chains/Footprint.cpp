//===- Footprint.cpp - Which bytes a task of a kernel touches -------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/chains/Footprint.h"

#include "compiler/lowering/Buffers.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace foregrad::compiler {

namespace {

/// Of a kernel: beyond this many, finding out costs more than it gains.
constexpr int64_t kMostTasks = 64;

/// The smallest interval with all `bounds`; everything if one is missing.
Interval hull(ArrayRef<std::optional<int64_t>> bounds) {
  Interval result;
  for (std::optional<int64_t> bound : bounds) {
    if (!bound)
      return Interval::everything();
    result.include(Interval::of(*bound));
  }
  return result;
}

std::optional<int64_t> plus(int64_t x, int64_t y) {
  int64_t sum = 0;
  return llvm::AddOverflow(x, y, sum) ? std::nullopt : std::optional(sum);
}

std::optional<int64_t> times(int64_t x, int64_t y) {
  int64_t product = 0;
  return llvm::MulOverflow(x, y, product) ? std::nullopt
                                          : std::optional(product);
}

Interval add(const Interval &x, const Interval &y) {
  if (!x.isBounded() || !y.isBounded())
    return Interval::everything();
  return hull({plus(x.low, y.low), plus(x.high, y.high)});
}

Interval multiply(const Interval &x, const Interval &y) {
  if (!x.isBounded() || !y.isBounded())
    return Interval::everything();
  return hull({times(x.low, y.low), times(x.low, y.high), times(x.high, y.low),
               times(x.high, y.high)});
}

Interval negate(const Interval &x) { return multiply(x, Interval::of(-1)); }

/// Division of numbers that are not negative by one that is positive.
Interval divide(const Interval &x, const Interval &y) {
  if (!x.isBounded() || x.low < 0 || y.low != y.high || y.low <= 0)
    return Interval::everything();
  return {x.low / y.low, x.high / y.low};
}

/// The remainder of such a division; an unsigned one is known within bounds
/// even where `x` is not.
Interval remainder(const Interval &x, const Interval &y, bool isSigned) {
  if (y.low != y.high || y.low <= 0 || (isSigned && x.low < 0))
    return Interval::everything();
  if (x.isBounded() && x.low >= 0 && x.low / y.low == x.high / y.low)
    return {x.low % y.low, x.high % y.low};
  return {0, y.low - 1};
}

/// The smaller or the larger of two numbers that are not negative, as those of
/// the unsigned operations are here.
Interval choose(const Interval &x, const Interval &y, bool larger) {
  if (x.low < 0 || y.low < 0)
    return Interval::everything();
  if (larger)
    return {std::max(x.low, y.low), std::max(x.high, y.high)};
  return {std::min(x.low, y.low), std::min(x.high, y.high)};
}

/// An access to memory.
struct MemoryUse {
  Value memref;
  ValueRange indices;
  int64_t elements = 1; // in a row, from the indices on
  bool writes = false;
  Value mask = {}; // of the elements; null: all
};

std::optional<MemoryUse> memoryUseOf(Operation *op) {
  auto lanes = [](Type type) {
    return cast<VectorType>(type).getNumElements();
  };
  using Result = std::optional<MemoryUse>;
  return TypeSwitch<Operation *, Result>(op)
      .Case([](memref::LoadOp load) {
        return MemoryUse{load.getMemRef(), load.getIndices()};
      })
      .Case([](memref::StoreOp store) {
        return MemoryUse{store.getMemRef(), store.getIndices(), 1, true};
      })
      .Case([&](vector::LoadOp load) {
        return MemoryUse{load.getBase(), load.getIndices(),
                         lanes(load.getType())};
      })
      .Case([&](vector::StoreOp store) {
        return MemoryUse{store.getBase(), store.getIndices(),
                         lanes(store.getValueToStore().getType()), true};
      })
      .Case([&](vector::MaskedLoadOp load) {
        return MemoryUse{load.getBase(), load.getIndices(),
                         lanes(load.getType()), false, load.getMask()};
      })
      .Case([&](vector::MaskedStoreOp store) {
        return MemoryUse{store.getBase(), store.getIndices(),
                         lanes(store.getValueToStore().getType()), true,
                         store.getMask()};
      })
      .Default([](Operation *) { return Result(); });
}

} // namespace

class FootprintAnalysis {
public:
  FootprintAnalysis(scf::ForallOp kernel, Footprint &result)
      : kernel(kernel), result(result) {}

  bool run() {
    for (task = 0; task < result.count; ++task) {
      known.clear();
      known[kernel.getInductionVar(0)] = Interval::of(task);
      if (!visit(*kernel.getBody()))
        return false;
    }
    return true;
  }

private:
  Interval valueOf(Value value) {
    if (auto found = known.find(value); found != known.end())
      return found->second;
    if (std::optional<int64_t> constant = getConstantIntValue(value))
      return Interval::of(*constant);
    return Interval::everything();
  }

  /// How many elements a mask lets through at most, of the first `all`.
  int64_t elementsOf(Value mask, int64_t all) {
    if (!mask)
      return all;
    if (auto constant = mask.getDefiningOp<vector::ConstantMaskOp>())
      return constant.getMaskDimSizes().front();
    if (auto create = mask.getDefiningOp<vector::CreateMaskOp>())
      return std::clamp<int64_t>(valueOf(create.getOperand(0)).high, 0, all);
    return all;
  }

  bool visit(Block &block) {
    return llvm::all_of(block, [&](Operation &op) { return visit(&op); });
  }

  bool visit(Operation *op) {
    if (auto loop = dyn_cast<scf::ForOp>(op))
      return visitLoop(loop);
    if (isa<scf::IfOp>(op))
      return llvm::all_of(op->getRegions(), [&](Region &region) {
        return llvm::all_of(region, [&](Block &block) { return visit(block); });
      });
    if (op->hasTrait<OpTrait::IsTerminator>())
      return true;
    if (op->getNumRegions() != 0)
      return false;
    if (std::optional<MemoryUse> use = memoryUseOf(op)) {
      touch(use->memref, addressOf(*use), use->writes);
      return true;
    }
    if (auto gather = dyn_cast<vector::GatherOp>(op)) {
      touch(gather.getBase(), Interval::everything(), /*writes=*/false);
      return true;
    }
    if (auto scatter = dyn_cast<vector::ScatterOp>(op)) {
      touch(scatter.getBase(), Interval::everything(), /*writes=*/true);
      return true;
    }
    if (isa<memref::PrefetchOp, memref::AllocaOp>(op))
      return true;
    // What is handed no address, as an intrinsic, touches no buffer.
    auto isAddress = [](Type type) {
      return isa<BaseMemRefType, LLVM::LLVMPointerType>(type);
    };
    if (!isMemoryEffectFree(op) &&
        (isa<CallOpInterface>(op) ||
         llvm::any_of(op->getOperandTypes(), isAddress)))
      return false;
    if (op->getNumResults() == 1 && op->getResult(0).getType().isIndex())
      known[op->getResult(0)] = evaluate(op);
    return true;
  }

  bool visitLoop(scf::ForOp loop) {
    Interval first = valueOf(loop.getLowerBound()),
             end = valueOf(loop.getUpperBound());
    Interval index = Interval::everything();
    if (first.isBounded() && end.isBounded()) {
      if (first.low >= end.high)
        return true; // never runs
      index = {first.low, end.high - 1};
      std::optional<int64_t> step = getConstantIntValue(loop.getStep());
      if (step && first.low == first.high)
        index.high = first.low + (index.high - first.low) / *step * *step;
    }
    known[loop.getInductionVar()] = index;
    return visit(*loop.getBody());
  }

  Interval evaluate(Operation *op) {
    auto operand = [&](unsigned i) { return valueOf(op->getOperand(i)); };
    return TypeSwitch<Operation *, Interval>(op)
        .Case([&](arith::AddIOp) { return add(operand(0), operand(1)); })
        .Case(
            [&](arith::SubIOp) { return add(operand(0), negate(operand(1))); })
        .Case([&](arith::MulIOp) { return multiply(operand(0), operand(1)); })
        .Case<arith::DivUIOp, arith::DivSIOp>(
            [&](auto) { return divide(operand(0), operand(1)); })
        .Case<arith::RemUIOp, arith::RemSIOp>([&](auto rem) {
          return remainder(operand(0), operand(1), isa<arith::RemSIOp>(rem));
        })
        .Case<arith::MinUIOp, arith::MinSIOp>(
            [&](auto) { return choose(operand(0), operand(1), false); })
        .Case<arith::MaxUIOp, arith::MaxSIOp>(
            [&](auto) { return choose(operand(0), operand(1), true); })
        .Default([&](Operation *other) {
          std::optional<int64_t> constant =
              getConstantIntValue(other->getResult(0));
          return constant ? Interval::of(*constant) : Interval::everything();
        });
  }

  /// In bytes from the base of the access's view.
  Interval addressOf(const MemoryUse &use) {
    auto type = cast<MemRefType>(use.memref.getType());
    SmallVector<int64_t> strides;
    int64_t offset = 0;
    if (failed(type.getStridesAndOffset(strides, offset)) ||
        ShapedType::isDynamic(offset) ||
        llvm::any_of(strides, ShapedType::isDynamic))
      return Interval::everything();
    Interval element = Interval::of(offset);
    for (auto [index, stride] : llvm::zip_equal(use.indices, strides))
      element = add(element, multiply(valueOf(index), Interval::of(stride)));
    int64_t elements = elementsOf(use.mask, use.elements);
    if (elements == 0)
      return {};
    element = add(element, {0, elements - 1});
    int64_t bits =
        type.getElementType().isIndex() ? 64 : type.getElementTypeBitWidth();
    int64_t bytes = llvm::divideCeil(static_cast<uint64_t>(bits), 8);
    return add(multiply(element, Interval::of(bytes)), {0, bytes - 1});
  }

  void touch(Value memref, const Interval &bytes, bool writes) {
    Value base = baseOf(memref);
    if (kernel->isAncestor(base.getParentBlock()->getParentOp()))
      return; // the task's own
    std::vector<Touched> &tasks = result.touched[base];
    tasks.resize(result.count);
    (writes ? tasks[task].writes : tasks[task].reads).include(bytes);
  }

  scf::ForallOp kernel;
  Footprint &result;
  int64_t task = 0;
  llvm::DenseMap<Value, Interval> known;
};

std::optional<Footprint> Footprint::of(scf::ForallOp kernel) {
  if (kernel.getRank() != 1 || kernel.getNumResults() != 0)
    return std::nullopt;
  auto constant = [](OpFoldResult value) { return getConstantIntValue(value); };
  std::optional<int64_t> end = constant(kernel.getMixedUpperBound().front());
  if (constant(kernel.getMixedLowerBound().front()) != 0 ||
      constant(kernel.getMixedStep().front()) != 1 || !end || *end < 1 ||
      *end > kMostTasks)
    return std::nullopt;
  Footprint result;
  result.count = *end;
  if (!FootprintAnalysis(kernel, result).run())
    return std::nullopt;
  return result;
}

Footprint Footprint::inTasks(int64_t tasks) const {
  assert(count % tasks == 0 && "each task is as many of the former ones");
  Footprint result;
  result.count = tasks;
  int64_t perTask = count / tasks;
  for (const auto &[base, parts] : touched) {
    std::vector<Touched> &sums = result.touched[base];
    sums.resize(tasks);
    for (int64_t part = 0; part < count; ++part) {
      sums[part / perTask].reads.include(parts[part].reads);
      sums[part / perTask].writes.include(parts[part].writes);
    }
  }
  return result;
}

bool Footprint::conflict(const Footprint &first, const Footprint &second) {
  auto writes = [](const std::vector<Touched> &tasks) {
    return llvm::any_of(
        tasks, [](const Touched &task) { return !task.writes.isEmpty(); });
  };
  for (const auto &[base, of] : first.touched)
    for (const auto &[other, then] : second.touched) {
      if (bufferBelow(base) != bufferBelow(other) ||
          !(writes(of) || writes(then)))
        continue;
      if (base != other)
        return true; // how far apart they are is not known
      for (int64_t i = 0; i < first.count; ++i)
        for (int64_t j = 0; j < second.count; ++j)
          if (i != j && (of[i].writes.meets(then[j].writes) ||
                         of[i].writes.meets(then[j].reads) ||
                         of[i].reads.meets(then[j].writes)))
            return true;
    }
  return false;
}

SmallVector<Value> Footprint::cutBuffers() const {
  SmallVector<Value> cut;
  for (const auto &[base, parts] : touched) {
    auto type = dyn_cast<MemRefType>(base.getType());
    if (!type || !type.hasStaticShape() || !type.getLayout().isIdentity() ||
        !type.getElementType().isIntOrFloat())
      continue;
    int64_t bytes =
        type.getNumElements() *
        llvm::divideCeil(uint64_t(type.getElementTypeBitWidth()), 8);
    int64_t share = bytes / count;
    bool isCut = bytes % count == 0;
    for (auto [task, part] : llvm::enumerate(parts))
      for (const Interval &interval : {part.reads, part.writes})
        isCut &=
            interval.isEmpty() || (interval.low >= int64_t(task) * share &&
                                   interval.high < int64_t(task + 1) * share);
    if (isCut)
      cut.push_back(base);
  }
  return cut;
}

void Footprint::include(const Footprint &other) {
  assert(count == other.count && "the same tasks");
  for (const auto &[base, parts] : other.touched) {
    std::vector<Touched> &sums = touched[base];
    sums.resize(count);
    for (auto [sum, part] : llvm::zip_equal(sums, parts)) {
      sum.reads.include(part.reads);
      sum.writes.include(part.writes);
    }
  }
}

} // namespace foregrad::compiler
