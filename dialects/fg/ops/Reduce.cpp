//===- Reduce.cpp - Sums, softmax -----------------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// sum, softmax.
//
//===----------------------------------------------------------------------===//

#include "dialects/fg/Lowering.h"
#include "dialects/fg/Support.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace foregrad::fg;

//===----------------------------------------------------------------------===//
// sum
//===----------------------------------------------------------------------===//

void SumOp::build(OpBuilder &builder, OperationState &state, Value input,
                  ArrayRef<StringRef> over) {
  build(builder, state, arrayType(input).dropAxes(over), input,
        builder.getStrArrayAttr(over));
}

LogicalResult SumOp::verify() {
  ArrayType input = arrayType(getInput());
  SmallVector<StringRef> over = stringValues(getOver());
  if (failed(verifyFloats(*this, {input, getType()})) ||
      failed(verifyAxisNames(*this, input, over)))
    return failure();
  if (getType() != input.dropAxes(over))
    return emitOpError() << "gives " << getType() << " but the other axes are "
                         << input.dropAxes(over);
  return success();
}

OpFoldResult SumOp::fold(FoldAdaptor adaptor) {
  if (getOver().empty())
    return getInput();
  if (isSplat(adaptor.getInput(), 0.0))
    return splatOf(getContext(), 0.0);
  return {};
}

SmallVector<Tensor> SumOp::evaluate(ArrayRef<Tensor> operands) {
  ArrayType input = arrayType(getInput());
  Locator out(getType(), input);
  Tensor result(getType().getShape());
  size_t position = 0;
  forEachIndex(input.getShape(), [&](ArrayRef<int64_t> index) {
    result.values[out(index)] += operands[0].values[position++];
  });
  return {result};
}

SmallVector<Value> SumOp::lower(OpBuilder &builder, ValueRange operands) {
  if (getOver().empty())
    return {operands[0]};
  return {lowerReduction(
      builder, getLoc(), getType(), 0.0, operands, {arrayType(getInput())},
      [](OpBuilder &inner, Location loc, ValueRange x) {
        return createArith<arith::AddFOp>(inner, loc, x[1], x[0]);
      })};
}

Value SumOp::tangent(OpBuilder &builder, ArrayRef<Value> tangents) {
  if (!tangents[0])
    return {};
  return SumOp::create(builder, getLoc(), tangents[0],
                       ArrayRef<StringRef>(stringValues(getOver())));
}

SmallVector<Value> SumOp::cotangents(OpBuilder &builder, Value cotangent,
                                     ArrayRef<bool> wanted) {
  if (!wanted[0])
    return {Value()};
  return {createExpanded(
      builder, getLoc(), cotangent,
      derivativeType(arrayType(getInput()), extraAxes(cotangent, getType())))};
}

std::optional<AxisPart> SumOp::traceAxis(unsigned, AxisPart part) {
  return traceByName(getResult(), getInput(), part);
}

//===----------------------------------------------------------------------===//
// softmax
//===----------------------------------------------------------------------===//

void SoftmaxOp::build(OpBuilder &builder, OperationState &state, Value input,
                      StringRef over) {
  build(builder, state, input.getType(), input, over);
}

LogicalResult SoftmaxOp::verify() {
  if (failed(verifyFloats(*this, {getType()})))
    return failure();
  return verifyAxisNames(*this, getType(), {getOver()});
}

SmallVector<Tensor> SoftmaxOp::evaluate(ArrayRef<Tensor> operands) {
  ArrayType type = getType(), rest = type.dropAxes({getOver()});
  Locator row(rest, type);
  Tensor largest(rest.getShape(), -std::numeric_limits<double>::infinity());
  Tensor sum(rest.getShape());
  Tensor result = operands[0];
  size_t position = 0;
  forEachIndex(type.getShape(), [&](ArrayRef<int64_t> index) {
    double &best = largest.values[row(index)];
    best = std::max(best, result.values[position++]);
  });
  position = 0;
  forEachIndex(type.getShape(), [&](ArrayRef<int64_t> index) {
    double &value = result.values[position++];
    value = std::exp(value - largest.values[row(index)]);
    sum.values[row(index)] += value;
  });
  position = 0;
  forEachIndex(type.getShape(), [&](ArrayRef<int64_t> index) {
    result.values[position++] /= sum.values[row(index)];
  });
  return {result};
}

SmallVector<Value> SoftmaxOp::lower(OpBuilder &builder, ValueRange operands) {
  ArrayType type = getType(), rest = type.dropAxes({getOver()});
  Location loc = getLoc();
  Value largest = lowerReduction(
      builder, loc, rest, -std::numeric_limits<double>::infinity(), operands,
      {type}, [](OpBuilder &inner, Location l, ValueRange x) -> Value {
        return arith::MaximumFOp::create(inner, l, x[1], x[0]);
      });
  Value powers = lowerElementwise(
      builder, loc, type, {operands[0], largest}, {type, rest},
      [](OpBuilder &inner, Location l, ValueRange x) -> Value {
        return math::ExpOp::create(
            inner, l, createArith<arith::SubFOp>(inner, l, x[0], x[1]));
      });
  Value sum =
      lowerReduction(builder, loc, rest, 0.0, powers, {type},
                     [](OpBuilder &inner, Location l, ValueRange x) {
                       return createArith<arith::AddFOp>(inner, l, x[1], x[0]);
                     });
  return {lowerElementwise(builder, loc, type, {powers, sum}, {type, rest},
                           [](OpBuilder &inner, Location l, ValueRange x) {
                             return createArith<arith::DivFOp>(inner, l, x[0],
                                                               x[1]);
                           })};
}

/// The Jacobian s_i (d_ij - s_j) is symmetric: it serves JVP and VJP.
static Value applyJacobian(SoftmaxOp op, OpBuilder &builder, Value vector) {
  Location loc = op.getLoc();
  ArrayType type =
      derivativeType(op.getType(), extraAxes(vector, op.getType()));
  Value inner = ContractOp::create(
      builder, loc, op.getResult(), vector,
      ArrayRef<StringRef>(axisNames(type.dropAxes({op.getOver()}))));
  Value centred = SubOp::create(builder, loc, type, vector, inner);
  return MulOp::create(builder, loc, type, centred, op.getResult());
}

Value SoftmaxOp::tangent(OpBuilder &builder, ArrayRef<Value> tangents) {
  return tangents[0] ? applyJacobian(*this, builder, tangents[0]) : Value();
}

SmallVector<Value> SoftmaxOp::cotangents(OpBuilder &builder, Value cotangent,
                                         ArrayRef<bool> wanted) {
  return {wanted[0] ? applyJacobian(*this, builder, cotangent) : Value()};
}

std::optional<AxisPart> SoftmaxOp::traceAxis(unsigned, AxisPart part) {
  if (getType().getAxes()[part.axis].getName() == getOver())
    return std::nullopt;
  return part;
}
