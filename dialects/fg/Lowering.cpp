//===- Lowering.cpp - From arrays with named axes to linalg ---------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Loop nests with axes matched by name.
//
//===----------------------------------------------------------------------===//

#include "dialects/fg/Lowering.h"
#include "dialects/fg/Support.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace foregrad::fg {

AffineMap axisMap(ArrayType type, ArrayType loops) {
  SmallVector<AffineExpr> results;
  for (AxisAttr axis : type.getAxes())
    results.push_back(
        getAffineDimExpr(static_cast<unsigned>(loops.findAxis(axis.getName())),
                         type.getContext()));
  return AffineMap::get(static_cast<unsigned>(loops.getRank()), 0, results,
                        type.getContext());
}

Value createScalar(OpBuilder &builder, Location loc, Type type, double number) {
  return arith::ConstantOp::create(builder, loc,
                                   builder.getFloatAttr(type, number));
}

static Value createEmpty(OpBuilder &builder, Location loc, ArrayType type) {
  return tensor::EmptyOp::create(builder, loc, type.getShape(),
                                 type.getElementType());
}

Value createFilled(OpBuilder &builder, Location loc, ArrayType type,
                   double number) {
  Value scalar = createScalar(builder, loc, type.getElementType(), number);
  return linalg::FillOp::create(builder, loc, scalar,
                                createEmpty(builder, loc, type))
      .getResult(0);
}

/// The loop nest over `loops` that writes `result` into `init`.
static Value createGeneric(OpBuilder &builder, Location loc, ArrayType loops,
                           ArrayType result, Value init, ValueRange operands,
                           ArrayRef<ArrayType> types, ScalarBody body) {
  SmallVector<AffineMap> maps;
  for (ArrayType type : types)
    maps.push_back(axisMap(type, loops));
  maps.push_back(axisMap(result, loops));
  SmallVector<utils::IteratorType> iterators;
  for (AxisAttr axis : loops.getAxes())
    iterators.push_back(result.hasAxis(axis.getName())
                            ? utils::IteratorType::parallel
                            : utils::IteratorType::reduction);
  auto generic = linalg::GenericOp::create(
      builder, loc, TypeRange(result.getTensorType()), operands,
      ValueRange(init), maps, iterators,
      [&](OpBuilder &inner, Location innerLoc, ValueRange arguments) {
        linalg::YieldOp::create(inner, innerLoc,
                                body(inner, innerLoc, arguments));
      });
  return generic.getResult(0);
}

Value lowerElementwise(OpBuilder &builder, Location loc, ArrayType result,
                       ValueRange operands, ArrayRef<ArrayType> types,
                       ScalarBody body) {
  return createGeneric(
      builder, loc, result, result, createEmpty(builder, loc, result), operands,
      types, [&](OpBuilder &inner, Location innerLoc, ValueRange arguments) {
        return body(inner, innerLoc, arguments.drop_back());
      });
}

/// Loops of a reduction: the result's first, since its order is that of memory.
static ArrayType reductionLoops(ArrayType result, ArrayRef<ArrayType> types) {
  SmallVector<AxisAttr> axes(result.getAxes());
  for (ArrayType type : types)
    addAxes(axes, type.getAxes());
  return result.cloneWith(axes);
}

Value lowerReduction(OpBuilder &builder, Location loc, ArrayType result,
                     double start, ValueRange operands,
                     ArrayRef<ArrayType> types, ScalarBody body) {
  return createGeneric(builder, loc, reductionLoops(result, types), result,
                       createFilled(builder, loc, result, start), operands,
                       types, body);
}

Value lowerIndexedReduction(OpBuilder &builder, Location loc, ArrayType result,
                            double start, StringRef axis, ValueRange operands,
                            ArrayRef<ArrayType> types, ScalarBody body) {
  ArrayType loops = reductionLoops(result, types);
  return lowerReduction(
      builder, loc, result, start, operands, types,
      [&](OpBuilder &inner, Location innerLoc, ValueRange arguments) {
        SmallVector<Value> withIndex;
        withIndex.push_back(
            linalg::IndexOp::create(inner, innerLoc, loops.findAxis(axis)));
        llvm::append_range(withIndex, arguments);
        return body(inner, innerLoc, withIndex);
      });
}

Value createLabelEquals(OpBuilder &builder, Location loc, Value label,
                        Value index) {
  Value position =
      arith::IndexCastOp::create(builder, loc, label.getType(), index);
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, position,
                               label);
}

} // namespace foregrad::fg
