//===- Phases.h - The whole order of compilation on one page --------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
//   frontend   text -> fg.model
//   rule       the learning rule and the optimizer write the entries
//   fusion     replicated losses, zeros, rounding to bf16, common
//              subexpressions, order
//   linalg     fg ops -> loop nests on tensors
//   buffers    loop nests are fused; tensors -> buffers
//   tiles      what is computed for samples runs for a few at a time
//   kernels    loop nests -> parallel kernels of vectors
//   outlined   every byte planned; kernels behind the C ABI
//   llvm       -> LLVM dialect, then LLVM IR, object code, linked in process
//
// From `tiles` on, each processor of `--cpu` goes its own way.
//
// `--dump-phases DIR` writes what each leaves behind (`02-rule.mlir`),
// `--stop-after` prints it and stops.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_DRIVER_PHASES_H
#define FOREGRAD_COMPILER_DRIVER_PHASES_H

#include "compiler/rules/Rule.h"
#include "compiler/targets/Target.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/ArrayRef.h"

namespace foregrad::compiler {

/// Names of the phases, in order.
llvm::ArrayRef<llvm::StringRef> phaseOrder();

/// Those of `runPhase` that are the same for every processor. The first phase
/// comes before them: it makes the module.
llvm::ArrayRef<llvm::StringRef> programPhases();

/// Those of `runPhase` that depend on the processor. What compileEntries
/// (Backend.h) does comes behind them.
llvm::ArrayRef<llvm::StringRef> targetPhases();

struct PhaseOptions {
  RuleChoice rule;
  std::string optimizer;
  bool fuse = true;
  bool isDouble = false;      // f64 instead of f32
  bool roundProducts = false; // to bf16
  int64_t tile = 0; // samples that go through a step together; 0: by the caches
  TargetDescription target;
};

/// Runs one of `programPhases` or `targetPhases` on the module. Diagnostics go
/// to the context.
mlir::LogicalResult runPhase(llvm::StringRef phase, mlir::ModuleOp module,
                             const PhaseOptions &options);

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_DRIVER_PHASES_H
