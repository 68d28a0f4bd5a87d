//===- TargetCode.h - From buffers to the code of one processor -----------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_DRIVER_TARGETCODE_H
#define FOREGRAD_COMPILER_DRIVER_TARGETCODE_H

#include "compiler/driver/Phases.h"
#include "compiler/lowering/Backend.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"
#include <optional>

namespace foregrad::compiler {

struct TargetCodeOptions {
  PhaseOptions phases;      // with the target
  int64_t batch = 0;        // samples that the program was written for
  uint64_t memoryLimit = 0; // bytes of an entry's temporaries; 0: none
  /// Told of each phase's program; false: go no further.
  llvm::function_ref<llvm::Expected<bool>(llvm::StringRef phase,
                                          mlir::ModuleOp module)>
      finish;
};

/// What to say where a phase fails that no model should make fail.
llvm::Error internalError(llvm::StringRef phase);

/// Runs the phases from `tiles` on over a copy of `program`, which is what
/// the phase `buffers` left. Nothing where `finish` wanted to go no further.
/// Diagnostics go to the context.
llvm::Expected<std::optional<CompiledModule>>
compileForTarget(mlir::ModuleOp program, TargetCodeOptions options);

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_DRIVER_TARGETCODE_H
