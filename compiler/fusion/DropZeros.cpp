//===- DropZeros.cpp - What is known to be zero is not computed -----------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// The tangent that enters a greedy block is zero, so the first layer of a block
// needs no tangent product. The ops' folders know what becomes of a zero
// operand, and of a mask that has cut an operand before; this pass applies them
// until nothing changes.
//
//===----------------------------------------------------------------------===//

#include "compiler/fusion/Fusion.h"
#include "dialects/fg/Fg.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace foregrad::compiler {
namespace {

struct DropZerosPass : PassWrapper<DropZerosPass, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(DropZerosPass)

  StringRef getArgument() const override { return "fg-drop-zeros"; }
  StringRef getDescription() const override {
    return "Folds what is known to be zero. Before: %t = fg.contract %zero, "
           "%w; %s = fg.add %t, %u. After: %u in place of %s";
  }

  void runOnOperation() override {
    // Folding, dead code and merging of equal constants are the driver's own
    // work.
    RewritePatternSet none(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(none))))
      signalPassFailure();
  }
};

} // namespace

std::unique_ptr<Pass> createDropZerosPass() {
  return std::make_unique<DropZerosPass>();
}

void registerFusionPasses() {
  ::mlir::registerPass(createDropZerosPass);
  ::mlir::registerPass(createExpandReplicatedLossesPass);
  ::mlir::registerPass(createFuseReplicatedLossesPass);
  ::mlir::registerPass(createOrderByResultPass);
  ::mlir::registerPass(createRoundProductsPass);
}

} // namespace foregrad::compiler
