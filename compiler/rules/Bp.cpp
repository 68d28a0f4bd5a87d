//===- Bp.cpp - Backpropagation -------------------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// `bp`: everything learns from the readout's loss by one reverse sweep through
// all blocks. Local heads take no part: their gradients are zero, and a step
// does not compute them.
//
//===----------------------------------------------------------------------===//

#include "compiler/rules/Rule.h"

using namespace mlir;

namespace foregrad::compiler {
namespace {

struct BpPass : PassWrapper<BpPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(BpPass)

  StringRef getArgument() const override { return "fg-rule-bp"; }
  StringRef getDescription() const override {
    return "Adds the entry `gradient`: backpropagation";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<fg::FgDialect>();
  }

  void runOnOperation() override {
    for (auto model : llvm::to_vector(getOperation().getOps<fg::ModelOp>()))
      if (failed(apply(model)))
        return signalPassFailure();
  }

  LogicalResult apply(fg::ModelOp model) {
    FailureOr<GradientEntry> entry = GradientEntry::begin(model, RuleOptions());
    if (failed(entry))
      return failure();
    Primal &primal = entry->primal();
    for (const Segment &segment : primal.segments)
      for (const Head &head : segment.losses)
        entry->leaveHead(head);

    SmallVector<Operation *> ops = primal.bodyOps();
    llvm::append_range(ops, primal.readout.ops);
    SmallVector<ParameterUse> parameters = primal.readout.parameters;
    for (const Segment &segment : primal.segments)
      llvm::append_range(parameters, segment.parameters);
    SmallVector<Value> leaves = llvm::map_to_vector(
        parameters, [](const ParameterUse &use) { return use.value; });
    DerivativeMap cotangents;
    cotangents[primal.readout.losses] =
        createMeanWeight(entry->builder(), model.getLoc(), primal);
    if (failed(reverseSweep(entry->builder(), ops, cotangents, {leaves})))
      return failure();
    entry->collect(parameters, cotangents);
    return entry->finish("bp", "the prediction does not depend on it");
  }
};

} // namespace

const RuleInfo bpRule = {"bp", "backpropagation: readout loss, reverse mode",
                         /*perturbs=*/false,
                         [](const RuleOptions &) -> std::unique_ptr<Pass> {
                           return std::make_unique<BpPass>();
                         }};

} // namespace foregrad::compiler
