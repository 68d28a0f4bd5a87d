//===- RowsToKernels.h - Elementwise and reducing ops to kernels *- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// The pass fg-rows-to-kernels: see RowsToKernels.cpp for what it does to the
// IR, RowGroups.h for when ops are fused, NestEmitter.h for the order of sums.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_ROWS_ROWSTOKERNELS_H
#define FOREGRAD_COMPILER_LOWERING_ROWS_ROWSTOKERNELS_H

#include "compiler/targets/Target.h"

#include <memory>

namespace mlir {
class Pass;
} // namespace mlir

namespace foregrad::compiler {

/// Turns every linalg op and memref.copy of a function's body into scf.forall
/// kernels with vectors of `target`, fused by rows if `fuse`.
std::unique_ptr<mlir::Pass>
createRowsToKernelsPass(const TargetDescription &target, bool fuse = true);

void registerRowsToKernelsPass();

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_ROWS_ROWSTOKERNELS_H
