//===- Cast.cpp - To another floating-point type --------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "dialects/fg/Lowering.h"
#include "dialects/fg/Support.h"

using namespace mlir;
using namespace foregrad::fg;

LogicalResult CastOp::verify() {
  ArrayType input = arrayType(getInput());
  bool isBytes = input.getElementType().isInteger(8);
  if ((!isBytes && failed(verifyFloats(*this, {input}))) ||
      failed(verifyFloats(*this, {getType()})))
    return failure();
  if (input.cloneWith(getType().getElementType()) != getType())
    return emitOpError() << "changes the axes " << input << " to " << getType();
  return success();
}

OpFoldResult CastOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? OpFoldResult(getInput())
                                           : OpFoldResult();
}

// What f32 cannot hold stays: the reference is in f64. But bf16 is there to
// round, and programs that round are compared with it.
SmallVector<Tensor> CastOp::evaluate(ArrayRef<Tensor> operands) {
  Tensor result = operands[0];
  if (getType().getElementType().isBF16())
    for (double &value : result.values) {
      llvm::APFloat number(value);
      bool losesInfo = false;
      number.convert(llvm::APFloat::BFloat(),
                     llvm::APFloat::rmNearestTiesToEven, &losesInfo);
      value = number.convertToDouble();
    }
  return {result};
}

SmallVector<Value> CastOp::lower(OpBuilder &builder, ValueRange operands) {
  ArrayType input = arrayType(getInput());
  Type from = input.getElementType(), to = getType().getElementType();
  if (from == to)
    return {operands[0]};
  bool isBytes = from.isInteger(8);
  bool narrows = from.getIntOrFloatBitWidth() > to.getIntOrFloatBitWidth();
  return {lowerElementwise(
      builder, getLoc(), getType(), operands, {input},
      [&](OpBuilder &inner, Location loc, ValueRange x) -> Value {
        if (isBytes)
          return arith::UIToFPOp::create(inner, loc, to, x[0]);
        if (narrows)
          return arith::TruncFOp::create(inner, loc, to, x[0]);
        return arith::ExtFOp::create(inner, loc, to, x[0]);
      })};
}

// Bytes are data: no derivative comes from them, and none is wanted of them.
Value CastOp::tangent(OpBuilder &builder, ArrayRef<Value> tangents) {
  if (!tangents[0])
    return {};
  return CastOp::create(
      builder, getLoc(),
      derivativeType(getType(), extraAxes(tangents[0], arrayType(getInput()))),
      tangents[0]);
}

SmallVector<Value> CastOp::cotangents(OpBuilder &builder, Value cotangent,
                                      ArrayRef<bool> wanted) {
  if (!wanted[0])
    return {Value()};
  return {CastOp::create(
      builder, getLoc(),
      derivativeType(arrayType(getInput()), extraAxes(cotangent, getType())),
      cotangent)};
}

std::optional<AxisPart> CastOp::traceAxis(unsigned, AxisPart part) {
  return part;
}
