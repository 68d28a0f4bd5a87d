//===- RunVerified.h - Passes, and a look at the result ---------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_COMPILER_LOWERING_RUNVERIFIED_H
#define FOREGRAD_COMPILER_LOWERING_RUNVERIFIED_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"

namespace foregrad::compiler {

/// Runs `passes` on `module` and verifies what all of them leave. Behind each
/// pass, which is MLIR's default, it would be a sixth of the time that a small
/// model takes to compile. Tests of passes do that: those that run `fg-opt`,
/// and the random programs of tests/property, with --fg-verify-each.
mlir::LogicalResult runVerified(mlir::PassManager &passes,
                                mlir::ModuleOp module);

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_RUNVERIFIED_H
