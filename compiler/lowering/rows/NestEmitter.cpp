//===- NestEmitter.cpp - Loops and vectors of one op in a row -------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/rows/NestEmitter.h"

#include "compiler/lowering/rows/BodyEmitter.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace mlir;

namespace foregrad::compiler::rows {

namespace {

// Rounds that are written out instead of a loop: those of a loop inside of a
// short row, or all of the loops of a reduction.
constexpr int64_t mostUnrolled = 4;

class NestEmitter {
public:
  NestEmitter(OpBuilder &b, Location loc, const RowOp &op,
              const VectorPlan &plan, const FlatBuffers &buffers,
              std::optional<VectorRange> range)
      : b(b), loc(loc), op(op), plan(plan), info(op, plan), range(range),
        body(b, loc, op, plan, info, buffers) {
    firstReduction = op.numParallel - op.numRow;
  }

  void emit(RowNumber number) {
    Scope scope = body.rowScope(number);
    descend(0, std::move(scope));
  }

private:
  using Values = SmallVector<Value>;

  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  }
  unsigned dimAt(unsigned level) const { return info.order()[level]; }

  /// Emits `inside(iv)` in a loop over [0, extent).
  template <typename Inside> void loop(int64_t extent, Inside inside) {
    // What is short shall stay in registers: no loops in it.
    if (op.isShort() && extent <= mostUnrolled) {
      for (int64_t iv = 0; iv < extent; ++iv)
        inside(index(iv));
      return;
    }
    auto forOp = scf::ForOp::create(b, loc, index(0), index(extent), index(1));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(forOp.getBody());
    inside(forOp.getInductionVar());
  }

  /// As loop, by `step`, carrying values: `inside(iv, values)` returns the
  /// next, after `rounds` of loops of its own. Few rounds are written one after
  /// the other: counting them takes as long as what they do, and the loads of
  /// one need not wait for the sums of another. What draws is too much code.
  template <typename Inside>
  Values carry(int64_t extent, int64_t step, int64_t rounds, const Values &init,
               Inside inside) {
    if (extent <= mostUnrolled / rounds * step && op.draws() == 0) {
      Values values = init;
      for (int64_t iv = 0; iv < extent; iv += step)
        values = inside(index(iv), values);
      return values;
    }
    auto forOp =
        scf::ForOp::create(b, loc, index(0), index(extent), index(step), init);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(forOp.getBody());
    Values next =
        inside(forOp.getInductionVar(), Values(forOp.getRegionIterArgs()));
    scf::YieldOp::create(b, loc, next);
    return Values(forOp.getResults());
  }

  /// Parallel loops, from the row inwards.
  void descend(unsigned level, Scope scope) {
    if (plan.span && dimAt(level) == *plan.span) {
      body.emitLevel(level, scope);
      return plan.reduces(op) ? emitVectorReduction(level + 1, std::move(scope))
                              : emitSpan(level, std::move(scope));
    }
    if (plan.vector() && !plan.reduces(op) && dimAt(level) == *plan.dim) {
      body.emitLevel(level, scope);
      return emitVectorDim(level, std::move(scope));
    }
    if (level == firstReduction) {
      if (plan.reduces(op)) {
        body.emitLevel(level, scope);
        return emitVectorReduction(level, std::move(scope));
      }
      return emitBlock(level, std::move(scope), {LaneGroup()});
    }
    body.emitLevel(level, scope);
    loop(op.extents[dimAt(level)], [&](Value iv) {
      descend(level + 1, body.enter(scope, dimAt(level), iv));
    });
  }

  /// The lane groups that cover `count` elements.
  SmallVector<LaneGroup> lanesCovering(int64_t count) const {
    SmallVector<LaneGroup> groups;
    for (int64_t offset = 0; offset < count; offset += plan.lanes)
      groups.push_back({offset, std::min(plan.lanes, count - offset)});
    return groups;
  }

  /// The vector dimension when it is parallel: whole blocks, then the rest.
  void emitVectorDim(unsigned level, Scope scope) {
    int64_t extent = range ? range->extent : op.extents[*plan.dim];
    if (range && range->first)
      scope = body.enter(scope, *plan.dim, range->first);
    int64_t block = plan.lanes * plan.unroll;
    int64_t whole = extent / block * block;
    auto blockAt = [&](Value start, int64_t count) {
      Scope inner = start ? body.enter(scope, *plan.dim, start) : scope;
      emitBlock(level + 1, std::move(inner), lanesCovering(count));
    };
    if (whole == block) {
      blockAt(Value(), block);
    } else if (whole > 0) {
      auto forOp =
          scf::ForOp::create(b, loc, index(0), index(whole), index(block));
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(forOp.getBody());
      blockAt(forOp.getInductionVar(), block);
    }
    if (whole != extent)
      blockAt(whole ? index(whole) : Value(), extent - whole);
  }

  /// Several indices of the spanned dimension, each with all of the vector one.
  void emitSpan(unsigned level, Scope scope) {
    SmallVector<LaneGroup> groups;
    for (int64_t index = 0; index < plan.spanned; ++index)
      for (LaneGroup group : lanesCovering(op.extents[*plan.dim])) {
        group.span = index;
        groups.push_back(group);
      }
    int64_t extent = op.extents[*plan.span];
    if (extent == plan.spanned)
      return emitBlock(level + 2, std::move(scope), groups);
    auto forOp = scf::ForOp::create(b, loc, index(0), index(extent),
                                    index(plan.spanned));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(forOp.getBody());
    emitBlock(level + 2, body.enter(scope, *plan.span, forOp.getInductionVar()),
              groups);
  }

  /// Everything inside of the parallel loops for some groups of lanes.
  void emitBlock(unsigned level, Scope scope, ArrayRef<LaneGroup> groups) {
    bool reduction = level != info.leaf();
    Values former;
    for (unsigned i = 0; i < op.outputs.size(); ++i)
      for (const LaneGroup &group : groups)
        former.push_back(reduction || body.readsFormer(i)
                             ? body.loadFormer(scope, i, group)
                             : Value());
    Values result;
    if (reduction) {
      body.emitLevel(level, scope, groups);
      result = reduce(level, scope, groups, former);
    } else {
      body.bindFormer(scope, former, groups.size());
      body.emitLevel(level, scope, groups);
      result = body.yielded(scope, groups);
    }
    unsigned next = 0;
    for (unsigned i = 0; i < op.outputs.size(); ++i)
      for (const LaneGroup &group : groups)
        body.store(scope, i, group, result[next++]);
  }

  /// Of the loops inside of the one at `level`: their rounds, at least one, or
  /// more than are written out.
  int64_t roundsInside(unsigned level) const {
    int64_t rounds = 1;
    while (++level < info.leaf() && rounds <= mostUnrolled) {
      bool inVectors = plan.vector() && dimAt(level) == *plan.dim;
      rounds *= inVectors ? llvm::divideCeil(op.extents[*plan.dim],
                                             plan.lanes * partials)
                          : op.extents[dimAt(level)];
    }
    return std::clamp<int64_t>(rounds, 1, mostUnrolled + 1);
  }

  /// Reduction loops around parallel lanes; the level's values are emitted.
  Values reduce(unsigned level, const Scope &scope, ArrayRef<LaneGroup> groups,
                const Values &former) {
    return carry(op.extents[dimAt(level)], 1, roundsInside(level), former,
                 [&](Value iv, const Values &carried) {
                   Scope inner = body.enter(scope, dimAt(level), iv);
                   bool leaf = level + 1 == info.leaf();
                   if (leaf)
                     body.bindFormer(inner, carried, groups.size());
                   body.emitLevel(level + 1, inner, groups);
                   return leaf ? body.yielded(inner, groups)
                               : reduce(level + 1, inner, groups, carried);
                 });
  }

  /// Partial sums in lanes: neutral start, loops, then one value for each
  /// output and index of the span.
  void emitVectorReduction(unsigned level, Scope scope) {
    if (!plan.span || op.extents[*plan.span] == plan.spanned)
      return emitSums(level, scope);
    loop(op.extents[*plan.span] / plan.spanned, [&](Value iv) {
      Value first = arith::MulIOp::create(b, loc, iv, index(plan.spanned));
      emitSums(level, body.enter(scope, *plan.span, first));
    });
  }

  void emitSums(unsigned level, const Scope &scope) {
    int64_t vectors = llvm::divideCeil(op.extents[*plan.dim], plan.lanes);
    partials = std::clamp<int64_t>(plan.unroll / plan.spanned, 1, vectors);
    unsigned sumsOfOutput = partials * plan.spanned;
    Values sums;
    for (unsigned i = 0; i < op.outputs.size(); ++i)
      sums.append(sumsOfOutput, body.neutral(i));
    sums = partialSums(level, scope, std::move(sums));
    for (unsigned i = 0; i < op.outputs.size(); ++i) {
      Value total = body.combineLanes(
          i, ArrayRef<Value>(sums).slice(i * sumsOfOutput, sumsOfOutput));
      if (!op.start[i] || !body.isNeutral(i, op.start[i]))
        total = body.combine(i, body.loadBefore(scope, i), total);
      body.storeSums(scope, i, total);
    }
  }

  Values partialSums(unsigned level, const Scope &scope, Values sums) {
    if (level + 1 != info.leaf())
      return carry(op.extents[dimAt(level)], 1, roundsInside(level), sums,
                   [&](Value iv, Values carried) {
                     Scope inner = body.enter(scope, dimAt(level), iv);
                     body.emitLevel(level + 1, inner);
                     return partialSums(level + 1, inner, std::move(carried));
                   });
    int64_t extent = op.extents[*plan.dim];
    int64_t block = plan.lanes * partials;
    int64_t whole = extent / block * block;
    auto blockAt = [&](Value start, int64_t count, Values carried) {
      Scope inner = start ? body.enter(scope, *plan.dim, start) : scope;
      return addBlock(std::move(inner), count, std::move(carried));
    };
    if (whole == block)
      sums = blockAt(Value(), block, std::move(sums));
    else if (whole > 0)
      sums = carry(whole, block, /*rounds=*/1, sums,
                   [&](Value iv, Values carried) {
                     return blockAt(iv, block, std::move(carried));
                   });
    if (whole != extent)
      sums = blockAt(whole ? index(whole) : Value(), extent - whole,
                     std::move(sums));
    return sums;
  }

  /// One step of the innermost loop, over `count` elements; the sums of lanes
  /// beyond them stay as they are.
  Values addBlock(Scope scope, int64_t count, Values sums) {
    SmallVector<LaneGroup> groups;
    SmallVector<unsigned> sumOf; // of the groups: which of an output's sums
    for (int64_t span = 0; span < plan.spanned; ++span)
      for (auto [partial, lanes] : llvm::enumerate(lanesCovering(count))) {
        groups.push_back({lanes.offset, lanes.active, span});
        sumOf.push_back(span * partials + partial);
      }
    unsigned sumsOfOutput = partials * plan.spanned;
    Values former;
    for (unsigned i = 0; i < op.outputs.size(); ++i)
      for (unsigned sum : sumOf)
        former.push_back(sums[i * sumsOfOutput + sum]);
    body.bindFormer(scope, former, groups.size());
    body.emitLevel(info.leaf(), scope, groups);
    Values result = body.yielded(scope, groups);
    unsigned next = 0;
    for (unsigned i = 0; i < op.outputs.size(); ++i)
      for (auto [group, number] : llvm::zip_equal(groups, sumOf)) {
        Value &sum = sums[i * sumsOfOutput + number];
        sum = body.keepActive(group, result[next++], sum);
      }
    return sums;
  }

  OpBuilder &b;
  Location loc;
  const RowOp &op;
  const VectorPlan &plan;
  BodyInfo info;
  std::optional<VectorRange> range;
  BodyEmitter body;
  unsigned firstReduction; // level at which no parallel loop is left
  int64_t partials = 1;    // of a vector reduction: vectors summed side by side
};

} // namespace

void emitNest(OpBuilder &builder, Location loc, const RowOp &op,
              const VectorPlan &plan, const FlatBuffers &buffers,
              RowNumber number, std::optional<VectorRange> range) {
  NestEmitter(builder, loc, op, plan, buffers, range).emit(number);
}

} // namespace foregrad::compiler::rows
