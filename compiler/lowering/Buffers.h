//===- Buffers.h - What lies below views of memory --------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_BUFFERS_H
#define FOREGRAD_COMPILER_LOWERING_BUFFERS_H

#include "mlir/IR/Value.h"

namespace foregrad::compiler {

/// The value below all views of `memref` that the offset in its type is
/// relative to: an allocation, a function's argument, a buffer that begins
/// within another (fg.shift, memref.view), or the first value that is no view.
mlir::Value baseOf(mlir::Value memref);

/// The buffer below all views of `memref`, and below what begins within it.
mlir::Value bufferBelow(mlir::Value memref);

/// Calls `use(operand)` for each use of `buffer` and of views of all of it that
/// is no view itself; false where one of the calls is, or a view is of a part.
bool allUsesOf(mlir::Value buffer,
               llvm::function_ref<bool(mlir::OpOperand &)> use);

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_BUFFERS_H
