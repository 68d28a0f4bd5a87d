//===- VectorPlan.cpp - Which loop of an op becomes vectors ---------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/rows/VectorPlan.h"

#include "compiler/lowering/noise/NoiseEmitter.h"
#include "dialects/fg/Noise.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace mlir;

namespace foregrad::compiler::rows {

static constexpr int64_t noiseBlock = fg::kNoiseBlock;

std::optional<arith::AtomicRMWKind> reductionKind(Operation *op) {
  using Kind = arith::AtomicRMWKind;
  using Result = std::optional<Kind>;
  return TypeSwitch<Operation *, Result>(op)
      .Case([](arith::AddFOp) { return Kind::addf; })
      .Case([](arith::MulFOp) { return Kind::mulf; })
      .Case([](arith::MaximumFOp) { return Kind::maximumf; })
      .Case([](arith::MaxNumFOp) { return Kind::maxnumf; })
      .Case([](arith::MinimumFOp) { return Kind::minimumf; })
      .Case([](arith::MinNumFOp) { return Kind::minnumf; })
      .Case([](arith::AddIOp) { return Kind::addi; })
      .Case([](arith::MulIOp) { return Kind::muli; })
      .Case([](arith::MaxSIOp) { return Kind::maxs; })
      .Case([](arith::MaxUIOp) { return Kind::maxu; })
      .Case([](arith::MinSIOp) { return Kind::mins; })
      .Case([](arith::MinUIOp) { return Kind::minu; })
      .Case([](arith::AndIOp) { return Kind::andi; })
      .Case([](arith::OrIOp) { return Kind::ori; })
      .Default([](Operation *) { return Result(); });
}

SmallVector<unsigned> nestOrder(const RowOp &op, const VectorPlan &plan) {
  SmallVector<unsigned> order;
  for (unsigned d = op.numRow; d < op.numParallel; ++d)
    if (plan.dim != d && plan.span != d)
      order.push_back(d);
  if (plan.span)
    order.push_back(*plan.span);
  if (plan.dim && !plan.reduces(op))
    order.push_back(*plan.dim);
  for (unsigned d = op.numParallel; d < op.numDims(); ++d)
    if (plan.dim != d)
      order.push_back(d);
  if (plan.reduces(op))
    order.push_back(*plan.dim);
  return order;
}

BodyInfo::BodyInfo(const RowOp &rowOp, const VectorPlan &vectorPlan)
    : op(rowOp), plan(vectorPlan), nest(nestOrder(rowOp, vectorPlan)) {
  levelOfDim.assign(op.numDims(), 0);
  for (auto [position, dim] : llvm::enumerate(nest))
    levelOfDim[dim] = position + 1;
  if (plan.span) // its indices are worked on together, inside
    levelOfDim[*plan.span] = levelOfDim[*plan.dim];

  Block *body = op.body();
  unsigned numInputs = op.inputs.size();
  for (auto [i, input] : llvm::enumerate(op.inputs))
    values[body->getArgument(i)] = {levelOf(input.form), varies(input.form),
                                    false};
  for (unsigned i = 0; i < op.outputs.size(); ++i)
    values[body->getArgument(numInputs + i)] = {leaf(), true, true};

  for (Operation &inner : body->without_terminator()) {
    BodyValue value;
    if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
      const LinearForm &form = op.indices[index.getDim()];
      value = {levelOf(form), varies(form), false};
    }
    for (Value operand : inner.getOperands()) {
      BodyValue from = values.lookup(operand);
      value.level = std::max(value.level, from.level);
      value.varying |= from.varying;
      value.accumulating |= from.accumulating;
    }
    for (Value result : inner.getResults())
      values[result] = value;
  }
}

unsigned BodyInfo::levelOf(const LinearForm &form) const {
  unsigned level = 0;
  for (auto [coefficient, dimLevel] :
       llvm::zip_equal(form.coefficients, levelOfDim))
    if (coefficient != 0)
      level = std::max(level, dimLevel);
  return level;
}

bool BodyInfo::varies(const LinearForm &form) const {
  return (plan.dim && form.coefficients[*plan.dim] != 0) ||
         (plan.span && form.coefficients[*plan.span] != 0);
}

std::string BodyInfo::obstacle() const {
  auto isVectorElement = [](Type type) { return type.isIntOrIndexOrFloat(); };
  for (const Access *access : op.accesses())
    if (varies(access->form) && (access->elementType.isInteger(1) ||
                                 !isVectorElement(access->elementType)))
      return "it loads or stores elements that have no vector form in memory";
  if (plan.reduces(op)) {
    for (unsigned i = 0; i < op.outputs.size(); ++i)
      if (!combiner(i))
        return "its reduction has no known neutral element";
  }
  for (Operation &inner : op.body()->without_terminator()) {
    bool varying = llvm::any_of(inner.getResults(), [&](Value result) {
      return values.lookup(result).varying;
    });
    if (!varying || isa<linalg::IndexOp>(inner))
      continue;
    if (isNoise(&inner)) {
      // Operands are seed, step, sample, element.
      if (llvm::any_of(inner.getOperands().take_front(2),
                       [&](Value v) { return values.lookup(v).varying; }))
        return "the seed of its random numbers varies along the row";
      continue;
    }
    if (inner.getNumResults() != 1 ||
        !OpTrait::hasElementwiseMappableTraits(&inner) ||
        !llvm::all_of(inner.getResultTypes(), isVectorElement))
      return ("'" + inner.getName().getStringRef() + "' has no vector form")
          .str();
  }
  return "";
}

Operation *BodyInfo::combiner(unsigned i) const {
  Block *body = op.body();
  Value former = body->getArgument(op.inputs.size() + i);
  Operation *last = body->getTerminator()->getOperand(i).getDefiningOp();
  if (!last || last->getBlock() != body || !last->hasOneUse() ||
      !former.hasOneUse() || !reductionKind(last))
    return nullptr;
  for (unsigned side : {0, 1})
    if (last->getOperand(side) == former &&
        !values.lookup(last->getOperand(1 - side)).accumulating)
      return last;
  return nullptr;
}

std::optional<BodyInfo::Step> BodyInfo::stepOf(Value value) const {
  IntegerAttr constant;
  if (matchPattern(value, m_Constant(&constant)))
    return Step{0, 0, std::abs(constant.getValue().getSExtValue())};
  if (!values.lookup(value).varying) {
    Operation *def = value.getDefiningOp();
    if (!def || def->getBlock() != op.body())
      return Step{0, 0, 1};
  }
  Operation *def = value.getDefiningOp();
  if (!def)
    return std::nullopt;
  if (auto index = dyn_cast<linalg::IndexOp>(def)) {
    const LinearForm &form = op.indices[index.getDim()];
    Step step;
    step.divisor = std::abs(form.constant);
    for (auto [d, coefficient] : llvm::enumerate(form.coefficients)) {
      if (plan.dim == d) {
        step.stride = coefficient;
        // Vector blocks start at multiples of the block.
        step.divisor = std::gcd(step.divisor, coefficient * noiseBlock);
      } else if (plan.span == d) {
        step.span = coefficient;
        step.divisor = std::gcd(step.divisor, coefficient * plan.spanned);
      } else {
        step.divisor = std::gcd(step.divisor, coefficient);
      }
    }
    return step;
  }
  if (isa<arith::IndexCastOp, arith::IndexCastUIOp, arith::ExtUIOp,
          arith::ExtSIOp>(def))
    return stepOf(def->getOperand(0));
  if (isa<arith::AddIOp, arith::MulIOp>(def)) {
    std::optional<Step> lhs = stepOf(def->getOperand(0));
    std::optional<Step> rhs = stepOf(def->getOperand(1));
    if (!lhs || !rhs)
      return std::nullopt;
    if (isa<arith::AddIOp>(def))
      return Step{lhs->stride + rhs->stride, lhs->span + rhs->span,
                  std::gcd(lhs->divisor, rhs->divisor)};
    for (auto [factor, other] : {std::pair(def->getOperand(0), rhs),
                                 std::pair(def->getOperand(1), lhs)})
      if (matchPattern(factor, m_Constant(&constant))) {
        int64_t by = constant.getValue().getSExtValue();
        return Step{other->stride * by, other->span * by,
                    std::abs(other->divisor * by)};
      }
  }
  if (!values.lookup(value).varying)
    return Step{0, 0, 1};
  return std::nullopt;
}

bool BodyInfo::drawsBlocks(Value element) const {
  int64_t numbers = plan.lanes * plan.unroll;
  if (!plan.dim || numbers % noiseBlock != 0)
    return false;
  if (plan.span && plan.spanned * op.extents[*plan.dim] != numbers)
    return false;
  std::optional<Step> step = stepOf(element);
  return step && step->stride == 1 && step->divisor % noiseBlock == 0 &&
         (!plan.span || step->span == op.extents[*plan.dim]);
}

//===----------------------------------------------------------------------===//
// Choice and cost
//===----------------------------------------------------------------------===//

/// Lanes that fit one register for the widest float (or else integer) element
/// that the op moves along `dim`.
static int64_t lanesFor(const RowOp &op, const TargetDescription &target) {
  int64_t floatBytes = 0, intBytes = 0;
  auto note = [&](Type type) {
    if (auto floatType = dyn_cast<FloatType>(type))
      floatBytes =
          std::max<int64_t>(floatBytes, (floatType.getWidth() + 7) / 8);
    else if (auto intType = dyn_cast<IntegerType>(type))
      intBytes = std::max<int64_t>(intBytes, (intType.getWidth() + 7) / 8);
    else
      intBytes = 8;
  };
  for (const Access *access : op.accesses())
    note(access->elementType);
  int64_t bytes = floatBytes ? floatBytes : std::max<int64_t>(intBytes, 1);
  return target.lanes(bytes);
}

/// Makes an iteration of the plan draw `blocks` whole blocks for each random
/// number of the body; says whether it can.
static bool drawBlocks(const RowOp &op, ArrayRef<Value> elements,
                       int64_t blocks, VectorPlan &plan) {
  const int64_t numbers = blocks * noiseBlock;
  int64_t extent = op.extents[*plan.dim];
  if (fg::kNoiseLanes % plan.lanes != 0)
    return false;
  auto draws = [&](const VectorPlan &candidate) {
    BodyInfo info(op, candidate);
    return info.obstacle().empty() &&
           llvm::all_of(elements, [&](Value element) {
             return info.drawsBlocks(element);
           });
  };
  VectorPlan candidate = plan;
  candidate.unroll = numbers / plan.lanes;
  if ((blocks == 1 || extent >= numbers) && draws(candidate)) {
    plan = candidate;
    return true;
  }
  // Rows shorter than that: several of them together. Rows of whole blocks stay
  // rows, of which more tasks can be made.
  if (op.isReduction(*plan.dim) || op.numParallel != op.numDims() ||
      extent % noiseBlock == 0 || extent >= numbers || numbers % extent != 0 ||
      extent % plan.lanes != 0)
    return false;
  candidate.spanned = numbers / extent;
  for (unsigned d = op.numRow; d < op.numParallel; ++d) {
    if (d == *plan.dim || op.extents[d] % candidate.spanned != 0)
      continue;
    candidate.span = d;
    if (draws(candidate)) {
      plan = candidate;
      return true;
    }
  }
  return false;
}

/// Makes the plan's iterations as long as random blocks where that lets all
/// random numbers of the body be drawn in blocks; says whether it could.
static bool drawBlocks(const RowOp &op, const TargetDescription &target,
                       VectorPlan &plan) {
  SmallVector<Value> elements;
  for (Operation &inner : op.body()->without_terminator())
    if (isNoise(&inner))
      elements.push_back(inner.getOperand(3));
  if (elements.empty())
    return false;
  for (int64_t blocks =
           noiseBlocksTogether(int64_t(elements.size()), plan.lanes, target);
       blocks > 0; blocks /= 2)
    if (drawBlocks(op, elements, blocks, plan))
      return true;
  return false;
}

/// Takes several of the rows that the plan sums over together: what is left to
/// be added within a vector is as much for four of them as for one.
static void sumTogether(const RowOp &op, VectorPlan &plan) {
  for (unsigned d = op.numRow; d < op.numParallel; ++d) {
    bool together = llvm::all_of(op.outputs, [&](const Access &output) {
      return output.form.coefficients[d] == 1;
    });
    if (!together)
      continue;
    for (int64_t spanned = std::min(mostSummed, plan.lanes); spanned > 1;
         spanned /= 2)
      if (op.extents[d] % spanned == 0) {
        plan.span = d;
        plan.spanned = spanned;
        return;
      }
  }
}

/// Instructions that add up within vectors what a vector reduction has left
/// there, for each sum.
static double foldCost(const VectorPlan &plan) {
  double pairs = 3 * double(plan.spanned - 1);
  double halves = 2 * std::log2(double(plan.lanes) / double(plan.spanned));
  return (4 + pairs + halves) / double(plan.spanned);
}

/// Instructions to draw a vector of random numbers, of which an iteration draws
/// `numbers` in blocks, or none so.
static double drawCost(int64_t numbers) {
  if (numbers == 0)
    return 70;
  return numbers == noiseBlock ? 25 : 20;
}

VectorPlan planVectors(const RowOp &op, const TargetDescription &target,
                       std::string &why) {
  VectorPlan best;
  best.cost = 1 + double(op.inputs.size() + op.outputs.size());
  why.clear();
  int64_t mostLanes = lanesFor(op, target);
  if (mostLanes < 2) {
    why = "the target has no vectors of this element type";
    return best;
  }
  int64_t reductionSize = 1;
  for (unsigned d = op.numParallel; d < op.numDims(); ++d)
    reductionSize *= op.extents[d];

  for (unsigned d = op.numRow; d < op.numDims(); ++d) {
    // Few elements get a vector of their own width. As part of a wider one
    // they would be loaded by a mask, and what stores have just written one by
    // one reaches no such load before it has reached the cache.
    int64_t lanes =
        std::min(mostLanes, int64_t(llvm::bit_ceil(uint64_t(op.extents[d]))));
    if (lanes < 2)
      continue;
    VectorPlan plan;
    plan.dim = d;
    plan.lanes = lanes;
    BodyInfo info(op, plan);
    std::string obstacle = info.obstacle();
    if (!obstacle.empty()) {
      why = obstacle;
      continue;
    }
    // Cost of one element: contiguous accesses are shared by the lanes,
    // strided ones are not.
    auto vectors = double(llvm::divideCeil(op.extents[d], lanes));
    double perVector = 0.5;
    for (const Access *access : op.accesses()) {
      int64_t stride = access->form.coefficients[d];
      bool isOutput = llvm::any_of(
          op.outputs, [&](const Access &output) { return &output == access; });
      if (stride == 1)
        perVector += 1;
      else if (stride != 0)
        perVector += double(isOutput ? 4 * lanes : 2 * lanes);
    }
    if (op.isReduction(d)) {
      plan.unroll = 4;
      if (op.draws() == 0)
        sumTogether(op, plan);
    } else if (op.isShort() && vectors <= 8)
      plan.unroll = unsigned(vectors); // no loop
    else if (op.numParallel != op.numDims())
      plan.unroll = std::clamp<int64_t>(target.vectorRegisters / 4, 2, 8);
    bool blocks = drawBlocks(op, target, plan);
    perVector +=
        double(op.draws()) * drawCost(blocks ? plan.unroll * lanes : 0);
    plan.cost = perVector * vectors / double(op.extents[d]);
    if (op.isReduction(d))
      plan.cost += foldCost(plan) / double(reductionSize);
    if (!best.vector() || plan.cost < best.cost)
      best = plan;
  }
  // Where every access would be strided, scalar code moves the same data.
  if (best.vector())
    why.clear();
  return best;
}

double estimateNanoseconds(const RowOp &op) {
  double perElement = 0.05 * double(op.inputs.size() + op.outputs.size());
  for (Operation &inner : op.body()->without_terminator()) {
    if (isNoise(&inner))
      perElement += 1.0;
    else if (isa<math::ExpOp, math::LogOp, math::TanhOp, math::SinOp,
                 math::CosOp, math::PowFOp>(inner))
      perElement += 0.5;
    else if (isa<arith::DivFOp, math::SqrtOp, math::RsqrtOp>(inner))
      perElement += 0.2;
    else
      perElement += 0.03;
  }
  return perElement * double(op.size());
}

} // namespace foregrad::compiler::rows
