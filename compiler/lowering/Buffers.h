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

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_BUFFERS_H
