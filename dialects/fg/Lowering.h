//===- Lowering.h - From arrays with named axes to linalg -------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// What the `lower` methods of the ops are made of. Loops are described by an
// array type: one loop for each axis, in its order; operands are matched to
// them by name and repeated along those that they lack.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_DIALECTS_FG_LOWERING_H
#define FOREGRAD_DIALECTS_FG_LOWERING_H

#include "dialects/fg/Fg.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AffineMap.h"

namespace foregrad::fg {

/// Makes the scalar code of a loop body from one element of each operand.
using ScalarBody = llvm::function_ref<mlir::Value(
    mlir::OpBuilder &, mlir::Location, mlir::ValueRange)>;

/// Which loops index the axes of `type`. Each of its axes must be one of
/// `loops`.
mlir::AffineMap axisMap(ArrayType type, ArrayType loops);

/// A number of type `type` (floating point).
mlir::Value createScalar(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::Type type, double number);

/// An array that holds `number` everywhere.
mlir::Value createFilled(mlir::OpBuilder &builder, mlir::Location loc,
                         ArrayType type, double number);

/// One parallel loop nest over `result`.
mlir::Value lowerElementwise(mlir::OpBuilder &builder, mlir::Location loc,
                             ArrayType result, mlir::ValueRange operands,
                             llvm::ArrayRef<ArrayType> types, ScalarBody body);

/// Reduces over all axes of the operands that `result` lacks. The loops are
/// those of `result` in its order, then the others in the order of `types`.
/// `body` gets one element of each operand and last the accumulator, which
/// starts as `start`.
mlir::Value lowerReduction(mlir::OpBuilder &builder, mlir::Location loc,
                           ArrayType result, double start,
                           mlir::ValueRange operands,
                           llvm::ArrayRef<ArrayType> types, ScalarBody body);

/// As `lowerReduction`, with the position of the loop called `axis` as an index
/// value in front of the elements.
mlir::Value lowerIndexedReduction(mlir::OpBuilder &builder, mlir::Location loc,
                                  ArrayType result, double start,
                                  llvm::StringRef axis,
                                  mlir::ValueRange operands,
                                  llvm::ArrayRef<ArrayType> types,
                                  ScalarBody body);

// Scalar arithmetic. A product that is added may be fused with the sum.
inline constexpr mlir::arith::FastMathFlags kScalarFlags =
    mlir::arith::FastMathFlags::contract;

template <typename OpTy>
mlir::Value createArith(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value lhs, mlir::Value rhs) {
  return OpTy::create(builder, loc, lhs, rhs, kScalarFlags);
}

/// True (i1) where the integer `label` equals `index`.
mlir::Value createLabelEquals(mlir::OpBuilder &builder, mlir::Location loc,
                              mlir::Value label, mlir::Value index);

} // namespace foregrad::fg

#endif // FOREGRAD_DIALECTS_FG_LOWERING_H
