//===- RunVerified.cpp - Passes, and a look at the result -----------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/RunVerified.h"

#include "mlir/IR/Verifier.h"
#include "llvm/Support/CommandLine.h"

using namespace mlir;

namespace foregrad::compiler {

// For programs that test passes and take LLVM's options; fgc does not.
static llvm::cl::opt<bool>
    verifyEachOption("fg-verify-each", llvm::cl::Hidden,
                     llvm::cl::desc("Verify behind each pass, not each phase"));

LogicalResult runVerified(PassManager &passes, ModuleOp module) {
  passes.enableVerifier(verifyEachOption);
  if (failed(passes.run(module)))
    return failure();
  return verify(module);
}

} // namespace foregrad::compiler
