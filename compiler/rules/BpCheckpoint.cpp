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

using namespace mlir;

namespace foregrad::compiler {

namespace {

/// The ops of a segment, to be swept, and for each of its values the copy that
/// stands for it.
struct Recomputed {
  SmallVector<Operation *> ops;
  IRMapping mapping;
};

/// Computes a segment again from what the ops before it gave.
Recomputed recompute(GradientEntry &entry, const Segment &segment,
                     int64_t &number) {
  OpBuilder &builder = entry.builder();
  llvm::DenseSet<Value> own;
  for (Operation *op : segment.ops)
    own.insert(op->result_begin(), op->result_end());
  llvm::DenseSet<Value> parameters;
  for (const ParameterUse &use : segment.parameters)
    parameters.insert(use.value);
  Recomputed result;
  for (Operation *op : segment.ops) {
    for (Value operand : op->getOperands()) {
      if (own.contains(operand) || parameters.contains(operand) ||
          result.mapping.contains(operand) ||
          !isa<FloatType>(fg::arrayType(operand).getElementType()))
        continue;
      result.mapping.map(
          operand,
          fg::RecomputeOp::create(builder, op->getLoc(), operand.getType(),
                                  operand, static_cast<uint64_t>(number++)));
    }
    result.ops.push_back(builder.clone(*op, result.mapping));
  }
  return result;
}

} // namespace

static LogicalResult apply(GradientEntry &entry) {
  OpBuilder &builder = entry.builder();
  Primal &primal = entry.primal();
  const Head &readout = primal.readout;
  // Values that carry errors from one segment to the one before it: whatever
  // depends on a parameter.
  SmallVector<Value> leaves;
  llvm::DenseSet<Value> active;
  auto addLeaves = [&](ArrayRef<ParameterUse> uses) {
    for (const ParameterUse &use : uses)
      if (active.insert(use.value).second)
        leaves.push_back(use.value);
  };
  for (const Segment &segment : primal.segments) {
    for (const Head &head : segment.losses)
      entry.leaveHead(head);
    addLeaves(segment.parameters);
    for (Operation *op : segment.ops)
      if (llvm::any_of(op->getOperands(),
                       [&](Value operand) { return active.contains(operand); }))
        active.insert(op->result_begin(), op->result_end());
  }
  addLeaves(readout.parameters);

  DerivativeMap cotangents;
  cotangents[readout.losses] =
      createMeanWeight(builder, readout.losses.getLoc(), primal);
  SmallVector<Value> readoutLeaves(leaves);
  if (active.contains(readout.input))
    readoutLeaves.push_back(readout.input);
  if (failed(reverseSweep(builder, readout.ops, cotangents, {readoutLeaves})))
    return failure();

  int64_t number = 0;
  for (const Segment &segment : llvm::reverse(primal.segments)) {
    bool isLast = &segment == &primal.segments.back();
    Recomputed again;
    if (isLast)
      again.ops = segment.ops;
    else
      again = recompute(entry, segment, number);
    // Errors enter at the copies, leave at what was copied.
    SmallVector<Value> ends;
    for (Operation *op : segment.ops)
      for (Value result : op->getResults())
        if (Value cotangent = cotangents.lookup(result); cotangent && !isLast)
          cotangents[again.mapping.lookup(result)] = cotangent;
    SmallVector<Value> segmentLeaves(leaves);
    SmallVector<std::pair<Value, Value>> borders; // copy, original
    llvm::DenseSet<Value> own;
    for (Operation *op : segment.ops)
      own.insert(op->result_begin(), op->result_end());
    for (Operation *op : segment.ops)
      for (Value operand : op->getOperands()) {
        if (own.contains(operand) || !active.contains(operand) ||
            llvm::is_contained(leaves, operand))
          continue;
        Value copy = isLast ? operand : again.mapping.lookup(operand);
        if (llvm::is_contained(segmentLeaves, copy))
          continue;
        segmentLeaves.push_back(copy);
        if (!isLast)
          borders.push_back({copy, operand});
      }
    if (failed(reverseSweep(builder, again.ops, cotangents, {segmentLeaves})))
      return failure();
    for (auto [copy, original] : borders) {
      Value cotangent = cotangents.lookup(copy);
      if (!cotangent)
        continue;
      Value &known = cotangents[original];
      known = known ? fg::AddOp::create(builder, original.getLoc(), known,
                                        cotangent)
                          .getResult()
                    : cotangent;
    }
  }
  SmallVector<ParameterUse> parameters = readout.parameters;
  for (const Segment &segment : primal.segments)
    llvm::append_range(parameters, segment.parameters);
  entry.collect(parameters, cotangents);
  return entry.finish("the prediction does not depend on it");
}

const RuleInfo bpCheckpointRule = {
    "bp-checkpoint", "backpropagation that computes each block again",
    /*perturbs=*/false, /*estimates=*/"", apply};

} // namespace foregrad::compiler
