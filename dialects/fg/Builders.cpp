//===- Builders.cpp - Helpers that build fg ops ---------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Zeros, repetition along missing axes and its adjoint.
//
//===----------------------------------------------------------------------===//

#include "dialects/fg/Support.h"

using namespace mlir;

namespace foregrad::fg {

bool isZero(Value value) {
  auto constant = value ? value.getDefiningOp<ConstantOp>() : ConstantOp();
  return constant && isSplat(constant.getValuesAttr(), 0.0);
}

Value createZeros(OpBuilder &builder, Location loc, ArrayType type) {
  return ConstantOp::create(builder, loc, type, 0.0);
}

Value createExpanded(OpBuilder &builder, Location loc, Value value,
                     ArrayType type) {
  ArrayType from = arrayType(value);
  ArrayType to = type.cloneWith(from.getElementType());
  if (from == to)
    return value;
  if (auto constant = value.getDefiningOp<ConstantOp>())
    if (constant.isSplat())
      return ConstantOp::create(builder, loc, to, constant.getValues()[0]);
  if (from.getRank() == to.getRank())
    return ReorderOp::create(builder, loc, to, value);
  return BroadcastOp::create(builder, loc, to, value);
}

Value createSumTo(OpBuilder &builder, Location loc, Value value, ArrayType type,
                  ArrayRef<StringRef> keep) {
  SmallVector<StringRef> summed;
  SmallVector<AxisAttr> kept;
  for (AxisAttr axis : arrayType(value).getAxes()) {
    StringRef name = axis.getName();
    if (type.hasAxis(name))
      continue;
    if (llvm::is_contained(keep, name))
      kept.push_back(axis);
    else
      summed.push_back(name);
  }
  if (!summed.empty())
    value = SumOp::create(builder, loc, value, summed);
  return createExpanded(builder, loc, value, derivativeType(type, kept));
}

} // namespace foregrad::fg
