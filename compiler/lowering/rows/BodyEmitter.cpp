//===- BodyEmitter.cpp - A linalg body on scalars and vectors -------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/rows/BodyEmitter.h"

#include "compiler/lowering/linalg/LowerToLinalg.h"
#include "compiler/lowering/noise/NoiseEmitter.h"
#include "dialects/fg/Fg.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include "llvm/ADT/STLExtras.h"

#include <array>

using namespace mlir;

namespace foregrad::compiler::rows {

BodyEmitter::BodyEmitter(OpBuilder &builder, Location location,
                         const RowOp &rowOp, const VectorPlan &vectorPlan,
                         const BodyInfo &bodyInfo,
                         const FlatBuffers &flatBuffers)
    : b(builder), loc(location), op(rowOp), plan(vectorPlan), info(bodyInfo),
      buffers(flatBuffers),
      isRare(op.source->getParentOfType<func::FuncOp>()->hasAttr(kRareAttr)) {
  auto place = [&](const Access &access) {
    forms.push_back(access.form);
    FlatBuffer flat = buffers.lookup(access.buffer);
    unsigned dropped = flat.perPiece ? op.numRow
                       : flat.perRow ? op.numRow - op.numPiece
                                     : 0;
    for (unsigned d = 0; d < dropped; ++d)
      forms.back().coefficients[d] = 0;
  };
  llvm::for_each(op.inputs, place);
  llvm::for_each(op.outputs, place);
  llvm::append_range(forms, op.indices);
}

Type BodyEmitter::typeOf(Type scalar, bool varying) const {
  if (!varying || !plan.vector())
    return scalar;
  return VectorType::get({plan.lanes}, scalar);
}

Value BodyEmitter::index(int64_t value) {
  return arith::ConstantIndexOp::create(b, loc, value);
}

Value BodyEmitter::mask(LaneGroup group) {
  return vector::ConstantMaskOp::create(
      b, loc, VectorType::get({plan.lanes}, b.getI1Type()),
      ArrayRef<int64_t>{group.active});
}

Value BodyEmitter::splat(Value value) {
  Type type = typeOf(value.getType(), true);
  if (isa<VectorType>(value.getType()) || type == value.getType())
    return value;
  return vector::BroadcastOp::create(b, loc, type, value);
}

//===----------------------------------------------------------------------===//
// Positions
//===----------------------------------------------------------------------===//

Scope BodyEmitter::rowScope(RowNumber number) {
  Scope scope;
  scope.position.assign(forms.size(), Value());
  unsigned firstPiece = op.numRow - op.numPiece;
  scope = enterCounted(std::move(scope), 0, firstPiece, number.row);
  return enterCounted(std::move(scope), firstPiece, op.numRow, number.piece);
}

/// The scope inside of dimensions [first, end), where `number` counts their
/// indices (null: the only ones).
Scope BodyEmitter::enterCounted(Scope scope, unsigned first, unsigned end,
                                Value number) {
  if (!number)
    return scope;
  // The number's digits, only where a form asks for them.
  int64_t stride = 1;
  for (unsigned d = end; d-- > first;) {
    bool used = llvm::any_of(forms, [&](const LinearForm &form) {
      return form.coefficients[d] != 0;
    });
    if (used) {
      Value digit = number;
      if (stride != 1)
        digit = arith::DivUIOp::create(b, loc, digit, index(stride));
      if (d != first)
        digit = arith::RemUIOp::create(b, loc, digit, index(op.extents[d]));
      scope = enter(scope, d, digit);
    }
    stride *= op.extents[d];
  }
  return scope;
}

Scope BodyEmitter::enter(const Scope &scope, unsigned dim, Value iv) {
  Scope inner = scope;
  for (auto [form, position] : llvm::zip_equal(forms, inner.position)) {
    int64_t coefficient = form.coefficients[dim];
    if (coefficient == 0)
      continue;
    Value step = iv;
    if (coefficient != 1)
      step = arith::MulIOp::create(b, loc, iv, index(coefficient));
    position = position
                   ? arith::AddIOp::create(b, loc, position, step).getResult()
                   : step;
  }
  return inner;
}

Value BodyEmitter::at(const Scope &scope, unsigned form,
                      const LinearForm &linear, LaneGroup group) {
  int64_t constant = linear.constant;
  if (plan.vector())
    constant += group.offset * linear.coefficients[*plan.dim];
  if (plan.span)
    constant += group.span * linear.coefficients[*plan.span];
  Value position = scope.position[form];
  if (!position)
    return index(constant);
  if (constant == 0)
    return position;
  return arith::AddIOp::create(b, loc, position, index(constant));
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

bool BodyEmitter::strided(const Access &access) const {
  return access.form.coefficients[*plan.dim] != 1;
}

Value BodyEmitter::offsets(int64_t stride, Type elementType) {
  SmallVector<Attribute> values;
  for (int64_t lane = 0; lane < plan.lanes; ++lane)
    values.push_back(b.getIntegerAttr(elementType, lane * stride));
  auto type = VectorType::get({plan.lanes}, elementType);
  return arith::ConstantOp::create(b, loc, type,
                                   DenseElementsAttr::get(type, values));
}

Value BodyEmitter::load(const Scope &scope, unsigned form, const Access &access,
                        LaneGroup group, bool varying) {
  if (access.scalar)
    return access.scalar;
  Value memref = buffers.lookup(access.buffer).memref;
  Value position = at(scope, form, forms[form], group);
  if (!varying || !plan.vector())
    return memref::LoadOp::create(b, loc, memref, position);
  if (access.form.coefficients[*plan.dim] == 0)
    return splat(memref::LoadOp::create(b, loc, memref, position));
  auto type = VectorType::get({plan.lanes}, access.elementType);
  bool whole = group.active == plan.lanes;
  if (!strided(access) && whole)
    return vector::LoadOp::create(b, loc, type, memref, ValueRange{position});
  Value none = arith::ConstantOp::create(b, loc, type, b.getZeroAttr(type));
  if (!strided(access))
    return vector::MaskedLoadOp::create(
        b, loc, type, memref, ValueRange{position}, mask(group), none);
  return vector::GatherOp::create(
      b, loc, type, memref, ValueRange{position},
      offsets(access.form.coefficients[*plan.dim], b.getIndexType()),
      mask(group), none);
}

void BodyEmitter::store(const Scope &scope, unsigned i, LaneGroup group,
                        Value value) {
  unsigned form = op.inputs.size() + i;
  const Access &access = op.outputs[i];
  Value memref = buffers.lookup(access.buffer).memref;
  Value position = at(scope, form, forms[form], group);
  if (!isa<VectorType>(value.getType())) {
    memref::StoreOp::create(b, loc, value, memref, position);
    return;
  }
  if (strided(access))
    vector::ScatterOp::create(
        b, loc, /*resultType=*/Type(), memref, ValueRange{position},
        offsets(access.form.coefficients[*plan.dim], b.getIndexType()),
        mask(group), value, /*alignment=*/nullptr);
  else if (group.active == plan.lanes)
    vector::StoreOp::create(b, loc, value, memref, ValueRange{position});
  else
    vector::MaskedStoreOp::create(b, loc, memref, ValueRange{position},
                                  mask(group), value);
}

bool BodyEmitter::readsFormer(unsigned i) const {
  return !op.body()->getArgument(op.inputs.size() + i).use_empty();
}

Value BodyEmitter::loadFormer(const Scope &scope, unsigned i, LaneGroup group) {
  const Access &access = op.outputs[i];
  bool varying = plan.vector() && access.form.coefficients[*plan.dim] != 0;
  if (op.start[i]) {
    Value constant = arith::ConstantOp::create(b, loc, op.start[i]);
    return varying ? splat(constant) : constant;
  }
  return load(scope, op.inputs.size() + i, access, group, varying);
}

//===----------------------------------------------------------------------===//
// The body's values
//===----------------------------------------------------------------------===//

void BodyEmitter::bindFormer(Scope &scope, ArrayRef<Value> former,
                             unsigned numGroups) {
  Block *body = op.body();
  for (unsigned i = 0; i < op.outputs.size(); ++i)
    scope.vectors[body->getArgument(op.inputs.size() + i)] =
        SmallVector<Value>(former.slice(i * numGroups, numGroups));
}

void BodyEmitter::emitLevel(unsigned level, Scope &scope,
                            ArrayRef<LaneGroup> groups) {
  Block *body = op.body();
  for (auto [form, access] : llvm::enumerate(op.inputs)) {
    Value argument = body->getArgument(form);
    BodyValue value = info[argument];
    if (argument.use_empty() || value.level != level)
      continue;
    if (!value.varying) {
      scope.scalars[argument] =
          load(scope, form, access, LaneGroup(), /*varying=*/false);
      continue;
    }
    SmallVector<Value> &vectors = scope.vectors[argument];
    for (const LaneGroup &group : groups)
      vectors.push_back(load(scope, form, access, group, /*varying=*/true));
  }
  for (Operation &inner : body->without_terminator()) {
    if (inner.use_empty())
      continue;
    unsigned opLevel =
        inner.getNumResults() ? info[inner.getResult(0)].level : 0;
    if (opLevel == level)
      emitOp(inner, scope, groups);
  }
}

Value BodyEmitter::operand(const Scope &scope, Value value, unsigned group,
                           bool varying) {
  if (auto it = scope.vectors.find(value); it != scope.vectors.end())
    return it->second[group];
  auto it = scope.scalars.find(value);
  // What is not of this body is captured from above the kernel.
  Value scalar = it == scope.scalars.end() ? value : it->second;
  return varying ? splat(scalar) : scalar;
}

// A multiplication and an addition may become one rounding, as everywhere in
// the generated code. A number that is rounded to a narrower type and widened
// again may not become what it was before: it is meant.
static void allowContraction(Operation *op) {
  auto fast = dyn_cast<arith::ArithFastMathInterface>(op);
  if (!fast || isa<arith::TruncFOp, arith::ExtFOp>(op))
    return;
  arith::FastMathFlags flags = arith::FastMathFlags::contract;
  if (arith::FastMathFlagsAttr own = fast.getFastMathFlagsAttr())
    flags = flags | own.getValue();
  op->setAttr(fast.getFastMathAttrName(),
              arith::FastMathFlagsAttr::get(op->getContext(), flags));
}

Value BodyEmitter::clone(Operation *source, ValueRange operands, Type type) {
  OperationState state(loc, source->getName(), operands, type,
                       source->getDiscardableAttrDictionary().getValue());
  state.propertiesAttr = source->getPropertiesAsAttribute();
  Operation *result = b.create(state);
  allowContraction(result);
  return result->getResult(0);
}

Value BodyEmitter::indexVector(const Scope &scope, unsigned form,
                               const LinearForm &linear, LaneGroup group) {
  Value first = splat(at(scope, form, linear, group));
  Value lanes = offsets(linear.coefficients[*plan.dim], b.getIndexType());
  return arith::AddIOp::create(b, loc, first, lanes);
}

void BodyEmitter::emitOp(Operation &inner, Scope &scope,
                         ArrayRef<LaneGroup> groups) {
  if (isNoise(&inner))
    return emitNoise(inner, scope, groups);
  BodyValue value = info[inner.getResult(0)];
  unsigned firstIndex = op.inputs.size() + op.outputs.size();
  auto indexOp = dyn_cast<linalg::IndexOp>(inner);
  if (!value.varying) {
    if (indexOp) {
      unsigned form = firstIndex + indexOp.getDim();
      scope.scalars[inner.getResult(0)] =
          at(scope, form, forms[form], LaneGroup());
    } else if (auto load = dyn_cast<memref::LoadOp>(inner)) {
      SmallVector<Value> indices;
      for (Value index : load.getIndices())
        indices.push_back(operand(scope, index, 0, false));
      scope.scalars[inner.getResult(0)] =
          memref::LoadOp::create(b, loc, load.getMemRef(), indices);
    } else {
      IRMapping mapping;
      for (Value from : inner.getOperands())
        mapping.map(from, operand(scope, from, 0, false));
      Operation *copy = b.clone(inner, mapping);
      copy->setLoc(loc);
      allowContraction(copy);
      for (auto [from, to] :
           llvm::zip_equal(inner.getResults(), copy->getResults()))
        scope.scalars[from] = to;
    }
    return;
  }
  SmallVector<Value> vectors;
  for (auto [g, group] : llvm::enumerate(groups)) {
    if (indexOp) {
      unsigned form = firstIndex + indexOp.getDim();
      vectors.push_back(indexVector(scope, form, forms[form], group));
      continue;
    }
    SmallVector<Value> operands;
    for (Value from : inner.getOperands())
      operands.push_back(operand(scope, from, g, true));
    if (plan.vector()) {
      vectors.push_back(
          clone(&inner, operands, typeOf(inner.getResult(0).getType(), true)));
      continue;
    }
    IRMapping mapping;
    mapping.map(inner.getOperands(), operands);
    Operation *copy = b.clone(inner, mapping);
    allowContraction(copy);
    vectors.push_back(copy->getResult(0));
  }
  scope.vectors[inner.getResult(0)] = std::move(vectors);
}

SmallVector<Value> BodyEmitter::yielded(const Scope &scope,
                                        ArrayRef<LaneGroup> groups) {
  SmallVector<Value> results;
  Operation *yield = op.body()->getTerminator();
  for (auto [i, value] : llvm::enumerate(yield->getOperands())) {
    bool varying =
        plan.vector() &&
        (plan.reduces(op) || op.outputs[i].form.coefficients[*plan.dim] != 0);
    for (unsigned g = 0; g < groups.size(); ++g)
      results.push_back(operand(scope, value, g, varying));
  }
  return results;
}

static NoiseStream streamOf(OpBuilder &builder, fg::NoiseOp noise, Value seed,
                            Value step) {
  Value site =
      arith::ConstantOp::create(builder, noise.getLoc(), noise.getSiteAttr());
  return {static_cast<fg::NoiseLaw>(noise.getLaw()), site, seed, step};
}

void expandScalarNoise(Operation *root) {
  root->walk([](fg::NoiseOp noise) {
    OpBuilder builder(noise);
    NoiseStream stream =
        streamOf(builder, noise, noise.getSeed(), noise.getStep());
    noise.replaceAllUsesWith(
        emitNoiseVector(builder, noise.getLoc(), stream, noise.getSample(),
                        noise.getElement(), cast<FloatType>(noise.getType())));
    noise.erase();
  });
}

void BodyEmitter::emitNoise(Operation &inner, Scope &scope,
                            ArrayRef<LaneGroup> groups) {
  auto noise = cast<fg::NoiseOp>(inner);
  auto type = cast<FloatType>(noise.getType());
  auto scalarOf = [&](Value value) { return operand(scope, value, 0, false); };
  NoiseStream stream =
      streamOf(b, noise, scalarOf(noise.getSeed()), scalarOf(noise.getStep()));
  if (!plan.vector() || !info[noise].varying) {
    Value value = emitNoiseVector(b, loc, stream, scalarOf(noise.getSample()),
                                  scalarOf(noise.getElement()), type);
    if (info[noise].varying)
      scope.vectors[noise.getResult()] = {value};
    else
      scope.scalars[noise.getResult()] = value;
    return;
  }

  SmallVector<Value> &vectors = scope.vectors[noise.getResult()];
  if (!info[noise.getSample()].varying && fg::kNoiseLanes % plan.lanes == 0 &&
      info.drawsBlocks(noise.getElement())) {
    // The groups start at a block's first element and may end inside of one.
    Value first = vector::ExtractOp::create(
        b, loc, operand(scope, noise.getElement(), 0, true), 0);
    Value sample = scalarOf(noise.getSample());
    if (!isRare) {
      vectors = emitNoiseBlocks(b, loc, stream, sample, first, type, plan.lanes,
                                groups.size());
      return;
    }
    SmallVector<Type> types(fg::kNoiseBlock / plan.lanes, typeOf(type, true));
    for (int64_t drawn = 0; vectors.size() < groups.size();
         drawn += fg::kNoiseBlock) {
      Value start = drawn == 0
                        ? first
                        : arith::AddIOp::create(b, loc, first, index(drawn));
      auto block = fg::NoiseBlockOp::create(b, loc, types, stream.seed,
                                            stream.step, sample, start,
                                            noise.getSite(), noise.getLaw());
      llvm::append_range(vectors, block.getNumbers());
    }
    vectors.truncate(groups.size());
    return;
  }
  for (unsigned g = 0; g < groups.size(); ++g) {
    Value sample = noise.getSample();
    vectors.push_back(emitNoiseVector(
        b, loc, stream, operand(scope, sample, g, info[sample].varying),
        operand(scope, noise.getElement(), g, true), type));
  }
}

//===----------------------------------------------------------------------===//
// Vector reductions
//===----------------------------------------------------------------------===//

Value BodyEmitter::neutral(unsigned i) {
  arith::AtomicRMWKind kind = *reductionKind(info.combiner(i));
  // What adds to -0 is what it was, its sign too, so no addition is left of it.
  if (kind == arith::AtomicRMWKind::addf)
    return splat(arith::ConstantOp::create(
        b, loc, b.getFloatAttr(op.outputs[i].elementType, -0.0)));
  return splat(
      arith::getIdentityValue(kind, op.outputs[i].elementType, b, loc));
}

bool BodyEmitter::isNeutral(unsigned i, TypedAttr value) {
  arith::AtomicRMWKind kind = *reductionKind(info.combiner(i));
  if (kind == arith::AtomicRMWKind::addf)
    return cast<FloatAttr>(value).getValue().isZero();
  return value ==
         arith::getIdentityValueAttr(kind, op.outputs[i].elementType, b, loc);
}

Value BodyEmitter::combine(unsigned i, Value former, Value value) {
  Operation *combiner = info.combiner(i);
  Value argument = op.body()->getArgument(op.inputs.size() + i);
  SmallVector<Value> operands = {former, value};
  if (combiner->getOperand(0) != argument)
    std::swap(operands[0], operands[1]);
  return clone(combiner, operands, value.getType());
}

Value BodyEmitter::loadBefore(const Scope &scope, unsigned i) {
  if (!plan.span)
    return loadFormer(scope, i, LaneGroup());
  auto type = VectorType::get({plan.spanned}, op.outputs[i].elementType);
  if (TypedAttr start = op.start[i])
    return arith::ConstantOp::create(b, loc,
                                     DenseElementsAttr::get(type, start));
  unsigned form = op.inputs.size() + i;
  Value memref = buffers.lookup(op.outputs[i].buffer).memref;
  Value position = at(scope, form, forms[form], LaneGroup());
  return vector::LoadOp::create(b, loc, type, memref, ValueRange{position});
}

void BodyEmitter::storeSums(const Scope &scope, unsigned i, Value sums) {
  if (!plan.span)
    return store(scope, i, LaneGroup(), sums);
  unsigned form = op.inputs.size() + i;
  Value memref = buffers.lookup(op.outputs[i].buffer).memref;
  Value position = at(scope, form, forms[form], LaneGroup());
  vector::StoreOp::create(b, loc, sums, memref, ValueRange{position});
}

Value BodyEmitter::combineAll(unsigned i, ArrayRef<Value> from) {
  SmallVector<Value> values(from);
  while (values.size() > 1) {
    SmallVector<Value> next;
    for (unsigned k = 0; k + 1 < values.size(); k += 2)
      next.push_back(combine(i, values[k], values[k + 1]));
    if (values.size() % 2)
      next.push_back(values.back());
    values = std::move(next);
  }
  return values.front();
}

/// One vector for two: of each four lanes (or two, where there are no four)
/// both halves combined, in units of `unit` lanes of `x` and of `y` in turn.
Value BodyEmitter::combinePair(unsigned i, Value x, Value y, int64_t unit) {
  int64_t four = std::min<int64_t>(4, plan.lanes);
  std::array<SmallVector<int64_t>, 2> halves;
  for (auto [number, half] : llvm::enumerate(halves))
    for (int64_t first = 0; first < plan.lanes; first += four)
      for (int64_t from = 0; from < four / 2; from += unit)
        for (int64_t vector : {0, 1})
          for (int64_t lane = 0; lane < unit; ++lane)
            half.push_back(vector * plan.lanes + first +
                           int64_t(number) * four / 2 + from + lane);
  return combine(i, vector::ShuffleOp::create(b, loc, x, y, halves[0]),
                 vector::ShuffleOp::create(b, loc, x, y, halves[1]));
}

Value BodyEmitter::combineLanes(unsigned i, ArrayRef<Value> partials) {
  size_t each = partials.size() / plan.spanned;
  SmallVector<Value> values;
  for (; !partials.empty(); partials = partials.drop_front(each))
    values.push_back(combineAll(i, partials.take_front(each)));
  for (int64_t unit = 1; values.size() > 1; unit *= 2) {
    SmallVector<Value> next;
    for (unsigned k = 0; k < values.size(); k += 2)
      next.push_back(combinePair(i, values[k], values[k + 1], unit));
    values = std::move(next);
  }
  Value value = values.front();
  for (int64_t lanes = plan.lanes; lanes > plan.spanned; lanes /= 2) {
    Value low = vector::ExtractStridedSliceOp::create(
        b, loc, value, ArrayRef<int64_t>{0}, ArrayRef<int64_t>{lanes / 2},
        ArrayRef<int64_t>{1});
    Value high = vector::ExtractStridedSliceOp::create(
        b, loc, value, ArrayRef<int64_t>{lanes / 2},
        ArrayRef<int64_t>{lanes / 2}, ArrayRef<int64_t>{1});
    value = combine(i, low, high);
  }
  if (plan.span)
    return value;
  return vector::ExtractOp::create(b, loc, value, 0);
}

Value BodyEmitter::keepActive(LaneGroup group, Value value, Value other) {
  if (group.active == plan.lanes)
    return value;
  return arith::SelectOp::create(b, loc, mask(group), value, other);
}

} // namespace foregrad::compiler::rows
