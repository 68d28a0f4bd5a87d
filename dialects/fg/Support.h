//===- Support.h - What the ops of the dialect share ------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Checks, types of derivatives and loops of the reference evaluation. Axes are
// matched by name everywhere.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_DIALECTS_FG_SUPPORT_H
#define FOREGRAD_DIALECTS_FG_SUPPORT_H

#include "dialects/fg/Fg.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace foregrad::fg {

// Names and types -----------------------------------------------------------//

llvm::SmallVector<llvm::StringRef> axisNames(ArrayType type);
llvm::SmallVector<llvm::StringRef> stringValues(mlir::ArrayAttr strings);

/// The axes of `derivative` that `primal` lacks, in their order (empty if
/// `derivative` is null).
llvm::SmallVector<AxisAttr> extraAxes(mlir::Value derivative, ArrayType primal);

/// Appends to `axes` those of `more` whose names it does not have yet.
void addAxes(llvm::SmallVectorImpl<AxisAttr> &axes,
             llvm::ArrayRef<AxisAttr> more);

/// `extras` in front of the axes of `primal`: the type of its derivatives.
ArrayType derivativeType(ArrayType primal, llvm::ArrayRef<AxisAttr> extras);

/// `derivative` with its extra axes first, then exactly those of `primal`.
mlir::Value createCanonical(mlir::OpBuilder &builder, mlir::Location loc,
                            mlir::Value derivative, ArrayType primal);

/// True if every number of the `fg.constant` value equals `number`. Null gives
/// false.
bool isSplat(mlir::Attribute constant, double number);

/// The `fg.constant` value of one number.
mlir::Attribute splatOf(mlir::MLIRContext *context, double number);

/// The same axis by name: what elementwise ops answer to `traceAxis`.
std::optional<AxisPart> traceByName(mlir::Value result, mlir::Value operand,
                                    AxisPart part);

// Checks --------------------------------------------------------------------//

/// Every axis of `part` is an axis of `whole`, with the same size.
mlir::LogicalResult verifyAxesWithin(mlir::Operation *op,
                                     llvm::StringRef partName, ArrayType part,
                                     llvm::StringRef wholeName,
                                     ArrayType whole);

/// All of `types` have the same floating-point element type.
mlir::LogicalResult verifyFloats(mlir::Operation *op,
                                 llvm::ArrayRef<ArrayType> types);

/// `names` are axes of `type`, each given once.
mlir::LogicalResult verifyAxisNames(mlir::Operation *op, ArrayType type,
                                    llvm::ArrayRef<llvm::StringRef> names);

// Reference evaluation ------------------------------------------------------//

/// Calls `body` for each index of an array of `shape`, in row-major order.
void forEachIndex(llvm::ArrayRef<int64_t> shape,
                  llvm::function_ref<void(llvm::ArrayRef<int64_t>)> body);

/// Where the element of an array lies that belongs to an index of `loops`: axes
/// are matched by name, and the array is repeated along those that it lacks.
class Locator {
public:
  Locator(ArrayType type, ArrayType loops);
  size_t operator()(llvm::ArrayRef<int64_t> index) const;

private:
  llvm::SmallVector<int64_t, 6> strides; // one for each axis of `loops`
};

/// Elementwise with repetition: `body` gets one number of each operand.
Tensor
evaluateElementwise(ArrayType result, llvm::ArrayRef<Tensor> operands,
                    llvm::ArrayRef<ArrayType> types,
                    llvm::function_ref<double(llvm::ArrayRef<double>)> body);

} // namespace foregrad::fg

#endif // FOREGRAD_DIALECTS_FG_SUPPORT_H
