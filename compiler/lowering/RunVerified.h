//===- RunVerified.h - Passes, and a look at the result ---------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_COMPILER_LOWERING_RUNVERIFIED_H
#define FOREGRAD_COMPILER_LOWERING_RUNVERIFIED_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"

namespace foregrad::compiler {

/// Runs `passes` on `module` and verifies what all of them leave. Behind each
/// pass, which is MLIR's default, it would be a sixth of the time that a small
/// model takes to compile; `fg-opt` and with it the tests of passes do that.
inline mlir::LogicalResult runVerified(mlir::PassManager &passes,
                                       mlir::ModuleOp module) {
  passes.enableVerifier(false);
  if (mlir::failed(passes.run(module)))
    return mlir::failure();
  return mlir::verify(module);
}

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_RUNVERIFIED_H
