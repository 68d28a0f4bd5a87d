//===- Elementwise.cpp - Elementwise ops ----------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// constant, add, sub, mul, scale, relu, positive.
//
//===----------------------------------------------------------------------===//

#include "dialects/fg/Lowering.h"
#include "dialects/fg/Support.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace foregrad::fg;

//===----------------------------------------------------------------------===//
// constant
//===----------------------------------------------------------------------===//

void ConstantOp::build(OpBuilder &builder, OperationState &state,
                       ArrayType type, double splat) {
  build(builder, state, type, builder.getDenseF64ArrayAttr({splat}));
}

LogicalResult ConstantOp::verify() {
  ArrayType type = getType();
  // A single whole number may be an integer (a step).
  bool isInteger = type.getRank() == 0 && type.getElementType().isInteger(64);
  if (!isInteger && failed(verifyFloats(*this, {type})))
    return failure();
  int64_t given = static_cast<int64_t>(getValues().size());
  if (given != 1 && given != type.getNumElements())
    return emitOpError() << "gives " << given << " numbers for an array of "
                         << type.getNumElements()
                         << "; one number or all of them are needed";
  return success();
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValuesAttr(); }

SmallVector<Tensor> ConstantOp::evaluate(ArrayRef<Tensor>) {
  Tensor result(getType().getShape(), getValues()[0]);
  if (!isSplat())
    llvm::copy(getValues(), result.values.begin());
  if (getType().getElementType().isInteger(64))
    result.integer = static_cast<uint64_t>(getValues()[0]);
  return {result};
}

/// Arrays up to this size become a chain of selects instead of data in memory.
static constexpr int64_t kMostSelects = 64;

SmallVector<Value> ConstantOp::lower(OpBuilder &builder, ValueRange) {
  ArrayType type = getType();
  Type element = type.getElementType();
  if (element.isInteger(64)) {
    Attribute number =
        builder.getI64IntegerAttr(static_cast<int64_t>(getValues()[0]));
    return {arith::ConstantOp::create(
        builder, getLoc(),
        DenseElementsAttr::get(type.getTensorType(), number))};
  }
  if (!isSplat() && type.getNumElements() > kMostSelects) {
    SmallVector<Attribute> numbers;
    for (double number : getValues())
      numbers.push_back(builder.getFloatAttr(element, number));
    return {arith::ConstantOp::create(
        builder, getLoc(),
        DenseElementsAttr::get(type.getTensorType(), numbers))};
  }
  auto body = [&](OpBuilder &inner, Location loc, ValueRange) -> Value {
    if (isSplat())
      return createScalar(inner, loc, element, getValues()[0]);
    Value position;
    for (auto [axis, shape] : llvm::enumerate(type.getAxes())) {
      Value index =
          linalg::IndexOp::create(inner, loc, static_cast<int64_t>(axis));
      if (!position) {
        position = index;
        continue;
      }
      Value size = arith::ConstantIndexOp::create(inner, loc, shape.getSize());
      position = arith::AddIOp::create(
          inner, loc, arith::MulIOp::create(inner, loc, position, size), index);
    }
    Value chosen = createScalar(inner, loc, element, getValues()[0]);
    for (int64_t i = 1; i < type.getNumElements(); ++i) {
      Value here =
          arith::CmpIOp::create(inner, loc, arith::CmpIPredicate::eq, position,
                                arith::ConstantIndexOp::create(inner, loc, i));
      chosen = arith::SelectOp::create(
          inner, loc, here, createScalar(inner, loc, element, getValues()[i]),
          chosen);
    }
    return chosen;
  };
  return {lowerElementwise(builder, getLoc(), type, {}, {}, body)};
}

//===----------------------------------------------------------------------===//
// add, sub, mul: what they share
//===----------------------------------------------------------------------===//

static ArrayType inferBinary(Value lhs, Value rhs) {
  ArrayType more = arrayType(lhs), other = arrayType(rhs);
  if (other.getRank() > more.getRank())
    std::swap(more, other);
  SmallVector<AxisAttr> extras;
  for (AxisAttr axis : other.getAxes())
    if (!more.hasAxis(axis.getName()))
      extras.push_back(axis);
  return derivativeType(more, extras);
}

static LogicalResult verifyBinary(Operation *op) {
  ArrayType lhs = arrayType(op->getOperand(0));
  ArrayType rhs = arrayType(op->getOperand(1));
  ArrayType result = arrayType(op->getResult(0));
  if (failed(verifyFloats(op, {lhs, rhs, result})) ||
      failed(verifyAxesWithin(op, "the left operand", lhs, "the result",
                              result)) ||
      failed(
          verifyAxesWithin(op, "the right operand", rhs, "the result", result)))
    return failure();
  for (AxisAttr axis : result.getAxes())
    if (!lhs.hasAxis(axis.getName()) && !rhs.hasAxis(axis.getName()))
      return op->emitOpError() << "the result has an axis " << axis.getName()
                               << ", no operand has it";
  return success();
}

/// The type of the result's tangent, for the given tangents of the operands.
static ArrayType binaryTangentType(Operation *op, ArrayRef<Value> tangents) {
  SmallVector<AxisAttr> extras;
  for (unsigned i = 0; i < 2; ++i)
    addAxes(extras, extraAxes(tangents[i], arrayType(op->getOperand(i))));
  return derivativeType(arrayType(op->getResult(0)), extras);
}

template <typename OpTy, typename Function>
static Tensor evaluateBinary(OpTy op, ArrayRef<Tensor> operands,
                             Function function) {
  return evaluateElementwise(
      op.getType(), operands, {arrayType(op.getLhs()), arrayType(op.getRhs())},
      [&](ArrayRef<double> x) { return function(x[0], x[1]); });
}

template <typename ArithTy, typename OpTy>
static Value lowerBinary(OpTy op, OpBuilder &builder, ValueRange operands) {
  return lowerElementwise(builder, op.getLoc(), op.getType(), operands,
                          {arrayType(op.getLhs()), arrayType(op.getRhs())},
                          [](OpBuilder &inner, Location loc, ValueRange x) {
                            return createArith<ArithTy>(inner, loc, x[0], x[1]);
                          });
}

/// The cotangent of an operand that goes into the result as it is.
static Value sumToOperand(OpBuilder &builder, Operation *op, unsigned operand,
                          Value cotangent) {
  SmallVector<AxisAttr> extras =
      extraAxes(cotangent, arrayType(op->getResult(0)));
  SmallVector<StringRef> keep = llvm::map_to_vector(
      extras, [](AxisAttr axis) { return axis.getName().getValue(); });
  return createSumTo(builder, op->getLoc(), cotangent,
                     arrayType(op->getOperand(operand)), keep);
}

static Value negate(OpBuilder &builder, Location loc, Value value) {
  return ScaleOp::create(builder, loc, value, -1.0);
}

//===----------------------------------------------------------------------===//
// add
//===----------------------------------------------------------------------===//

void AddOp::build(OpBuilder &builder, OperationState &state, Value lhs,
                  Value rhs) {
  build(builder, state, inferBinary(lhs, rhs), lhs, rhs);
}

LogicalResult AddOp::verify() { return verifyBinary(*this); }

OpFoldResult AddOp::fold(FoldAdaptor adaptor) {
  if (isSplat(adaptor.getRhs(), 0.0) && getLhs().getType() == getType())
    return getLhs();
  if (isSplat(adaptor.getLhs(), 0.0) && getRhs().getType() == getType())
    return getRhs();
  return {};
}

SmallVector<Tensor> AddOp::evaluate(ArrayRef<Tensor> operands) {
  return {evaluateBinary(*this, operands, std::plus<double>())};
}

SmallVector<Value> AddOp::lower(OpBuilder &builder, ValueRange operands) {
  return {lowerBinary<arith::AddFOp>(*this, builder, operands)};
}

Value AddOp::tangent(OpBuilder &builder, ArrayRef<Value> tangents) {
  if (!tangents[0] && !tangents[1])
    return {};
  ArrayType type = binaryTangentType(*this, tangents);
  if (tangents[0] && tangents[1])
    return AddOp::create(builder, getLoc(), type, tangents[0], tangents[1]);
  return createExpanded(builder, getLoc(),
                        tangents[0] ? tangents[0] : tangents[1], type);
}

SmallVector<Value> AddOp::cotangents(OpBuilder &builder, Value cotangent,
                                     ArrayRef<bool> wanted) {
  SmallVector<Value> result(2);
  for (unsigned i = 0; i < 2; ++i)
    if (wanted[i])
      result[i] = sumToOperand(builder, *this, i, cotangent);
  return result;
}

std::optional<AxisPart> AddOp::traceAxis(unsigned operand, AxisPart part) {
  return traceByName(getResult(), getOperand(operand), part);
}

//===----------------------------------------------------------------------===//
// sub
//===----------------------------------------------------------------------===//

void SubOp::build(OpBuilder &builder, OperationState &state, Value lhs,
                  Value rhs) {
  build(builder, state, inferBinary(lhs, rhs), lhs, rhs);
}

LogicalResult SubOp::verify() { return verifyBinary(*this); }

OpFoldResult SubOp::fold(FoldAdaptor adaptor) {
  if (isSplat(adaptor.getRhs(), 0.0) && getLhs().getType() == getType())
    return getLhs();
  return {};
}

SmallVector<Tensor> SubOp::evaluate(ArrayRef<Tensor> operands) {
  return {evaluateBinary(*this, operands, std::minus<double>())};
}

SmallVector<Value> SubOp::lower(OpBuilder &builder, ValueRange operands) {
  return {lowerBinary<arith::SubFOp>(*this, builder, operands)};
}

Value SubOp::tangent(OpBuilder &builder, ArrayRef<Value> tangents) {
  if (!tangents[0] && !tangents[1])
    return {};
  ArrayType type = binaryTangentType(*this, tangents);
  if (tangents[0] && tangents[1])
    return SubOp::create(builder, getLoc(), type, tangents[0], tangents[1]);
  if (tangents[0])
    return createExpanded(builder, getLoc(), tangents[0], type);
  return createExpanded(builder, getLoc(),
                        negate(builder, getLoc(), tangents[1]), type);
}

SmallVector<Value> SubOp::cotangents(OpBuilder &builder, Value cotangent,
                                     ArrayRef<bool> wanted) {
  SmallVector<Value> result(2);
  if (wanted[0])
    result[0] = sumToOperand(builder, *this, 0, cotangent);
  if (wanted[1])
    result[1] =
        negate(builder, getLoc(), sumToOperand(builder, *this, 1, cotangent));
  return result;
}

std::optional<AxisPart> SubOp::traceAxis(unsigned operand, AxisPart part) {
  return traceByName(getResult(), getOperand(operand), part);
}

//===----------------------------------------------------------------------===//
// mul
//===----------------------------------------------------------------------===//

void MulOp::build(OpBuilder &builder, OperationState &state, Value lhs,
                  Value rhs) {
  build(builder, state, inferBinary(lhs, rhs), lhs, rhs);
}

LogicalResult MulOp::verify() { return verifyBinary(*this); }

/// Whether both are masks of the same array.
static bool isSameMask(Value x, Value y) {
  auto left = x.getDefiningOp<PositiveOp>(),
       right = y.getDefiningOp<PositiveOp>();
  return left && right && left.getInput() == right.getInput();
}

/// Whether `product` is cut by `mask` already.
static bool isCutBy(MulOp product, Value mask) {
  return isSameMask(product.getLhs(), mask) ||
         isSameMask(product.getRhs(), mask);
}

OpFoldResult MulOp::fold(FoldAdaptor adaptor) {
  if (isSplat(adaptor.getLhs(), 0.0) || isSplat(adaptor.getRhs(), 0.0))
    return splatOf(getContext(), 0.0);
  if (isSplat(adaptor.getRhs(), 1.0) && getLhs().getType() == getType())
    return getLhs();
  if (isSplat(adaptor.getLhs(), 1.0) && getRhs().getType() == getType())
    return getRhs();
  // What a mask has cut, it need not cut again.
  for (auto [cut, mask] :
       {std::pair(getLhs(), getRhs()), std::pair(getRhs(), getLhs())})
    if (auto product = cut.getDefiningOp<MulOp>();
        product && isCutBy(product, mask) && product.getType() == getType())
      return product.getResult();
  return {};
}

SmallVector<Tensor> MulOp::evaluate(ArrayRef<Tensor> operands) {
  return {evaluateBinary(*this, operands, std::multiplies<double>())};
}

SmallVector<Value> MulOp::lower(OpBuilder &builder, ValueRange operands) {
  return {lowerBinary<arith::MulFOp>(*this, builder, operands)};
}

Value MulOp::tangent(OpBuilder &builder, ArrayRef<Value> tangents) {
  if (!tangents[0] && !tangents[1])
    return {};
  ArrayType type = binaryTangentType(*this, tangents);
  Value left, right;
  if (tangents[0])
    left = MulOp::create(
        builder, getLoc(),
        derivativeType(getType(), extraAxes(tangents[0], arrayType(getLhs()))),
        tangents[0], getRhs());
  if (tangents[1])
    right = MulOp::create(
        builder, getLoc(),
        derivativeType(getType(), extraAxes(tangents[1], arrayType(getRhs()))),
        getLhs(), tangents[1]);
  if (left && right)
    return AddOp::create(builder, getLoc(), type, left, right);
  return left ? left : right;
}

SmallVector<Value> MulOp::cotangents(OpBuilder &builder, Value cotangent,
                                     ArrayRef<bool> wanted) {
  SmallVector<Value> result(2);
  for (unsigned i = 0; i < 2; ++i) {
    if (!wanted[i])
      continue;
    Value other = getOperand(1 - i);
    ArrayType own = arrayType(getOperand(i));
    ArrayType type = derivativeType(own, extraAxes(cotangent, getType()));
    // Every axis that the operand lacks is an axis of the other one, so that
    // the product and the sum over it are one contraction.
    if (own.getRank() == getType().getRank())
      result[i] = MulOp::create(builder, getLoc(), type, cotangent, other);
    else
      result[i] = ContractOp::create(builder, getLoc(), cotangent, other,
                                     ArrayRef<StringRef>(axisNames(type)));
  }
  return result;
}

std::optional<AxisPart> MulOp::traceAxis(unsigned operand, AxisPart part) {
  return traceByName(getResult(), getOperand(operand), part);
}

//===----------------------------------------------------------------------===//
// scale
//===----------------------------------------------------------------------===//

void ScaleOp::build(OpBuilder &builder, OperationState &state, Value input,
                    double factor) {
  build(builder, state, input.getType(), input,
        builder.getF64FloatAttr(factor));
}

LogicalResult ScaleOp::verify() { return verifyFloats(*this, {getType()}); }

OpFoldResult ScaleOp::fold(FoldAdaptor adaptor) {
  double factor = getFactor().convertToDouble();
  if (factor == 1.0)
    return getInput();
  if (factor == 0.0)
    return splatOf(getContext(), 0.0);
  if (auto values = dyn_cast_or_null<DenseF64ArrayAttr>(adaptor.getInput())) {
    SmallVector<double> scaled = llvm::map_to_vector(
        values.asArrayRef(), [&](double value) { return value * factor; });
    return DenseF64ArrayAttr::get(getContext(), scaled);
  }
  if (auto inner = getInput().getDefiningOp<ScaleOp>()) {
    setFactor(APFloat(factor * inner.getFactor().convertToDouble()));
    getInputMutable().assign(inner.getInput());
    return getResult();
  }
  return {};
}

SmallVector<Tensor> ScaleOp::evaluate(ArrayRef<Tensor> operands) {
  Tensor result = operands[0];
  for (double &value : result.values)
    value *= getFactor().convertToDouble();
  return {result};
}

SmallVector<Value> ScaleOp::lower(OpBuilder &builder, ValueRange operands) {
  return {lowerElementwise(builder, getLoc(), getType(), operands, {getType()},
                           [&](OpBuilder &inner, Location loc, ValueRange x) {
                             return createArith<arith::MulFOp>(
                                 inner, loc, x[0],
                                 createScalar(inner, loc,
                                              getType().getElementType(),
                                              getFactor().convertToDouble()));
                           })};
}

Value ScaleOp::tangent(OpBuilder &builder, ArrayRef<Value> tangents) {
  if (!tangents[0])
    return {};
  return ScaleOp::create(builder, getLoc(), tangents[0],
                         getFactor().convertToDouble());
}

SmallVector<Value> ScaleOp::cotangents(OpBuilder &builder, Value cotangent,
                                       ArrayRef<bool> wanted) {
  if (!wanted[0])
    return {Value()};
  return {ScaleOp::create(builder, getLoc(), cotangent,
                          getFactor().convertToDouble())};
}

std::optional<AxisPart> ScaleOp::traceAxis(unsigned, AxisPart part) {
  return part;
}

//===----------------------------------------------------------------------===//
// relu
//===----------------------------------------------------------------------===//

LogicalResult ReluOp::verify() { return verifyFloats(*this, {getType()}); }

SmallVector<Tensor> ReluOp::evaluate(ArrayRef<Tensor> operands) {
  Tensor result = operands[0];
  for (double &value : result.values)
    value = value < 0.0 ? 0.0 : value;
  return {result};
}

SmallVector<Value> ReluOp::lower(OpBuilder &builder, ValueRange operands) {
  return {lowerElementwise(
      builder, getLoc(), getType(), operands, {getType()},
      [&](OpBuilder &inner, Location loc, ValueRange x) -> Value {
        // Keeps NaN, so that a run that diverges is seen; one instruction.
        Value zero = createScalar(inner, loc, getType().getElementType(), 0.0);
        Value negative = arith::CmpFOp::create(
            inner, loc, arith::CmpFPredicate::OLT, x[0], zero);
        return arith::SelectOp::create(inner, loc, negative, zero, x[0]);
      })};
}

/// `derivative` where the nonlinearity lets it through.
static Value maskedBySupport(ReluOp op, OpBuilder &builder, Value derivative) {
  ArrayType type =
      derivativeType(op.getType(), extraAxes(derivative, op.getType()));
  return MulOp::create(builder, op.getLoc(), type, derivative,
                       op.support(builder));
}

Value ReluOp::tangent(OpBuilder &builder, ArrayRef<Value> tangents) {
  return tangents[0] ? maskedBySupport(*this, builder, tangents[0]) : Value();
}

SmallVector<Value> ReluOp::cotangents(OpBuilder &builder, Value cotangent,
                                      ArrayRef<bool> wanted) {
  return {wanted[0] ? maskedBySupport(*this, builder, cotangent) : Value()};
}

std::optional<AxisPart> ReluOp::traceAxis(unsigned, AxisPart part) {
  return part;
}

StringRef ReluOp::getSiteName() { return getSite(); }

Value ReluOp::support(OpBuilder &builder) {
  return PositiveOp::create(builder, getLoc(), getType(), getResult());
}

//===----------------------------------------------------------------------===//
// positive
//===----------------------------------------------------------------------===//

LogicalResult PositiveOp::verify() { return verifyFloats(*this, {getType()}); }

SmallVector<Tensor> PositiveOp::evaluate(ArrayRef<Tensor> operands) {
  Tensor result = operands[0];
  for (double &value : result.values)
    value = value > 0.0 ? 1.0 : 0.0;
  return {result};
}

SmallVector<Value> PositiveOp::lower(OpBuilder &builder, ValueRange operands) {
  return {lowerElementwise(
      builder, getLoc(), getType(), operands, {getType()},
      [&](OpBuilder &inner, Location loc, ValueRange x) -> Value {
        Type element = getType().getElementType();
        Value zero = createScalar(inner, loc, element, 0.0);
        Value one = createScalar(inner, loc, element, 1.0);
        Value above = arith::CmpFOp::create(
            inner, loc, arith::CmpFPredicate::OGT, x[0], zero);
        return arith::SelectOp::create(inner, loc, above, one, zero);
      })};
}
