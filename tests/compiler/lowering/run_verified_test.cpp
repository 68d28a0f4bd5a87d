//===- run_verified_test.cpp - What is looked at, and when ----------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/RunVerified.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/Pass.h"
#include "llvm/Support/CommandLine.h"
#include <gtest/gtest.h>

using namespace mlir;
using foregrad::compiler::runVerified;

namespace {

/// Puts two symbols of one name into the module, or takes all out.
struct NameTwice : PassWrapper<NameTwice, OperationPass<ModuleOp>> {
  explicit NameTwice(bool breaks) : breaks(breaks) {}
  StringRef getArgument() const override { return "test-name-twice"; }
  void runOnOperation() override {
    getOperation().getBody()->clear();
    OpBuilder builder = OpBuilder::atBlockBegin(getOperation().getBody());
    for (int i = 0; breaks && i < 2; ++i)
      ModuleOp::create(builder, getOperation().getLoc(), "same");
  }
  bool breaks;
};

bool succeeds(llvm::ArrayRef<bool> passes) {
  MLIRContext context;
  ScopedDiagnosticHandler ignored(&context, [](Diagnostic &) {});
  OwningOpRef<ModuleOp> module(ModuleOp::create(UnknownLoc::get(&context)));
  PassManager manager(&context);
  for (bool breaks : passes)
    manager.addPass(std::make_unique<NameTwice>(breaks));
  return succeeded(runVerified(manager, *module));
}

TEST(RunVerified, LooksAtWhatIsLeft) {
  EXPECT_TRUE(succeeds({false}));
  EXPECT_FALSE(succeeds({true}));
  EXPECT_TRUE(succeeds({true, false}));
}

TEST(RunVerified, LooksBehindEachPassWhereAsked) {
  const char *const arguments[] = {"test", "--fg-verify-each"};
  llvm::cl::ParseCommandLineOptions(2, arguments);
  EXPECT_TRUE(succeeds({false, false}));
  EXPECT_FALSE(succeeds({true, false}));
  llvm::cl::ResetAllOptionOccurrences();
}

} // namespace
