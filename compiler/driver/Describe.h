//===- Describe.h - What an artifact says of itself -----------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_DRIVER_DESCRIBE_H
#define FOREGRAD_COMPILER_DRIVER_DESCRIBE_H

#include "compiler/driver/Driver.h"
#include "compiler/lowering/Backend.h"
#include "compiler/optimizers/Optimizer.h"
#include "compiler/rules/Rule.h"
#include "frontends/fg/Frontend.h"
#include "runtime/schema/artifact_generated.h"
#include "llvm/Support/Error.h"

namespace foregrad::compiler {

/// Fills what the model, its recipe and the command line say: everything of the
/// artifact but tensors, entries, code and segments.
void describeModel(const lang::Result &model, const CompileOptions &options,
                   const RuleChoice &rule, const OptimizerInfo &optimizer,
                   schema::ArtifactT &artifact);

/// It is an error at its line if an input or a label is called as something
/// that a step reads or writes besides (`rate`, `logits`, ...).
mlir::LogicalResult checkNames(mlir::ModuleOp module,
                               const OptimizerInfo &optimizer);

/// Fills tensors, entries and what is perturbed from `module` in fg form, and
/// adds the entry `limit`. An entry binds each of its buffers once, in the
/// order of first use, as LowerToLinalg numbers its arguments. Leaves only
/// those hyperparameters that an entry reads.
llvm::Error describeEntries(mlir::ModuleOp module, schema::ArtifactT &artifact);

/// Adds what was compiled for `target` to `artifact`, whose entries are
/// described; the code is to be the segment of this number.
llvm::Error describeCode(const CompiledModule &compiled,
                         const TargetDescription &target, uint32_t segment,
                         schema::ArtifactT &artifact);

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_DRIVER_DESCRIBE_H
