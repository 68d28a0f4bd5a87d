//===- FuseReplicatedLosses.cpp - One head sweep for all copies -----------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// A replicated loss has P.G copies of a head, each of which sees its own part
// of the tangent only. Written out that is P.G forward sweeps. If each sample's
// loss depends on that sample alone, all copies share one gradient of the head,
// and
//
//   dL[n,p,g] = w[n] < d loss[n] / d x[n,p,g,:] , dx[n,p,g,:] >
//
// is one reverse sweep through the head and one contraction (paper, section 5
// and appendix: the fused implementation). The proof is read off the ops' axis
// dependences: nothing here knows a head or a loss by name. Where it fails, a
// remark at the loss's line says why, and the op stays for
// --fg-expand-replicated-losses.
//
//===----------------------------------------------------------------------===//

#include "compiler/fusion/Fusion.h"
#include "compiler/rules/Sweep.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

namespace foregrad::compiler {
namespace {

/// Why the copies cannot be fused, or nothing if each sample's loss depends on
/// that sample alone.
std::optional<std::string> whyNotPerSample(fg::ReplicatedTangentOp op) {
  Block &body = op.getBody().front();
  Value loss = body.getTerminator()->getOperand(0);
  fg::ArrayType lossType = fg::arrayType(loss);
  if (lossType.getRank() != 1 || !lossType.hasAxis(fg::kBatchAxis))
    return "the loss is not one number for each sample";
  SmallVector<Operation *> ops;
  for (Operation &inner : body.without_terminator()) {
    if (!isa<fg::DifferentiableOpInterface>(inner) &&
        llvm::any_of(inner.getOperands(), [&](Value operand) {
          return operand.getParentBlock() == &body;
        }))
      return ("the head's op '" + inner.getName().getStringRef() +
              "' has no derivative")
          .str();
    ops.push_back(&inner);
  }
  auto parts = traceAxisBack(
      ops, loss, {/*axis=*/0, lossType.getAxes()[0].getSize(), /*inner=*/1});
  Value argument = body.getArgument(0);
  auto found = parts.find(argument);
  if (found == parts.end())
    return "the loss does not depend on the array that it is replicated over";
  int64_t batch = fg::arrayType(argument).findAxis(fg::kBatchAxis);
  fg::AxisPart own{static_cast<unsigned>(batch),
                   lossType.getAxes()[0].getSize(),
                   /*inner=*/1};
  if (batch < 0 || found->second != own)
    return "the loss of a sample depends on other samples of the batch";
  return std::nullopt;
}

LogicalResult fuse(fg::ReplicatedTangentOp op) {
  OpBuilder builder(op);
  Location loc = op.getLoc();
  Block &body = op.getBody().front();
  IRMapping mapping;
  mapping.map(body.getArgument(0), op.getInput());
  SmallVector<Operation *> ops = inlineBlock(builder, body, mapping);
  Value loss = mapping.lookupOrDefault(body.getTerminator()->getOperand(0));

  DerivativeMap cotangents;
  cotangents[loss] =
      fg::createExpanded(builder, loc, op.getWeight(), fg::arrayType(loss));
  Value leaves[] = {op.getInput()};
  if (failed(reverseSweep(builder, ops, cotangents, {leaves})))
    return failure();
  Value gradient = cotangents.lookup(op.getInput());
  fg::ArrayType resultType = fg::arrayType(op.getResult());
  if (!gradient) {
    op.getResult().replaceAllUsesWith(
        fg::createZeros(builder, loc, resultType));
    op.erase();
    return success();
  }
  SmallVector<StringRef> axes;
  for (fg::AxisAttr axis : resultType.getAxes())
    axes.push_back(axis.getName().getValue());
  gradient =
      fg::createExpanded(builder, loc, gradient, fg::arrayType(op.getInput()));
  Value result =
      fg::ContractOp::create(builder, loc, gradient, op.getTangent(), axes);
  op.getResult().replaceAllUsesWith(result);
  op.erase();
  return success();
}

struct FuseReplicatedLossesPass
    : PassWrapper<FuseReplicatedLossesPass, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(FuseReplicatedLossesPass)

  StringRef getArgument() const override { return "fg-fuse-replicated-losses"; }
  StringRef getDescription() const override {
    return "Rewrites replicated losses to one reverse sweep through the head "
           "and one contraction, where each sample's loss is its own. Before: "
           "fg.replicated_tangent per [\"token\"] (%x, %dx, %w) {head}. After: "
           "the head's ops, their cotangents %gx, and fg.contract %gx, %dx "
           "over all axes but batch and token";
  }

  void runOnOperation() override {
    SmallVector<fg::ReplicatedTangentOp> losses;
    getOperation()->walk(
        [&](fg::ReplicatedTangentOp op) { losses.push_back(op); });
    for (fg::ReplicatedTangentOp op : losses) {
      if (std::optional<std::string> reason = whyNotPerSample(op)) {
        op.emitRemark("replicated loss is not fused: ") << *reason;
        continue;
      }
      if (failed(fuse(op)))
        return signalPassFailure();
    }
  }
};

} // namespace

std::unique_ptr<Pass> createFuseReplicatedLossesPass() {
  return std::make_unique<FuseReplicatedLossesPass>();
}

} // namespace foregrad::compiler
