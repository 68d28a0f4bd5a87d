//===- Norm.cpp - Layer norm without affine part --------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// norm, norm_jacobian.
//
//===----------------------------------------------------------------------===//

#include "dialects/fg/Lowering.h"
#include "dialects/fg/Support.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <cmath>

using namespace mlir;
using namespace foregrad::fg;

/// How many numbers of an array of `type` are normalised together.
static int64_t countOver(ArrayType type, ArrayRef<StringRef> over) {
  int64_t count = 1;
  for (StringRef name : over)
    count *= type.getAxes()[type.findAxis(name)].getSize();
  return count;
}

/// Sum over `over` of the reference.
static Tensor sumOver(ArrayType type, const Tensor &values, ArrayType rest) {
  Locator row(rest, type);
  Tensor sum(rest.getShape());
  size_t position = 0;
  forEachIndex(type.getShape(), [&](ArrayRef<int64_t> index) {
    sum.values[row(index)] += values.values[position++];
  });
  return sum;
}

//===----------------------------------------------------------------------===//
// norm
//===----------------------------------------------------------------------===//

void NormOp::build(OpBuilder &builder, OperationState &state, Value input,
                   ArrayRef<StringRef> over, double epsilon) {
  build(builder, state, input.getType(), arrayType(input).dropAxes(over), input,
        builder.getStrArrayAttr(over), builder.getF64FloatAttr(epsilon),
        /*frozen=*/UnitAttr());
}

LogicalResult NormOp::verify() {
  ArrayType input = arrayType(getInput());
  ArrayType deviation = arrayType(getInverseDeviation());
  SmallVector<StringRef> over = stringValues(getOver());
  if (failed(verifyFloats(*this, {input, deviation})) ||
      failed(verifyAxisNames(*this, input, over)))
    return failure();
  if (over.empty())
    return emitOpError() << "names no axis";
  if (deviation != input.dropAxes(over))
    return emitOpError() << "the inverse deviation has type " << deviation
                         << " but the axes not normalised over are "
                         << input.dropAxes(over);
  if (!(getEpsilon().convertToDouble() >= 0.0) || !getEpsilon().isFinite())
    return emitOpError() << "epsilon must be a number and not negative";
  return success();
}

SmallVector<Tensor> NormOp::evaluate(ArrayRef<Tensor> operands) {
  ArrayType type = arrayType(getInput());
  ArrayType rest = arrayType(getInverseDeviation());
  double count = static_cast<double>(countOver(type, stringValues(getOver())));
  Tensor mean = sumOver(type, operands[0], rest);
  for (double &value : mean.values)
    value /= count;
  Tensor centred =
      evaluateElementwise(type, {operands[0], mean}, {type, rest},
                          [](ArrayRef<double> x) { return x[0] - x[1]; });
  Tensor squares = centred;
  for (double &value : squares.values)
    value *= value;
  Tensor inverse = sumOver(type, squares, rest);
  for (double &value : inverse.values)
    value = 1.0 / std::sqrt(value / count + getEpsilon().convertToDouble());
  Tensor result =
      evaluateElementwise(type, {centred, inverse}, {type, rest},
                          [](ArrayRef<double> x) { return x[0] * x[1]; });
  return {result, inverse};
}

SmallVector<Value> NormOp::lower(OpBuilder &builder, ValueRange operands) {
  ArrayType type = arrayType(getInput());
  ArrayType rest = arrayType(getInverseDeviation());
  Type element = type.getElementType();
  double inverseCount =
      1.0 / static_cast<double>(countOver(type, stringValues(getOver())));
  // x - sum x / count
  auto centred = [&](OpBuilder &inner, Location l, Value x, Value sum) {
    Value mean = createArith<arith::MulFOp>(
        inner, l, sum, createScalar(inner, l, element, inverseCount));
    return createArith<arith::SubFOp>(inner, l, x, mean);
  };
  Value sum =
      lowerReduction(builder, getLoc(), rest, 0.0, operands, {type},
                     [](OpBuilder &inner, Location l, ValueRange x) {
                       return createArith<arith::AddFOp>(inner, l, x[1], x[0]);
                     });
  Value squares = lowerReduction(
      builder, getLoc(), rest, 0.0, {operands[0], sum}, {type, rest},
      [&](OpBuilder &inner, Location l, ValueRange x) {
        Value difference = centred(inner, l, x[0], x[1]);
        return createArith<arith::AddFOp>(
            inner, l, x[2],
            createArith<arith::MulFOp>(inner, l, difference, difference));
      });
  Value inverse = lowerElementwise(
      builder, getLoc(), rest, squares, {rest},
      [&](OpBuilder &inner, Location l, ValueRange x) {
        Value variance = createArith<arith::MulFOp>(
            inner, l, x[0], createScalar(inner, l, element, inverseCount));
        Value shifted = createArith<arith::AddFOp>(
            inner, l, variance,
            createScalar(inner, l, element, getEpsilon().convertToDouble()));
        Value deviation = math::SqrtOp::create(inner, l, shifted, kScalarFlags);
        return createArith<arith::DivFOp>(
            inner, l, createScalar(inner, l, element, 1.0), deviation);
      });
  Value result = lowerElementwise(
      builder, getLoc(), type, {operands[0], sum, inverse}, {type, rest, rest},
      [&](OpBuilder &inner, Location l, ValueRange x) {
        return createArith<arith::MulFOp>(inner, l,
                                          centred(inner, l, x[0], x[1]), x[2]);
      });
  return {result, inverse};
}

/// The Jacobian is symmetric: it serves JVP and VJP.
static Value applyJacobian(NormOp op, OpBuilder &builder, Value vector) {
  vector =
      createCanonical(builder, op.getLoc(), vector, arrayType(op.getInput()));
  if (op.getFrozen())
    return MulOp::create(builder, op.getLoc(), vector,
                         op.getInverseDeviation());
  return NormJacobianOp::create(builder, op.getLoc(), vector.getType(),
                                op.getResult(), op.getInverseDeviation(),
                                vector, op.getOver());
}

Value NormOp::tangent(OpBuilder &builder, ArrayRef<Value> tangents) {
  return tangents[0] ? applyJacobian(*this, builder, tangents[0]) : Value();
}

SmallVector<Value> NormOp::cotangents(OpBuilder &builder, Value cotangent,
                                      ArrayRef<bool> wanted) {
  return {wanted[0] ? applyJacobian(*this, builder, cotangent) : Value()};
}

std::optional<AxisPart> NormOp::traceAxis(unsigned, AxisPart part) {
  StringRef name = arrayType(getInput()).getAxes()[part.axis].getName();
  if (llvm::is_contained(stringValues(getOver()), name))
    return std::nullopt;
  return part;
}

void NormOp::freezeStatistics() { setFrozen(true); }

//===----------------------------------------------------------------------===//
// norm_jacobian
//===----------------------------------------------------------------------===//

LogicalResult NormJacobianOp::verify() {
  ArrayType normalized = arrayType(getNormalized());
  ArrayType inverse = arrayType(getInverseDeviation());
  SmallVector<StringRef> over = stringValues(getOver());
  if (failed(verifyFloats(*this, {normalized, inverse, getType()})) ||
      failed(verifyAxisNames(*this, normalized, over)) ||
      failed(verifyAxesWithin(*this, "the normalized array", normalized,
                              "the vector", getType())))
    return failure();
  if (inverse != normalized.dropAxes(over))
    return emitOpError() << "the inverse deviation has type " << inverse
                         << " but the axes not normalised over are "
                         << normalized.dropAxes(over);
  return success();
}

OpFoldResult NormJacobianOp::fold(FoldAdaptor adaptor) {
  if (isSplat(adaptor.getVector(), 0.0))
    return splatOf(getContext(), 0.0);
  return {};
}

SmallVector<Tensor> NormJacobianOp::evaluate(ArrayRef<Tensor> operands) {
  ArrayType z = arrayType(getNormalized());
  ArrayType r = arrayType(getInverseDeviation());
  ArrayType v = getType();
  SmallVector<StringRef> over = stringValues(getOver());
  ArrayType rest = v.dropAxes(over);
  double count = static_cast<double>(countOver(v, over));
  Tensor products =
      evaluateElementwise(v, {operands[0], operands[2]}, {z, v},
                          [](ArrayRef<double> x) { return x[0] * x[1]; });
  Tensor sum = sumOver(v, operands[2], rest);
  Tensor projection = sumOver(v, products, rest);
  return {evaluateElementwise(
      v, {operands[0], operands[1], operands[2], sum, projection},
      {z, r, v, rest, rest}, [&](ArrayRef<double> x) {
        return x[1] * (x[2] - x[3] / count - x[0] * x[4] / count);
      })};
}

SmallVector<Value> NormJacobianOp::lower(OpBuilder &builder,
                                         ValueRange operands) {
  ArrayType z = arrayType(getNormalized());
  ArrayType r = arrayType(getInverseDeviation());
  ArrayType v = getType();
  SmallVector<StringRef> over = stringValues(getOver());
  ArrayType rest = v.dropAxes(over);
  double inverseCount = 1.0 / static_cast<double>(countOver(v, over));
  Value sum =
      lowerReduction(builder, getLoc(), rest, 0.0, operands[2], {v},
                     [](OpBuilder &inner, Location l, ValueRange x) {
                       return createArith<arith::AddFOp>(inner, l, x[1], x[0]);
                     });
  Value projection = lowerReduction(
      builder, getLoc(), rest, 0.0, {operands[2], operands[0]}, {v, z},
      [](OpBuilder &inner, Location l, ValueRange x) {
        return createArith<arith::AddFOp>(
            inner, l, x[2], createArith<arith::MulFOp>(inner, l, x[0], x[1]));
      });
  return {lowerElementwise(
      builder, getLoc(), v,
      {operands[0], operands[1], operands[2], sum, projection},
      {z, r, v, rest, rest}, [&](OpBuilder &inner, Location l, ValueRange x) {
        Value scale = createScalar(inner, l, v.getElementType(), inverseCount);
        Value mean = createArith<arith::MulFOp>(inner, l, x[3], scale);
        Value share = createArith<arith::MulFOp>(inner, l, x[4], scale);
        Value along = createArith<arith::MulFOp>(inner, l, x[0], share);
        Value centred = createArith<arith::SubFOp>(inner, l, x[2], mean);
        Value result = createArith<arith::SubFOp>(inner, l, centred, along);
        return createArith<arith::MulFOp>(inner, l, result, x[1]);
      })};
}
