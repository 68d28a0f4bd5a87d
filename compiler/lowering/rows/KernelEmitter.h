//===- KernelEmitter.h - A row group as one scf.forall ----------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Cuts the rows of a group into tasks and emits the kernel. How work is cut
// depends on shapes alone, never on the number of threads.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_ROWS_KERNELEMITTER_H
#define FOREGRAD_COMPILER_LOWERING_ROWS_KERNELEMITTER_H

#include "compiler/lowering/rows/RowGroups.h"

namespace foregrad::compiler::rows {

/// Emits `group` before its first op. Buffers that only it uses become scratch
/// memory of one row. The group's source ops are left for the caller to erase.
void emitKernel(const RowGroup &group, const TargetDescription &target);

/// Emits an op that has no row form as one task of scalar loops, in place of
/// it. Fails on ops that have no loops either.
mlir::LogicalResult emitScalarKernel(mlir::linalg::GenericOp op);

} // namespace foregrad::compiler::rows

#endif // FOREGRAD_COMPILER_LOWERING_ROWS_KERNELEMITTER_H
