//===- fg-opt.cpp - Runs single passes on .mlir files ---------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// A developer's tool: mlir-opt with the fg dialect and the compiler's passes.
// `fg-opt --operations` prints docs/operations.md instead.
//
//===----------------------------------------------------------------------===//

#include "dialects/fg/Fg.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "tools/fg-opt/OperationTable.h"
#ifdef FOREGRAD_HAVE_PASSES
#include "compiler/driver/Passes.h"
#else
#include "compiler/lowering/linalg/LowerToLinalg.h"
#endif
#ifdef FOREGRAD_HAVE_TEST_PASSES
#include "tests/dialects/fg/lib/TestPasses.h"
#endif

int main(int argc, char **argv) {
  if (argc == 2 && llvm::StringRef(argv[1]) == "--operations") {
    foregrad::fg::printOperationTable(llvm::outs());
    return 0;
  }
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllPasses();
  registry.insert<foregrad::fg::FgDialect>();
#ifdef FOREGRAD_HAVE_PASSES
  foregrad::compiler::registerPasses();
#else
  foregrad::compiler::registerLinalgPasses();
#endif
#ifdef FOREGRAD_HAVE_TEST_PASSES
  foregrad::fg::registerTestPasses();
#endif
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "Foregrad pass driver\n", registry));
}
