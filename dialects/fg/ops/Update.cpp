//===- Update.cpp - Ops of optimizers -------------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// div, sqrt.
//
//===----------------------------------------------------------------------===//

#include "dialects/fg/Lowering.h"
#include "dialects/fg/Support.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <cmath>

using namespace mlir;
using namespace foregrad::fg;

//===----------------------------------------------------------------------===//
// div
//===----------------------------------------------------------------------===//

LogicalResult DivOp::verify() {
  ArrayType lhs = arrayType(getLhs()), rhs = arrayType(getRhs());
  if (failed(verifyFloats(*this, {lhs, rhs})))
    return failure();
  return verifyAxesWithin(*this, "the divisor", rhs, "the dividend", lhs);
}

SmallVector<Tensor> DivOp::evaluate(ArrayRef<Tensor> operands) {
  return {evaluateElementwise(getType(), operands,
                              {arrayType(getLhs()), arrayType(getRhs())},
                              [](ArrayRef<double> x) { return x[0] / x[1]; })};
}

SmallVector<Value> DivOp::lower(OpBuilder &builder, ValueRange operands) {
  return {lowerElementwise(builder, getLoc(), getType(), operands,
                           {arrayType(getLhs()), arrayType(getRhs())},
                           [](OpBuilder &inner, Location loc, ValueRange x) {
                             return createArith<arith::DivFOp>(inner, loc, x[0],
                                                               x[1]);
                           })};
}

//===----------------------------------------------------------------------===//
// sqrt
//===----------------------------------------------------------------------===//

LogicalResult SqrtOp::verify() { return verifyFloats(*this, {getType()}); }

SmallVector<Tensor> SqrtOp::evaluate(ArrayRef<Tensor> operands) {
  Tensor result = operands[0];
  for (double &value : result.values)
    value = std::sqrt(value);
  return {result};
}

SmallVector<Value> SqrtOp::lower(OpBuilder &builder, ValueRange operands) {
  return {lowerElementwise(
      builder, getLoc(), getType(), operands, {getType()},
      [](OpBuilder &inner, Location loc, ValueRange x) -> Value {
        return math::SqrtOp::create(inner, loc, x[0]);
      })};
}
