//===- ExpandReplicatedLosses.cpp - All copies written out ----------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// The definition of a replicated loss, taken at its word: each copy gets the
// tangent masked to its own elements (a product with an identity matrix for
// each axis of `per`), and a forward sweep carries all copies through the head
// along axes of their own. It is what `--no-fuse` measures, and the way out for
// heads that cannot be fused.
//
//===----------------------------------------------------------------------===//

#include "compiler/fusion/Fusion.h"
#include "compiler/rules/Sweep.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace foregrad::compiler {
namespace {

/// A name that no axis of a model has: none begins with '#'.
std::string copyAxis(StringRef axis) { return ("#" + axis + ".copy").str(); }

/// The largest array of copies, in elements: far more than a machine holds.
constexpr int64_t kMostElements = int64_t(1) << 40;

/// It is an error at the loss if the copies are too many to be counted.
LogicalResult checkCopies(fg::ReplicatedTangentOp op) {
  fg::ArrayType input = fg::arrayType(op.getInput());
  int64_t elements = fg::arrayType(op.getTangent()).getNumElements();
  for (Attribute name : op.getPer()) {
    int64_t copies =
        input.getAxes()[input.findAxis(cast<StringAttr>(name).getValue())]
            .getSize();
    if (elements > kMostElements / copies)
      return emitError(op.getLoc(),
                       "the copies of this loss cannot be written out: their "
                       "tangents have more than 2^40 elements");
    elements *= copies;
  }
  return success();
}

LogicalResult expand(fg::ReplicatedTangentOp op) {
  if (failed(checkCopies(op)))
    return failure();
  OpBuilder builder(op);
  MLIRContext *context = op.getContext();
  Location loc = op.getLoc();
  Block &body = op.getBody().front();
  fg::ArrayType inputType = fg::arrayType(op.getInput());
  Type element = inputType.getElementType();

  Value masked = op.getTangent();
  for (Attribute name : op.getPer()) {
    StringRef axis = cast<StringAttr>(name).getValue();
    fg::AxisAttr own = inputType.getAxes()[inputType.findAxis(axis)];
    auto copy = fg::AxisAttr::get(
        context, builder.getStringAttr(copyAxis(axis)), own.getSize());
    Value identity = fg::IdentityOp::create(
        builder, loc, fg::ArrayType::get(context, {copy, own}, element));
    masked = fg::MulOp::create(builder, loc, masked, identity);
  }

  IRMapping mapping;
  mapping.map(body.getArgument(0), op.getInput());
  SmallVector<Operation *> ops = inlineBlock(builder, body, mapping);
  Value loss = mapping.lookupOrDefault(body.getTerminator()->getOperand(0));
  DerivativeMap tangents;
  tangents[op.getInput()] = masked;
  if (failed(forwardSweep(builder, ops, tangents)))
    return failure();
  fg::ArrayType resultType = fg::arrayType(op.getResult());
  Value tangent = tangents.lookup(loss);
  if (!tangent) {
    tangent = fg::createZeros(builder, loc, resultType);
  } else {
    tangent = fg::MulOp::create(builder, loc, tangent, op.getWeight());
    // The copies' axes take the names of the axes that they copy.
    for (Attribute name : op.getPer()) {
      StringRef axis = cast<StringAttr>(name).getValue();
      SmallVector<fg::AxisAttr> axes;
      for (fg::AxisAttr old : fg::arrayType(tangent).getAxes())
        axes.push_back(old.getName().getValue() == copyAxis(axis)
                           ? fg::AxisAttr::get(context, cast<StringAttr>(name),
                                               old.getSize())
                           : old);
      tangent = fg::SplitOp::create(
          builder, loc, fg::arrayType(tangent).cloneWith(axes), tangent,
          builder.getStringAttr(copyAxis(axis)), builder.getArrayAttr({name}));
    }
    tangent = fg::createExpanded(builder, loc, tangent, resultType);
  }
  op.getResult().replaceAllUsesWith(tangent);
  op.erase();
  return success();
}

struct ExpandReplicatedLossesPass
    : PassWrapper<ExpandReplicatedLossesPass, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ExpandReplicatedLossesPass)

  StringRef getArgument() const override {
    return "fg-expand-replicated-losses";
  }
  StringRef getDescription() const override {
    return "Writes out all copies of replicated losses. Before: "
           "fg.replicated_tangent per [\"token\"] (%x, %dx, %w) {head}. After: "
           "%dx masked by fg.identity [#token.copy, token], the head's ops, "
           "and "
           "their tangents for every #token.copy";
  }

  void runOnOperation() override {
    SmallVector<fg::ReplicatedTangentOp> losses;
    getOperation()->walk(
        [&](fg::ReplicatedTangentOp op) { losses.push_back(op); });
    for (fg::ReplicatedTangentOp op : losses)
      if (failed(expand(op)))
        return signalPassFailure();
  }
};

} // namespace

std::unique_ptr<Pass> createExpandReplicatedLossesPass() {
  return std::make_unique<ExpandReplicatedLossesPass>();
}

} // namespace foregrad::compiler
