//===- TaskEmitter.h - The parallel loop of a matrix product ----*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_GEMM_TASKEMITTER_H
#define FOREGRAD_COMPILER_LOWERING_GEMM_TASKEMITTER_H

#include "compiler/lowering/gemm/Blocking.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace foregrad::compiler {

/// Emits an scf.forall over the tasks of `contraction`, one dimension, no
/// results. With `overwrite` C begins at `contraction.start`, or else 0;
/// without it is added to. Tasks write disjoint parts of C. `bf16` says how
/// pairs are multiplied, where the operands come in pairs.
mlir::scf::ForallOp emitTasks(mlir::OpBuilder &builder, mlir::Location loc,
                              const Contraction &contraction,
                              const Blocking &blocking, bool overwrite,
                              Bf16Products bf16);

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_GEMM_TASKEMITTER_H
