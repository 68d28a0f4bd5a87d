//===- KernelEmitter.cpp - A row group as one scf.forall ------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/rows/KernelEmitter.h"

#include "compiler/lowering/abi/OutlineKernels.h"
#include "compiler/lowering/chains/ChainKernels.h"
#include "compiler/lowering/rows/BodyEmitter.h"
#include "compiler/lowering/rows/RowPieces.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/RegionUtils.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace mlir;

namespace foregrad::compiler::rows {

namespace {

// A task is worth handing to a thread from here on; with that much for each,
// there are at least minTasks tasks.
constexpr double taskNanoseconds = 20e3;
constexpr double leastTaskNanoseconds = 0.7e3;
constexpr int64_t minTasks = 8;
constexpr int64_t maxTasks = 1024;
constexpr int64_t maxTasksOfCore = 16;
// Elements by which a vector dimension is cut into tasks.
constexpr int64_t cutGrain = 64;

int64_t ceilDiv(int64_t value, int64_t by) { return (value + by - 1) / by; }

int64_t tasksFor(double nanoseconds, int64_t cores) {
  int64_t most =
      cores > 0 ? std::min(maxTasks, maxTasksOfCore * cores) : maxTasks;
  auto tasks = int64_t(nanoseconds / taskNanoseconds);
  if (nanoseconds >= minTasks * leastTaskNanoseconds)
    tasks = std::max(tasks, minTasks);
  // A power of two: kernels on the same rows cut them at the same places, and
  // a core meets the rows again that it has in its caches.
  return llvm::bit_ceil(uint64_t(std::clamp<int64_t>(tasks, 1, most)));
}

class KernelEmitter {
public:
  KernelEmitter(const RowGroup &group, const TargetDescription &target)
      : group(group), target(target), b(group.position()) {
    SmallVector<Location> locations;
    for (const RowOp &op : group.ops)
      locations.push_back(op.loc());
    loc = b.getFusedLoc(locations);
  }

  void emit() {
    hoistDefinitions();
    double nanoseconds = 0;
    for (const RowOp &op : group.ops)
      nanoseconds += estimateNanoseconds(op);
    describe();
    int64_t tasks = tasksFor(nanoseconds, target.cores);
    if (tasks == 1) {
      isSmall = true;
      tasks = target.enoughTasks();
    }
    if (group.ops.size() == 1)
      emitAlone(group.ops.front(), tasks);
    else
      emitFused(tasks);
  }

private:
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  }

  /// "rows 8192 x 512, 3 ops": of the largest op; the bytes of all buffers that
  /// others see, each element once; and the random numbers.
  void describe() {
    const RowOp *largest = &group.ops.front();
    llvm::SmallMapVector<Value, TouchedElements, 8> touched;
    for (const RowOp &op : group.ops) {
      if (op.size() > largest->size())
        largest = &op;
      for (const Access *access : op.accesses()) {
        if (!access->buffer)
          continue;
        int64_t count = 1;
        for (unsigned d = 0; d < op.numDims(); ++d)
          if (access->form.coefficients[d] != 0)
            count *= op.extents[d];
        touched[access->buffer].include(access->form.range(op.extents, 0),
                                        count);
      }
    }
    for (const RowOp &op : group.ops)
      draws += op.size() * op.draws();
    for (auto &[buffer, elements] : touched)
      if (!isPrivate(buffer))
        bytesSeen +=
            elements.count() *
            ceilDiv(cast<MemRefType>(buffer.getType()).getElementTypeBitWidth(),
                    8);
    int64_t columns = largest->numDims() == 0 ? 1 : largest->extents.back();
    what = "rows " + std::to_string(largest->size() / columns) + " x " +
           std::to_string(columns);
    if (group.ops.size() > 1)
      what += ", " + std::to_string(group.ops.size()) + " ops";
  }

  /// Allocations and constants that the kernel needs, moved in front of it.
  void hoistDefinitions() {
    auto hoist = [&](Value value) {
      Operation *def = value.getDefiningOp();
      if (def && def->getBlock() == group.position()->getBlock() &&
          isMovableDefinition(def) && !def->isBeforeInBlock(group.position()))
        def->moveBefore(group.position());
    };
    for (const RowOp &op : group.ops) {
      for (const Access *access : op.accesses())
        hoist(access->buffer ? access->buffer : access->scalar);
      llvm::SetVector<Value> captured;
      getUsedValuesDefinedAbove(op.operation()->getRegions(), captured);
      llvm::for_each(captured, hoist);
    }
    b.setInsertionPoint(group.position());
  }

  /// `buffer` as rank 1.
  Value flatten(Value buffer) {
    auto type = cast<MemRefType>(buffer.getType());
    if (type.getRank() == 1)
      return buffer;
    if (type.getRank() == 0)
      return memref::ExpandShapeOp::create(
          b, loc, MemRefType::get({1}, type.getElementType()), buffer,
          ArrayRef<ReassociationIndices>{});
    ReassociationIndices all =
        llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()));
    return memref::CollapseShapeOp::create(b, loc, buffer,
                                           ArrayRef<ReassociationIndices>{all});
  }

  /// Whether nothing outside of the group uses `buffer`.
  bool isPrivate(Value buffer) const {
    if (!buffer.getDefiningOp<memref::AllocOp>())
      return false;
    SmallVector<Value> worklist = {buffer};
    while (!worklist.empty())
      for (Operation *user : worklist.pop_back_val().getUsers()) {
        if (isa<ViewLikeOpInterface>(user)) {
          worklist.append(user->result_begin(), user->result_end());
          continue;
        }
        if (isa<memref::DeallocOp>(user))
          continue; // goes with the allocation
        bool inside = llvm::any_of(
            group.ops, [&](const RowOp &op) { return op.operation() == user; });
        if (!inside)
          return false;
      }
    return true;
  }

  /// Flat views before the kernel for all buffers but `except`.
  FlatBuffers flattenBuffers(ArrayRef<Value> except = {}) {
    FlatBuffers flat;
    for (const RowOp &op : group.ops)
      for (const Access *access : op.accesses())
        if (access->buffer && !flat.count(access->buffer) &&
            !llvm::is_contained(except, access->buffer))
          flat[access->buffer].memref = flatten(access->buffer);
    return flat;
  }

  /// Opens the kernel's scf.forall and goes inside; returns the task's number.
  Value beginTasks(int64_t tasks) {
    auto forall = scf::ForallOp::create(
        b, loc, ArrayRef<OpFoldResult>{b.getIndexAttr(tasks)}, ValueRange(),
        std::nullopt);
    forall->setAttr(whatAttr, b.getStringAttr(what));
    forall->setAttr(bytesAttr, b.getI64IntegerAttr(bytesSeen));
    if (draws != 0)
      forall->setAttr(drawsAttr, b.getI64IntegerAttr(draws));
    if (isSmall)
      forall->setAttr(smallAttr, b.getUnitAttr());
    b.setInsertionPointToStart(forall.getBody());
    return forall.getInductionVars().front();
  }

  /// Emits `inside(row)` for task number `task` of `rows` rows in all,
  /// `perTask` of them in each task.
  template <typename Inside>
  void forRows(Value task, int64_t rows, int64_t perTask, Inside inside) {
    if (rows == 1)
      return inside(Value());
    if (perTask == 1)
      return inside(task);
    Value first = arith::MulIOp::create(b, loc, task, index(perTask));
    Value end = arith::AddIOp::create(b, loc, first, index(perTask));
    if (rows % perTask != 0)
      end = arith::MinUIOp::create(b, loc, end, index(rows));
    auto forOp = scf::ForOp::create(b, loc, first, end, index(1));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(forOp.getBody());
    inside(forOp.getInductionVar());
  }

  VectorPlan plan(const RowOp &op) {
    std::string why;
    VectorPlan result = planVectors(op, target, why);
    if (!why.empty() && op.size() > 1)
      emitRemark(op.loc()) << "runs as scalar code: " << why;
    return result;
  }

  /// One op: its vector dimension stays inside, all other parallel ones are
  /// rows.
  void emitAlone(const RowOp &op, int64_t wantedTasks) {
    RowOp whole = *splitRows(op, 1);
    VectorPlan vectors = plan(whole);
    bool cutVectors = vectors.vector() && !vectors.reduces(whole);
    int64_t rows = whole.parallelSize();
    if (cutVectors) {
      unsigned dim = *vectors.dim;
      rows /= whole.extents[dim];
      if (vectors.span) {
        rows /= whole.extents[*vectors.span];
        moveLastParallel(whole, *vectors.span);
        dim -= *vectors.span < dim;
      }
      moveLastParallel(whole, dim);
    }
    RowOp split = *splitRows(whole, rows);
    std::string why;
    vectors = planVectors(split, target, why);
    cutVectors = vectors.vector() && !vectors.reduces(split) && !vectors.span;

    FlatBuffers flat = flattenBuffers();
    int64_t extent = cutVectors ? split.extents[*vectors.dim] : 1;
    int64_t parts = 1, part = extent;
    if (cutVectors && rows < wantedTasks && extent >= 2 * cutGrain) {
      parts = std::min(ceilDiv(wantedTasks, rows), extent / cutGrain);
      part = llvm::alignTo(ceilDiv(extent, parts), cutGrain);
      parts = extent / part;
    }
    if (parts <= 1) {
      int64_t perTask = ceilDiv(rows, std::min(rows, wantedTasks));
      Value task = beginTasks(ceilDiv(rows, perTask));
      forRows(task, rows, perTask, [&](Value row) {
        emitNest(b, loc, split, vectors, flat, {row, {}});
      });
      return;
    }
    // Task = row * parts + part; the last part of a row takes what is left
    // over.
    Value task = beginTasks(rows * parts);
    Value row, number = task;
    if (rows != 1) {
      row = arith::DivUIOp::create(b, loc, task, index(parts));
      number = arith::RemUIOp::create(b, loc, task, index(parts));
    }
    Value first = arith::MulIOp::create(b, loc, number, index(part));
    emitNest(b, loc, split, vectors, flat, {row, {}}, VectorRange{first, part});
    if (int64_t rest = extent - parts * part) {
      Value last = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                         number, index(parts - 1));
      auto ifLast = scf::IfOp::create(b, loc, last, /*withElseRegion=*/false);
      b.setInsertionPointToStart(ifLast.thenBlock());
      emitNest(b, loc, split, vectors, flat, {row, {}},
               VectorRange{index(parts * part), rest});
    }
  }

  /// All ops for one row, then all for the next.
  void emitFused(int64_t wantedTasks) {
    int64_t rows = group.rows;
    RowOps split;
    for (const RowOp &op : group.ops)
      split.push_back(*splitRows(op, rows));

    SmallVector<RowSegment, 0> segments = cutIntoSegments(split, target);

    SmallVector<Scratch> scratch;
    SmallVector<Value> scratchBuffers;
    int64_t scratchBytes = 0;
    for (auto &[buffer, use] : buffersOf(split, rows)) {
      std::optional<Scratch> own = scratchFor(buffer, use, segments);
      int64_t bytes = own ? bytesOf(*own) : 0;
      if (!own || scratchBytes + bytes > target.l2Bytes / 2)
        continue;
      scratchBytes += bytes;
      scratch.push_back(*own);
      scratchBuffers.push_back(buffer);
    }
    FlatBuffers flat = flattenBuffers(scratchBuffers);
    int64_t perTask = ceilDiv(rows, std::min(rows, wantedTasks));
    Value task = beginTasks(ceilDiv(rows, perTask));
    for (const Scratch &own : scratch) {
      Type element = cast<MemRefType>(own.buffer.getType()).getElementType();
      Value memref = memref::AllocaOp::create(
          b, loc, MemRefType::get({own.elements}, element),
          b.getI64IntegerAttr(64));
      flat[own.buffer] = {memref, /*perRow=*/true, own.perPiece};
    }
    forRows(task, rows, perTask, [&](Value row) {
      for (const RowSegment &segment : segments)
        emitSegment(segment, flat, row);
    });
  }

  /// Memory of a task in place of a buffer that nobody else sees.
  struct Scratch {
    Value buffer;
    int64_t elements;
    bool perPiece;
  };

  static int64_t bytesOf(const Scratch &scratch) {
    auto type = cast<MemRefType>(scratch.buffer.getType());
    return scratch.elements * ceilDiv(type.getElementTypeBitWidth(), 8);
  }

  std::optional<Scratch> scratchFor(Value buffer, const BufferUse &use,
                                    ArrayRef<RowSegment> segments) {
    auto type = cast<MemRefType>(buffer.getType());
    if (!isPrivate(buffer) || !type.getElementType().isIntOrFloat())
      return std::nullopt;
    const RowSegment *only = nullptr;
    unsigned users = 0;
    for (const RowSegment &segment : segments)
      if (llvm::any_of(segment.ops, [&](const RowOp &op) {
            return llvm::any_of(op.accesses(), [&](const Access *access) {
              return access->buffer == buffer;
            });
          })) {
        only = &segment;
        ++users;
      }
    if (users == 1 && only->pieces > 1)
      if (std::optional<int64_t> elements = elementsOfPiece(*only, buffer))
        return Scratch{buffer, *elements, /*perPiece=*/true};
    if (group.rows == 1)
      return Scratch{buffer, type.getNumElements(), /*perPiece=*/false};
    if (!use.perRow || use.rowStride == 0)
      return std::nullopt;
    return Scratch{buffer, use.rowStride, /*perPiece=*/false};
  }

  /// The ops of a segment for one row, piece by piece.
  void emitSegment(const RowSegment &segment, const FlatBuffers &flat,
                   Value row) {
    auto inside = [&](Value piece) {
      for (const RowOp &op : segment.ops)
        emitNest(b, op.loc(), op, plan(op), flat, {row, piece});
    };
    if (segment.pieces == 1)
      return inside(Value());
    auto loop =
        scf::ForOp::create(b, loc, index(0), index(segment.pieces), index(1));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    inside(loop.getInductionVar());
  }

  const RowGroup &group;
  const TargetDescription &target;
  OpBuilder b;
  Location loc = b.getUnknownLoc();
  std::string what;
  int64_t bytesSeen = 0; // by others
  int64_t draws = 0;     // random numbers
  bool isSmall = false;  // less than threads are started for
};

} // namespace

void emitKernel(const RowGroup &group, const TargetDescription &target) {
  KernelEmitter(group, target).emit();
}

LogicalResult emitScalarKernel(linalg::GenericOp op) {
  IRRewriter rewriter(op);
  Location loc = op.getLoc();
  auto forall = scf::ForallOp::create(
      rewriter, loc, ArrayRef<OpFoldResult>{rewriter.getIndexAttr(1)},
      ValueRange(), std::nullopt);
  rewriter.moveOpBefore(op, forall.getTerminator());
  rewriter.setInsertionPoint(op);
  if (failed(linalg::linalgOpToLoops(rewriter, op)))
    return op.emitError("has a form that cannot be compiled");
  rewriter.eraseOp(op);
  expandScalarNoise(forall);
  SmallVector<affine::AffineApplyOp> maps;
  forall.walk([&](affine::AffineApplyOp apply) { maps.push_back(apply); });
  for (affine::AffineApplyOp apply : maps) {
    rewriter.setInsertionPoint(apply);
    std::optional<SmallVector<Value>> expanded = affine::expandAffineMap(
        rewriter, apply.getLoc(), apply.getAffineMap(), apply.getOperands());
    if (!expanded)
      return apply.emitError("has an index that cannot be compiled");
    rewriter.replaceOp(apply, *expanded);
  }
  return success();
}

} // namespace foregrad::compiler::rows
