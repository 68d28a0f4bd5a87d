//===- Sweep.cpp - Forward and reverse sweeps over a list of ops ----------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/rules/Sweep.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace foregrad::compiler {

using fg::AxisPart;
using fg::DifferentiableOpInterface;
using fg::SiteOpInterface;

LogicalResult
forwardSweep(OpBuilder &builder, ArrayRef<Operation *> ops,
             DerivativeMap &tangents,
             llvm::function_ref<Value(SiteOpInterface, Value)> atSite) {
  for (Operation *op : ops) {
    SmallVector<Value> operandTangents;
    bool any = false;
    for (Value operand : op->getOperands()) {
      operandTangents.push_back(tangents.lookup(operand));
      any |= static_cast<bool>(operandTangents.back());
    }
    if (auto site = dyn_cast<SiteOpInterface>(op); site && atSite) {
      operandTangents[0] = atSite(site, operandTangents[0]);
      any |= static_cast<bool>(operandTangents[0]);
    }
    if (!any)
      continue;
    auto differentiable = dyn_cast<DifferentiableOpInterface>(op);
    if (!differentiable)
      return op->emitOpError("has no forward derivative (JVP)");
    if (Value tangent = differentiable.tangent(builder, operandTangents))
      tangents[op->getResult(0)] = tangent;
  }
  return success();
}

static bool isPassable(Operation *op, const ReverseOptions &options) {
  return !(options.stopAtSites && isa<SiteOpInterface>(op));
}

/// Values that depend on a leaf through ops that the sweep may pass.
static llvm::DenseSet<Value> findActive(ArrayRef<Operation *> ops,
                                        const ReverseOptions &options) {
  llvm::DenseSet<Value> active(options.leaves.begin(), options.leaves.end());
  for (Operation *op : ops)
    if (isPassable(op, options) &&
        llvm::any_of(op->getOperands(),
                     [&](Value operand) { return active.contains(operand); }))
      active.insert(op->result_begin(), op->result_end());
  return active;
}

/// The cotangents of the operands: where a parameter is one of them, those of
/// the others go through what is sent through in its place.
static SmallVector<Value> pullBack(OpBuilder &builder,
                                   DifferentiableOpInterface op,
                                   Value cotangent, ArrayRef<bool> wanted,
                                   const ReverseOptions &options) {
  SmallVector<Value> replacements(op->getNumOperands());
  SmallVector<bool> exact(wanted), sent(wanted.size(), false);
  if (options.sentThrough)
    for (auto [position, operand] : llvm::enumerate(op->getOperands()))
      replacements[position] = options.sentThrough(operand);
  if (llvm::any_of(replacements, [](Value value) { return bool(value); }))
    for (auto [position, replacement] : llvm::enumerate(replacements))
      if (!replacement)
        std::swap(exact[position], sent[position]);
  SmallVector<Value> result(op->getNumOperands());
  auto merge = [&](ArrayRef<Value> partials) {
    for (auto [known, partial] : llvm::zip_equal(result, partials))
      if (partial)
        known = partial;
  };
  if (llvm::is_contained(exact, true))
    merge(op.cotangents(builder, cotangent, exact));
  if (llvm::is_contained(sent, true)) {
    Operation *copy = builder.clone(*op.getOperation());
    for (auto [position, replacement] : llvm::enumerate(replacements))
      if (replacement)
        copy->setOperand(static_cast<unsigned>(position), replacement);
    merge(cast<DifferentiableOpInterface>(copy).cotangents(builder, cotangent,
                                                           sent));
    if (copy->use_empty())
      copy->erase();
  }
  return result;
}

LogicalResult reverseSweep(OpBuilder &builder, ArrayRef<Operation *> ops,
                           DerivativeMap &cotangents,
                           const ReverseOptions &options) {
  llvm::DenseSet<Value> active = findActive(ops, options);
  for (Operation *op : llvm::reverse(ops)) {
    if (op->getNumResults() == 0 || !isPassable(op, options) ||
        !active.contains(op->getResult(0)))
      continue;
    Value cotangent = cotangents.lookup(op->getResult(0));
    if (!cotangent)
      continue;
    auto differentiable = dyn_cast<DifferentiableOpInterface>(op);
    if (!differentiable) {
      // A leaf that stands among the ops, such as a parameter.
      if (llvm::is_contained(options.leaves, op->getResult(0)))
        continue;
      return op->emitOpError("has no reverse derivative (VJP)");
    }
    SmallVector<bool> wanted;
    for (Value operand : op->getOperands())
      wanted.push_back(active.contains(operand));
    SmallVector<Value> operandCotangents =
        pullBack(builder, differentiable, cotangent, wanted, options);
    for (auto [operand, partial] :
         llvm::zip_equal(op->getOperands(), operandCotangents)) {
      if (!partial)
        continue;
      Value &sum = cotangents[operand];
      sum = sum ? fg::AddOp::create(builder, op->getLoc(), sum, partial)
                      .getResult()
                : partial;
    }
  }
  return success();
}

llvm::DenseMap<Value, std::optional<AxisPart>>
traceAxisBack(ArrayRef<Operation *> ops, Value root, AxisPart part) {
  return traceAxisBack(ops, root, part, TraceOptions());
}

llvm::DenseMap<Value, std::optional<AxisPart>>
traceAxisBack(ArrayRef<Operation *> ops, Value root, AxisPart part,
              const TraceOptions &options) {
  llvm::DenseMap<Value, std::optional<AxisPart>> parts;
  parts[root] = part;
  for (Operation *op : llvm::reverse(ops)) {
    if (options.stopAtSites && isa<SiteOpInterface>(op))
      continue;
    for (OpResult result : op->getResults()) {
      auto known = parts.find(result);
      if (known == parts.end())
        continue;
      std::optional<AxisPart> resultPart = known->second;
      auto differentiable = dyn_cast<DifferentiableOpInterface>(op);
      bool frozen =
          options.throughNorms && isa<fg::NormalizationOpInterface>(op);
      for (OpOperand &operand : op->getOpOperands()) {
        std::optional<AxisPart> traced;
        if (frozen && operand.getOperandNumber() == 0)
          traced = resultPart;
        else if (resultPart && differentiable && result.getResultNumber() == 0)
          traced =
              differentiable.traceAxis(operand.getOperandNumber(), *resultPart);
        auto [entry, isNew] = parts.try_emplace(operand.get(), traced);
        if (!isNew && entry->second != traced)
          entry->second = std::nullopt;
      }
    }
  }
  return parts;
}

llvm::DenseSet<Value> collectLayer(ArrayRef<Operation *> ops, Value root) {
  llvm::DenseSet<Value> layer = {root};
  for (Operation *op : llvm::reverse(ops))
    if (!isa<SiteOpInterface>(op) &&
        llvm::any_of(op->getResults(),
                     [&](Value result) { return layer.contains(result); }))
      layer.insert(op->operand_begin(), op->operand_end());
  return layer;
}

/// The op again, on other operands. Axes are matched by name: those that only
/// the new operands have are in front of the results.
static Operation *cloneWidened(OpBuilder &builder, Operation *op,
                               ArrayRef<Value> operands) {
  SmallVector<fg::AxisAttr> extras;
  for (auto [before, after] : llvm::zip_equal(op->getOperands(), operands))
    for (fg::AxisAttr axis : fg::arrayType(after).getAxes())
      if (!fg::arrayType(before).hasAxis(axis.getName()) &&
          !llvm::is_contained(extras, axis))
        extras.push_back(axis);
  if (auto widened = dyn_cast<fg::WidenOpInterface>(op))
    return widened.widen(builder, operands).getDefiningOp();
  Operation *copy = builder.clone(*op);
  copy->setOperands(operands);
  for (OpResult result : copy->getResults()) {
    SmallVector<fg::AxisAttr> axes(extras);
    llvm::append_range(axes, fg::arrayType(result).getAxes());
    result.setType(fg::arrayType(result).cloneWith(axes));
  }
  return copy;
}

void recomputeSweep(OpBuilder &builder, ArrayRef<Operation *> ops,
                    DerivativeMap &values,
                    llvm::function_ref<Value(SiteOpInterface, Value)> atSite) {
  for (Operation *op : ops) {
    SmallVector<Value> operands;
    bool any = false;
    for (Value operand : op->getOperands()) {
      Value other = values.lookup(operand);
      any |= static_cast<bool>(other);
      operands.push_back(other ? other : operand);
    }
    if (auto site = dyn_cast<SiteOpInterface>(op); site && atSite) {
      operands[0] = atSite(site, operands[0]);
      any |= operands[0] != op->getOperand(0);
    }
    if (!any)
      continue;
    Operation *copy = cloneWidened(builder, op, operands);
    for (auto [before, after] :
         llvm::zip_equal(op->getResults(), copy->getResults()))
      values[before] = after;
  }
}

SmallVector<Operation *> inlineBlock(OpBuilder &builder, Block &block,
                                     IRMapping &mapping) {
  SmallVector<Operation *> clones;
  for (Operation &op : block)
    if (!op.hasTrait<OpTrait::IsTerminator>())
      clones.push_back(builder.clone(op, mapping));
  return clones;
}

} // namespace foregrad::compiler
