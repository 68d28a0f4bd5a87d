//===- Phases.cpp - The whole order of compilation on one page ------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/driver/Phases.h"
#include "compiler/fusion/Fusion.h"
#include "compiler/lowering/RunVerified.h"
#include "compiler/lowering/chains/ChainKernels.h"
#include "compiler/lowering/gemm/ContractionsToKernels.h"
#include "compiler/lowering/gemm/KeepWide.h"
#include "compiler/lowering/gemm/PackParameters.h"
#include "compiler/lowering/gemm/RoundAsPacked.h"
#include "compiler/lowering/limit/LimitEntry.h"
#include "compiler/lowering/linalg/LowerToLinalg.h"
#include "compiler/lowering/rows/RowsToKernels.h"
#include "compiler/lowering/tiles/FetchSamples.h"
#include "compiler/lowering/tiles/SumInLanes.h"
#include "compiler/lowering/tiles/TileSamples.h"
#include "compiler/optimizers/Optimizer.h"
#include "dialects/fg/Fg.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace foregrad::compiler {

ArrayRef<StringRef> phaseOrder() {
  static const StringRef phases[] = {"frontend", "rule",     "fusion",
                                     "linalg",   "buffers",  "tiles",
                                     "kernels",  "outlined", "llvm"};
  return phases;
}

/// Of the phases that runPhase runs: the first that asks for the processor.
static const StringRef *firstTargetPhase() {
  return llvm::find(phaseOrder(), "tiles");
}

ArrayRef<StringRef> programPhases() {
  return ArrayRef(phaseOrder().begin() + 1, firstTargetPhase());
}

ArrayRef<StringRef> targetPhases() {
  return ArrayRef(firstTargetPhase(), phaseOrder().end() - 2);
}

static void buildRule(OpPassManager &manager, const PhaseOptions &options) {
  const RuleChoice &rule = options.rule;
  manager.addPass(createRulePass(*rule.info, rule.options));
  // What the estimates stand in for, so that a run can be compared with it.
  if (std::optional<RuleChoice> exact = exactCounterpart(rule))
    manager.addPass(
        createRulePass(*exact->info, exact->options, Purpose::Compare));
  manager.addPass(createWriteStepPass(options.optimizer));
  manager.addPass(createWriteEntriesPass());
  manager.addPass(createReadBytesPass());
}

static void buildFusion(OpPassManager &manager, const PhaseOptions &options) {
  if (options.fuse)
    manager.addPass(createFuseReplicatedLossesPass());
  // Copies that could not be fused, or all of them, are written out.
  manager.addPass(createExpandReplicatedLossesPass());
  if (options.fuse)
    manager.addPass(createDropZerosPass());
  if (options.roundProducts)
    manager.addNestedPass<fg::EntryOp>(createRoundProductsPass());
  manager.addPass(createCSEPass());
  manager.addPass(createOrderByResultPass());
}

static void buildTiles(OpPassManager &manager, const PhaseOptions &options) {
  OpPassManager &entries = manager.nest<func::FuncOp>();
  entries.addPass(createFetchSamplesPass());
  entries.addPass(createTileSamplesPass(options.target, options.tile));
  entries.addPass(createSumInLanesPass());
  entries.addPass(createCSEPass());
}

static void buildKernels(OpPassManager &manager, const PhaseOptions &options) {
  manager.addNestedPass<func::FuncOp>(createRoundAsPackedPass());
  manager.addNestedPass<func::FuncOp>(createKeepWidePass(options.target));
  manager.addPass(createPackParametersPass(options.target));
  OpPassManager &entries = manager.nest<func::FuncOp>();
  entries.addPass(createContractionsToKernelsPass(options.target));
  entries.addPass(createRowsToKernelsPass(options.target));
  entries.addPass(createChainKernelsPass(options.target));
  entries.addPass(createCSEPass());
  const RuleOptions &rule = options.rule.options;
  bool draws = options.rule.info->perturbs && !rule.externalPerturbation;
  manager.addPass(createLimitEntryPass(
      options.target, options.isDouble,
      options.roundProducts && options.target.bf16 == Bf16Products::Dot,
      draws ? std::optional(drawnLaw(rule.perturbation)) : std::nullopt));
}

LogicalResult runPhase(StringRef phase, ModuleOp module,
                       const PhaseOptions &options) {
  PassManager manager(module.getContext());
  if (phase == "rule")
    buildRule(manager, options);
  else if (phase == "fusion")
    buildFusion(manager, options);
  else if (phase == "linalg")
    manager.addPass(createLowerToLinalgPass());
  else if (phase == "buffers")
    buildBufferizePipeline(manager);
  else if (phase == "tiles")
    buildTiles(manager, options);
  else if (phase == "kernels")
    buildKernels(manager, options);
  else
    return module.emitError("no phase '") << phase << "'";
  return runVerified(manager, module);
}

} // namespace foregrad::compiler
