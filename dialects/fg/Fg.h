//===- Fg.h - The fg dialect ----------------------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Types, attributes, interfaces and ops of the dialect. The ops are described
// in ops/*.td; each one's meaning stands in one file ops/*.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_DIALECTS_FG_FG_H
#define FOREGRAD_DIALECTS_FG_FG_H

#include "dialects/fg/Tensor.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

// Generated code shadows names of its own.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"

#include "dialects/fg/FgDialect.h.inc"
#include "dialects/fg/FgEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/fg/FgAttrs.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/fg/FgTypes.h.inc"

#include "dialects/fg/FgInterfaces.h.inc"

#define GET_OP_CLASSES
#include "dialects/fg/FgOps.h.inc"

#pragma GCC diagnostic pop

namespace foregrad::fg {

/// The axis along which the samples of a batch lie.
inline constexpr llvm::StringLiteral kBatchAxis = "batch";

/// The array type of a value. The value must be an array.
inline ArrayType arrayType(mlir::Value value) {
  return mlir::cast<ArrayType>(value.getType());
}

/// True if `value` is known to be zero everywhere (an `fg.constant` of zero).
bool isZero(mlir::Value value);

/// Zeros of the given type.
mlir::Value createZeros(mlir::OpBuilder &builder, mlir::Location loc,
                        ArrayType type);

/// `value` with exactly the axes of `type`, in its order: repeated along those
/// that it lacks, reordered where the order differs. It must have no other
/// axes.
mlir::Value createExpanded(mlir::OpBuilder &builder, mlir::Location loc,
                           mlir::Value value, ArrayType type);

/// Sums `value` over all axes that `type` lacks, then reorders to `type`'s
/// order; the adjoint of `createExpanded`. Axes of `value` in `keep` stay, in
/// front.
mlir::Value createSumTo(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value value, ArrayType type,
                        llvm::ArrayRef<llvm::StringRef> keep = {});

} // namespace foregrad::fg

#endif // FOREGRAD_DIALECTS_FG_FG_H
