//===- PhaseOutput.h - --dump-phases and --stop-after ---------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_DRIVER_PHASEOUTPUT_H
#define FOREGRAD_COMPILER_DRIVER_PHASEOUTPUT_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"
#include <string>

namespace foregrad::compiler {

/// Shows the program behind a phase where the user wants to see it.
class PhaseOutput {
public:
  /// A folder and a phase; either may be empty.
  PhaseOutput(std::string dumpFolder, std::string stopAfter)
      : folder(std::move(dumpFolder)), last(std::move(stopAfter)) {}

  /// Dumps the program behind `phase`; prints it where the user wants to stop.
  /// True: go on. `cpu` tells programs of one phase apart: it is empty where
  /// there is only one.
  llvm::Expected<bool> finish(llvm::StringRef phase, mlir::ModuleOp module,
                              llvm::StringRef cpu = "");

private:
  llvm::Error dump(llvm::StringRef phase, mlir::ModuleOp module,
                   llvm::StringRef cpu) const;
  llvm::Error print(mlir::ModuleOp module, llvm::StringRef cpu);

  const std::string folder, last;
  bool printed = false;
};

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_DRIVER_PHASEOUTPUT_H
