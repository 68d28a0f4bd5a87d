//===- BpCheckpoint.cpp - Backpropagation that recomputes -----------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// `bp-checkpoint`: the gradients of `bp` in less memory (Chen et al. 2016,
// Training deep nets with sublinear memory cost). What passes between blocks is
// kept; on the way back each block is computed again from what entered it,
// right before its own reverse sweep, so that the activations of one block at a
// time are alive.
//
//===----------------------------------------------------------------------===//

#include "compiler/rules/Rule.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace foregrad::compiler {

/// What the ops of a segment take from elsewhere: activations and parameters.
static SmallVector<Value> collectOperands(const Segment &segment) {
  llvm::DenseSet<Value> own;
  llvm::SetVector<Value> outside;
  for (Operation *op : segment.ops) {
    for (Value operand : op->getOperands())
      if (!own.contains(operand) &&
          isa<FloatType>(fg::arrayType(operand).getElementType()))
        outside.insert(operand);
    own.insert(op->result_begin(), op->result_end());
  }
  return outside.takeVector();
}

/// Everything that depends on a parameter, and the parameters.
static llvm::DenseSet<Value> collectActive(Primal &primal) {
  llvm::DenseSet<Value> active;
  for (const Segment &segment : primal.segments) {
    for (const ParameterUse &use : segment.parameters)
      active.insert(use.value);
    for (Operation *op : segment.ops)
      if (llvm::any_of(op->getOperands(),
                       [&](Value operand) { return active.contains(operand); }))
        active.insert(op->result_begin(), op->result_end());
  }
  return active;
}

/// The reverse sweep through a segment, from the cotangents of its values to
/// those of what it takes from elsewhere. `again`: through a copy of it that is
/// computed here. Parameters go through `fg.recompute` too, so that nothing of
/// the copy can be shared with the original.
static LogicalResult sweepSegment(GradientEntry &entry, const Segment &segment,
                                  bool again,
                                  const llvm::DenseSet<Value> &active,
                                  DerivativeMap &cotangents, int64_t &number) {
  OpBuilder &builder = entry.builder();
  SmallVector<Value> operands = collectOperands(segment);
  IRMapping copies;
  SmallVector<Operation *> ops(segment.ops);
  if (again) {
    for (Value operand : operands)
      copies.map(operand, fg::RecomputeOp::create(
                              builder, operand.getLoc(), operand.getType(),
                              operand, static_cast<uint64_t>(number++)));
    for (Operation *&op : ops)
      op = builder.clone(*op, copies);
    for (Operation *op : segment.ops)
      for (Value result : op->getResults())
        if (Value cotangent = cotangents.lookup(result))
          cotangents[copies.lookup(result)] = cotangent;
  }
  SmallVector<Value> leaves;
  for (Value operand : operands)
    if (active.contains(operand))
      leaves.push_back(copies.lookupOrDefault(operand));
  if (failed(reverseSweep(builder, ops, cotangents, {leaves})))
    return failure();
  if (!again)
    return success();
  for (Value operand : operands) {
    Value cotangent = cotangents.lookup(copies.lookup(operand));
    if (!cotangent)
      continue;
    Value &known = cotangents[operand];
    known = known
                ? fg::AddOp::create(builder, operand.getLoc(), known, cotangent)
                      .getResult()
                : cotangent;
  }
  return success();
}

static LogicalResult apply(GradientEntry &entry) {
  OpBuilder &builder = entry.builder();
  Primal &primal = entry.primal();
  const Head &readout = primal.readout;
  llvm::DenseSet<Value> active = collectActive(primal);
  SmallVector<ParameterUse> parameters = readout.parameters;
  SmallVector<Value> leaves = llvm::map_to_vector(
      parameters, [](const ParameterUse &use) { return use.value; });
  if (active.contains(readout.input))
    leaves.push_back(readout.input);
  DerivativeMap cotangents;
  cotangents[readout.losses] =
      createMeanWeight(builder, readout.losses.getLoc(), primal);
  if (failed(reverseSweep(builder, readout.ops, cotangents, {leaves})))
    return failure();

  int64_t number = 0;
  for (const Segment &segment : llvm::reverse(primal.segments)) {
    for (const Head &head : segment.losses)
      entry.leaveHead(head);
    llvm::append_range(parameters, segment.parameters);
    // The activations of the last one are still there.
    bool again = &segment != &primal.segments.back();
    if (failed(sweepSegment(entry, segment, again, active, cotangents, number)))
      return failure();
  }
  entry.collect(parameters, cotangents);
  return entry.finish("the prediction does not depend on it");
}

const RuleInfo bpCheckpointRule = {
    "bp-checkpoint", "backpropagation that computes each block again",
    /*perturbs=*/false, /*estimates=*/"", apply};

} // namespace foregrad::compiler
