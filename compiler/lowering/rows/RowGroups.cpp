//===- RowGroups.cpp - Ops that share a kernel ----------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/rows/RowGroups.h"

#include "compiler/lowering/rows/VectorPlan.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Transforms/RegionUtils.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace foregrad::compiler::rows {

namespace {

// Below this a kernel is not worth a second thread.
constexpr double smallKernelNanoseconds = 20e3;
constexpr int64_t minRows = 8;
constexpr unsigned maxGroupOps = 64;
// Kernels back to which an op may move.
constexpr unsigned maxLookBack = 16;
// How much slower a group's code may be than its ops' own best code.
constexpr double maxSlowdown = 1.5;
// How much slower it may become by one op that joins.
constexpr double maxJoinSlowdown = 1.25;
// Instructions around one run of an op's vector loop.
constexpr double loopOverhead = 8;

int64_t bytesOf(Type type) {
  return type.isIntOrFloat() ? (type.getIntOrFloatBitWidth() + 7) / 8 : 8;
}

std::optional<RowOps> splitAll(ArrayRef<RowOp> ops, int64_t rows) {
  RowOps result;
  for (const RowOp &op : ops) {
    std::optional<RowOp> split = splitRows(op, rows);
    if (!split)
      return std::nullopt;
    result.push_back(std::move(*split));
  }
  return result;
}

bool canShareRows(ArrayRef<RowOp> split, int64_t rows) {
  if (rows == 1)
    return true; // everything in program order
  for (auto &[buffer, use] : buffersOf(split, rows))
    if (use.written && use.numOps > 1 && !use.perRow)
      return false;
  return true;
}

/// Bytes that one row of the ops touches.
int64_t rowBytes(ArrayRef<RowOp> split) {
  llvm::SmallMapVector<Value, TouchedElements, 8> touched;
  for (const RowOp &op : split)
    for (const Access *access : op.accesses()) {
      if (!access->buffer)
        continue;
      auto range = access->form.range(op.extents, op.numRow);
      touched[access->buffer].include(range, range.second - range.first + 1);
    }
  int64_t sum = 0;
  for (auto &[buffer, elements] : touched)
    sum += elements.count() *
           bytesOf(cast<MemRefType>(buffer.getType()).getElementType());
  return sum;
}

/// Estimated instructions of the ops' code with these rows.
double codeCost(ArrayRef<RowOp> split, const TargetDescription &target) {
  double cost = 0;
  std::string why;
  for (const RowOp &op : split) {
    VectorPlan plan = planVectors(op, target, why);
    auto size = double(op.size());
    double starts = plan.vector() ? size / double(op.extents[*plan.dim]) : size;
    cost += plan.cost * size + loopOverhead * starts;
  }
  return cost;
}

/// The rows that suit the ops best; of ops that are small together at least
/// `leastOfSmall`, of others minRows.
RowChoice chooseRows(ArrayRef<RowOp> ops, const TargetDescription &target,
                     int64_t leastOfSmall = 1) {
  double nanoseconds = 0, alone = 0;
  llvm::SmallSetVector<int64_t, 16> natural, cut;
  for (const RowOp &op : ops) {
    nanoseconds += estimateNanoseconds(op);
    if (std::optional<RowOp> whole = splitRows(op, 1))
      alone += codeCost(*whole, target);
    for (int64_t rows : naturalRows(op)) {
      natural.insert(rows);
      // Of short rows so many that their sums are taken together.
      if (op.size() / rows <= shortRow / mostSummed && rows % mostSummed == 0)
        natural.insert(rows / mostSummed);
    }
    for (int64_t inner = 256; inner <= 2048; inner *= 2)
      if (op.parallelSize() % inner == 0)
        cut.insert(op.parallelSize() / inner);
  }
  bool small = nanoseconds <= smallKernelNanoseconds;
  int64_t least = small ? leastOfSmall : minRows;
  RowChoice best;
  auto consider = [&](int64_t rows) {
    if (rows < least)
      return;
    std::optional<RowOps> split = splitAll(ops, rows);
    if (!split || !canShareRows(*split, rows))
      return;
    RowChoice choice{rows, codeCost(*split, target), rowBytes(*split)};
    if (choice.cost > maxSlowdown * alone && !small)
      return;
    if (choice.bytes > target.l2Bytes / 2 && rows != 1)
      return;
    if (choice.bytes > target.l1Bytes)
      choice.cost *= 1.3;
    // Where the code is about as good, short rows keep more in the cache.
    double margin = rows > best.rows ? 1.05 : 1 / 1.05;
    if (best.rows == 0 || choice.cost < margin * best.cost)
      best = choice;
  };
  llvm::for_each(natural, consider);
  if (best.rows == 0)
    llvm::for_each(cut, consider);
  return best;
}

} // namespace

std::optional<int64_t> strideOf(const RowOp &op, const LinearForm &form,
                                unsigned first) {
  if (op.numRow == first)
    return std::nullopt;
  int64_t stride = form.coefficients[op.numRow - 1];
  int64_t digit = stride;
  for (unsigned d = op.numRow; d-- > first;) {
    if (form.coefficients[d] != digit)
      return std::nullopt;
    digit *= op.extents[d];
  }
  auto [low, high] = form.range(op.extents, op.numRow);
  if (stride <= 0 || low < 0 || high >= stride)
    return std::nullopt;
  return stride;
}

llvm::MapVector<Value, BufferUse> buffersOf(ArrayRef<RowOp> ops, int64_t rows) {
  llvm::MapVector<Value, BufferUse> uses;
  llvm::SmallDenseMap<Value, unsigned> lastOp;
  for (auto [number, op] : llvm::enumerate(ops)) {
    auto touch = [&](Value buffer) -> BufferUse & {
      BufferUse &use = uses[buffer];
      auto [it, first] = lastOp.try_emplace(buffer, number);
      if (first || it->second != number)
        ++use.numOps;
      it->second = number;
      return use;
    };
    auto note = [&](const Access &access, bool written) {
      if (!access.buffer)
        return;
      BufferUse &use = touch(access.buffer);
      use.written |= written;
      std::optional<int64_t> stride = strideOf(op, access.form);
      if (!stride || (use.rowStride != 0 && use.rowStride != *stride))
        use.perRow = false;
      else
        use.rowStride = *stride;
    };
    for (const Access &access : op.inputs)
      note(access, false);
    for (const Access &access : op.outputs)
      note(access, true);
    for (Value buffer : op.loadedInBody)
      touch(buffer).perRow = false;
  }
  return uses;
}

bool isMovableDefinition(Operation *op) {
  if (op->getNumOperands() != 0 || op->getNumRegions() != 0)
    return false;
  return op->hasTrait<OpTrait::ConstantLike>() ||
         isa<memref::AllocOp, memref::GetGlobalOp>(op);
}

bool canStandAt(const RowOp &op, Operation *position) {
  auto available = [&](Value value) {
    Operation *def = value.getDefiningOp();
    if (!def || def->getBlock() != position->getBlock())
      return true;
    return def->isBeforeInBlock(position) || isMovableDefinition(def);
  };
  for (const Access *access : op.accesses())
    if (!available(access->buffer ? access->buffer : access->scalar))
      return false;
  llvm::SetVector<Value> captured;
  getUsedValuesDefinedAbove(op.operation()->getRegions(), captured);
  return llvm::all_of(captured, available);
}

bool RowGroups::tryJoin(Item &item, const RowOp &op, const RowChoice &alone) {
  RowGroup &group = *item.group;
  if (group.ops.size() >= maxGroupOps || !canStandAt(op, group.position()))
    return false;
  RowOps joined = group.ops;
  joined.push_back(op);
  RowChoice after = chooseRows(joined, target);
  if (after.rows == 0)
    return false;
  // Rows that suit only one of the two cost more than another pass over memory.
  if (item.choice.rows != 0 && alone.rows != 0 &&
      after.cost > maxJoinSlowdown * (item.choice.cost + alone.cost))
    return false;
  // Rows that no longer fit the cache are worse than another pass over memory.
  for (const RowChoice &before : {item.choice, alone})
    if (before.rows != 0 && before.rows != after.rows &&
        before.bytes <= target.l1Bytes && after.bytes > target.l1Bytes)
      return false;
  group.ops = std::move(joined);
  group.rows = after.rows;
  item.choice = after;
  return true;
}

void RowGroups::add(RowOp op) {
  BufferSet reads = op.touches(), writes = op.writes();
  RowChoice alone;
  if (fuse) {
    alone = chooseRows(op, target);
    unsigned looked = 0;
    for (Item &item : llvm::reverse(items)) {
      if (item.group && tryJoin(item, op, alone)) {
        item.reads.insert(reads.begin(), reads.end());
        item.writes.insert(writes.begin(), writes.end());
        return;
      }
      // It may move up past this one only if they have nothing to do with
      // each other.
      if (++looked == maxLookBack || meet(writes, item.reads) ||
          meet(writes, item.writes) || meet(reads, item.writes))
        break;
    }
  }
  Item item;
  item.group = RowGroup();
  item.group->ops.push_back(std::move(op));
  item.choice = alone;
  item.reads = std::move(reads);
  item.writes = std::move(writes);
  items.push_back(std::move(item));
}

void RowGroups::addOther(Operation *op, BufferSet reads, BufferSet writes) {
  items.push_back(
      {std::nullopt, RowChoice(), std::move(reads), std::move(writes)});
}

SmallVector<RowGroup, 0> RowGroups::take() {
  SmallVector<RowGroup, 0> groups;
  for (Item &item : items) {
    if (!item.group)
      continue;
    RowGroup &group = *item.group;
    // The kernels around a small one should not have to wait for a single task.
    // The kernel of a single op has rows of its own.
    if (group.ops.size() > 1 && group.rows < target.enoughTasks())
      if (int64_t rows =
              chooseRows(group.ops, target, target.enoughTasks()).rows)
        group.rows = rows;
    groups.push_back(std::move(group));
  }
  items.clear();
  return groups;
}

} // namespace foregrad::compiler::rows
