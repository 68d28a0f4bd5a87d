//===- Loss.cpp - Losses of a sample --------------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// cross_entropy, squared_error, one_hot. Both losses have the gradient
// (prediction or its softmax) - onehot(label).
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

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

static LogicalResult verifyLabel(Operation *op, ArrayType label) {
  if (!isa<IntegerType>(label.getElementType()))
    return op->emitOpError()
           << "labels are integers, not " << label.getElementType();
  return success();
}

template <typename OpTy> static LogicalResult verifyLoss(OpTy op) {
  ArrayType prediction = arrayType(op.getPrediction());
  ArrayType label = arrayType(op.getLabel());
  if (failed(verifyFloats(op, {prediction, op.getType()})) ||
      failed(verifyLabel(op, label)) ||
      failed(verifyAxisNames(op, prediction, {op.getOver()})))
    return failure();
  ArrayType result = prediction.dropAxes({op.getOver()});
  if (op.getType() != result)
    return op.emitOpError()
           << "gives " << op.getType()
           << " but there is one loss for each element of " << result;
  return verifyAxesWithin(op, "the label", label, "the result", result);
}

/// onehot(label) with the axes of the prediction.
template <typename OpTy>
static Value createTarget(OpTy op, OpBuilder &builder) {
  return OneHotOp::create(builder, op.getLoc(), op.getPrediction().getType(),
                          op.getLabel());
}

static Value createError(CrossEntropyOp op, OpBuilder &builder) {
  Value softmax =
      SoftmaxOp::create(builder, op.getLoc(), op.getPrediction(), op.getOver());
  return SubOp::create(builder, op.getLoc(), softmax,
                       createTarget(op, builder));
}

static Value createError(SquaredErrorOp op, OpBuilder &builder) {
  return SubOp::create(builder, op.getLoc(), op.getPrediction(),
                       createTarget(op, builder));
}

template <typename OpTy>
static Value lossTangent(OpTy op, OpBuilder &builder,
                         ArrayRef<Value> tangents) {
  if (!tangents[0])
    return {};
  ArrayType type = derivativeType(
      op.getType(), extraAxes(tangents[0], arrayType(op.getPrediction())));
  return ContractOp::create(builder, op.getLoc(), createError(op, builder),
                            tangents[0], ArrayRef<StringRef>(axisNames(type)));
}

template <typename OpTy>
static SmallVector<Value> lossCotangents(OpTy op, OpBuilder &builder,
                                         Value cotangent,
                                         ArrayRef<bool> wanted) {
  if (!wanted[0])
    return {Value(), Value()};
  ArrayType type = derivativeType(arrayType(op.getPrediction()),
                                  extraAxes(cotangent, op.getType()));
  return {MulOp::create(builder, op.getLoc(), type, createError(op, builder),
                        cotangent),
          Value()};
}

/// Position of the label's class among the predictions, for each loss.
static bool isLabelled(double label, int64_t index) {
  return label == static_cast<double>(index);
}

//===----------------------------------------------------------------------===//
// cross_entropy
//===----------------------------------------------------------------------===//

LogicalResult CrossEntropyOp::verify() { return verifyLoss(*this); }

SmallVector<Tensor> CrossEntropyOp::evaluate(ArrayRef<Tensor> operands) {
  ArrayType type = arrayType(getPrediction());
  Locator row(getType(), type), label(arrayType(getLabel()), type);
  int64_t over = type.findAxis(getOver());
  Tensor largest(getType().getShape(), -kInfinity);
  Tensor sum(getType().getShape()), picked(getType().getShape());
  size_t position = 0;
  forEachIndex(type.getShape(), [&](ArrayRef<int64_t> index) {
    double value = operands[0].values[position++];
    largest.values[row(index)] = std::max(largest.values[row(index)], value);
    if (isLabelled(operands[1].values[label(index)], index[over]))
      picked.values[row(index)] = value;
  });
  position = 0;
  forEachIndex(type.getShape(), [&](ArrayRef<int64_t> index) {
    sum.values[row(index)] +=
        std::exp(operands[0].values[position++] - largest.values[row(index)]);
  });
  Tensor result(getType().getShape());
  for (int64_t i = 0; i < result.size(); ++i)
    result.values[i] =
        std::log(sum.values[i]) + largest.values[i] - picked.values[i];
  return {result};
}

SmallVector<Value> CrossEntropyOp::lower(OpBuilder &builder,
                                         ValueRange operands) {
  ArrayType type = arrayType(getPrediction()), rest = getType();
  ArrayType label = arrayType(getLabel());
  Type element = type.getElementType();
  Location loc = getLoc();
  Value largest =
      lowerReduction(builder, loc, rest, -kInfinity, operands[0], {type},
                     [](OpBuilder &inner, Location l, ValueRange x) -> Value {
                       return arith::MaximumFOp::create(inner, l, x[1], x[0]);
                     });
  Value sum = lowerReduction(
      builder, loc, rest, 0.0, {operands[0], largest}, {type, rest},
      [](OpBuilder &inner, Location l, ValueRange x) {
        Value power = math::ExpOp::create(
            inner, l, createArith<arith::SubFOp>(inner, l, x[0], x[1]));
        return createArith<arith::AddFOp>(inner, l, x[2], power);
      });
  Value picked = lowerIndexedReduction(
      builder, loc, rest, 0.0, getOver(), operands, {type, label},
      [&](OpBuilder &inner, Location l, ValueRange x) {
        Value chosen = arith::SelectOp::create(
            inner, l, createLabelEquals(inner, l, x[2], x[0]), x[1],
            createScalar(inner, l, element, 0.0));
        return createArith<arith::AddFOp>(inner, l, x[3], chosen);
      });
  return {lowerElementwise(
      builder, loc, rest, {sum, largest, picked}, {rest, rest, rest},
      [](OpBuilder &inner, Location l, ValueRange x) {
        Value logarithm = math::LogOp::create(inner, l, x[0]);
        return createArith<arith::SubFOp>(
            inner, l, createArith<arith::AddFOp>(inner, l, logarithm, x[1]),
            x[2]);
      })};
}

Value CrossEntropyOp::tangent(OpBuilder &builder, ArrayRef<Value> tangents) {
  return lossTangent(*this, builder, tangents);
}

SmallVector<Value> CrossEntropyOp::cotangents(OpBuilder &builder,
                                              Value cotangent,
                                              ArrayRef<bool> wanted) {
  return lossCotangents(*this, builder, cotangent, wanted);
}

std::optional<AxisPart> CrossEntropyOp::traceAxis(unsigned operand,
                                                  AxisPart part) {
  return traceByName(getResult(), getOperand(operand), part);
}

//===----------------------------------------------------------------------===//
// squared_error
//===----------------------------------------------------------------------===//

LogicalResult SquaredErrorOp::verify() { return verifyLoss(*this); }

SmallVector<Tensor> SquaredErrorOp::evaluate(ArrayRef<Tensor> operands) {
  ArrayType type = arrayType(getPrediction());
  Locator row(getType(), type), label(arrayType(getLabel()), type);
  int64_t over = type.findAxis(getOver());
  Tensor result(getType().getShape());
  size_t position = 0;
  forEachIndex(type.getShape(), [&](ArrayRef<int64_t> index) {
    double target =
        isLabelled(operands[1].values[label(index)], index[over]) ? 1.0 : 0.0;
    double error = operands[0].values[position++] - target;
    result.values[row(index)] += 0.5 * error * error;
  });
  return {result};
}

SmallVector<Value> SquaredErrorOp::lower(OpBuilder &builder,
                                         ValueRange operands) {
  ArrayType type = arrayType(getPrediction());
  ArrayType label = arrayType(getLabel());
  Type element = type.getElementType();
  Value sum = lowerIndexedReduction(
      builder, getLoc(), getType(), 0.0, getOver(), operands, {type, label},
      [&](OpBuilder &inner, Location l, ValueRange x) {
        Value target = arith::SelectOp::create(
            inner, l, createLabelEquals(inner, l, x[2], x[0]),
            createScalar(inner, l, element, 1.0),
            createScalar(inner, l, element, 0.0));
        Value error = createArith<arith::SubFOp>(inner, l, x[1], target);
        return createArith<arith::AddFOp>(
            inner, l, x[3], createArith<arith::MulFOp>(inner, l, error, error));
      });
  return {lowerElementwise(builder, getLoc(), getType(), sum, {getType()},
                           [&](OpBuilder &inner, Location l, ValueRange x) {
                             return createArith<arith::MulFOp>(
                                 inner, l, x[0],
                                 createScalar(inner, l, element, 0.5));
                           })};
}

Value SquaredErrorOp::tangent(OpBuilder &builder, ArrayRef<Value> tangents) {
  return lossTangent(*this, builder, tangents);
}

SmallVector<Value> SquaredErrorOp::cotangents(OpBuilder &builder,
                                              Value cotangent,
                                              ArrayRef<bool> wanted) {
  return lossCotangents(*this, builder, cotangent, wanted);
}

std::optional<AxisPart> SquaredErrorOp::traceAxis(unsigned operand,
                                                  AxisPart part) {
  return traceByName(getResult(), getOperand(operand), part);
}

//===----------------------------------------------------------------------===//
// one_hot
//===----------------------------------------------------------------------===//

/// Position of the axis that the label lacks.
static int64_t classAxis(OneHotOp op) {
  ArrayType label = arrayType(op.getLabel());
  for (auto [position, axis] : llvm::enumerate(op.getType().getAxes()))
    if (!label.hasAxis(axis.getName()))
      return static_cast<int64_t>(position);
  return -1;
}

LogicalResult OneHotOp::verify() {
  ArrayType label = arrayType(getLabel());
  if (failed(verifyFloats(*this, {getType()})) ||
      failed(verifyLabel(*this, label)) ||
      failed(
          verifyAxesWithin(*this, "the label", label, "the result", getType())))
    return failure();
  if (getType().getRank() != label.getRank() + 1)
    return emitOpError() << "the result must have one axis more than the label";
  return success();
}

SmallVector<Tensor> OneHotOp::evaluate(ArrayRef<Tensor> operands) {
  Locator label(arrayType(getLabel()), getType());
  int64_t axis = classAxis(*this);
  Tensor result(getType().getShape());
  size_t position = 0;
  forEachIndex(getType().getShape(), [&](ArrayRef<int64_t> index) {
    result.values[position++] =
        isLabelled(operands[0].values[label(index)], index[axis]) ? 1.0 : 0.0;
  });
  return {result};
}

SmallVector<Value> OneHotOp::lower(OpBuilder &builder, ValueRange operands) {
  Type element = getType().getElementType();
  return {lowerElementwise(
      builder, getLoc(), getType(), operands, {arrayType(getLabel())},
      [&](OpBuilder &inner, Location loc, ValueRange x) -> Value {
        Value index = linalg::IndexOp::create(inner, loc, classAxis(*this));
        return arith::SelectOp::create(
            inner, loc, createLabelEquals(inner, loc, x[0], index),
            createScalar(inner, loc, element, 1.0),
            createScalar(inner, loc, element, 0.0));
      })};
}
