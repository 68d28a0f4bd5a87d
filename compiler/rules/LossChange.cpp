//===- LossChange.cpp - How much losses change along directions -----------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// The two ways to find out: the tangent, and a finite step.
//
//===----------------------------------------------------------------------===//

#include "compiler/rules/Forward.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace foregrad::compiler {

/// The axes of `value` that `primal` lacks, then `batch` and the copies' axes.
static fg::ArrayType changeType(Value value, const Part &part) {
  fg::ArrayType input = fg::arrayType(part.head->input);
  SmallVector<fg::AxisAttr> axes;
  for (fg::AxisAttr axis : fg::arrayType(value).getAxes())
    if (!input.hasAxis(axis.getName()))
      axes.push_back(axis);
  axes.push_back(input.getAxes()[input.findAxis(fg::kBatchAxis)]);
  for (StringRef name : part.per)
    axes.push_back(input.getAxes()[input.findAxis(name)]);
  return input.cloneWith(axes);
}

FailureOr<Value> tangentOfLosses(GradientEntry &entry, const Part &part,
                                 const Directions &directions) {
  OpBuilder &builder = entry.builder();
  DerivativeMap tangents;
  for (auto &[parameter, direction] : directions.parameters)
    tangents[parameter] = direction;
  auto atSite = [&](fg::SiteOpInterface site, Value incoming) -> Value {
    Value direction = directions.sites.lookup(site);
    if (!direction)
      return incoming;
    direction = createSupported(builder, site, direction);
    if (!incoming)
      return direction;
    return fg::AddOp::create(builder, site.getLoc(), direction, incoming);
  };
  if (failed(forwardSweep(builder, part.ops, tangents, atSite)))
    return failure();
  const Head &head = *part.head;
  Value tangent = tangents.lookup(head.input);
  if (!tangent)
    return Value();

  Location loc = head.declaration->getLoc();
  auto op = fg::ReplicatedTangentOp::create(
      builder, loc, changeType(tangent, part),
      builder.getStrArrayAttr(part.per), head.input, tangent,
      createMeanWeight(builder, loc, entry.primal()));
  // The region is the head as the entry holds it, so that parameters and labels
  // are those that the entry has read.
  OpBuilder::InsertionGuard guard(builder);
  Block &body = op.getBody().emplaceBlock();
  IRMapping mapping;
  mapping.map(head.input, body.addArgument(head.input.getType(), loc));
  builder.setInsertionPointToStart(&body);
  for (Operation *headOp : head.ops)
    builder.clone(*headOp, mapping);
  fg::YieldOp::create(builder, loc,
                      ValueRange{mapping.lookupOrDefault(head.losses)});
  return op.getResult();
}

//===----------------------------------------------------------------------===//
// Finite step
//===----------------------------------------------------------------------===//

/// x + e u, with the axes that only u has in front.
static Value createStep(OpBuilder &builder, Location loc, Value from,
                        Value direction) {
  return fg::AddOp::create(
      builder, loc, fg::ScaleOp::create(builder, loc, direction, kFiniteStep),
      from);
}

FiniteStep::FiniteStep(GradientEntry &gradientEntry,
                       ArrayRef<Directions> directions)
    : entry(gradientEntry) {
  OpBuilder &builder = entry.builder();
  llvm::DenseMap<Operation *, Value> sites;
  for (const Directions &part : directions) {
    for (auto &[parameter, direction] : part.parameters)
      moved[parameter] =
          createStep(builder, parameter.getLoc(), parameter, direction);
    for (auto &[site, direction] : part.sites)
      sites[site] = direction;
  }
  auto atSite = [&](fg::SiteOpInterface site, Value operand) -> Value {
    Value direction = sites.lookup(site);
    return direction ? createStep(builder, site.getLoc(), operand, direction)
                     : operand;
  };
  recomputeSweep(builder, entry.primal().bodyOps(), moved, atSite);
}

Value FiniteStep::changeOf(const Part &part) {
  OpBuilder &builder = entry.builder();
  const Head &head = *part.head;
  Location loc = head.declaration->getLoc();
  recomputeSweep(builder, head.ops, moved);
  Value losses = moved.lookup(head.losses);
  if (!losses)
    return {};
  Value change = fg::SubOp::create(builder, loc, losses, head.losses);
  change = fg::MulOp::create(builder, loc, change,
                             createMeanWeight(builder, loc, entry.primal()));
  change = fg::ScaleOp::create(builder, loc, change, 1.0 / kFiniteStep);
  return fg::createExpanded(builder, loc, change,
                            changeType(moved.lookup(head.input), part));
}

} // namespace foregrad::compiler
