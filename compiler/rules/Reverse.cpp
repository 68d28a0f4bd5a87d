//===- Reverse.cpp - Learning from errors that are sent back --------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/rules/Reverse.h"
#include "mlir/IR/IRMapping.h"
#include <algorithm>
#include <cmath>

using namespace mlir;

namespace foregrad::compiler {

double defaultDeviation(fg::ArrayType weight) {
  ArrayRef<fg::AxisAttr> axes = weight.getAxes();
  double inputs = axes.size() < 2
                      ? 1.0
                      : static_cast<double>(axes[axes.size() - 2].getSize());
  return std::min(2.0 / std::sqrt(inputs), 0.1);
}

FeedbackWeights::FeedbackWeights(GradientEntry &gradientEntry)
    : entry(gradientEntry) {
  Primal &primal = entry.primal();
  auto add = [&](ArrayRef<ParameterUse> uses) {
    for (const ParameterUse &use : uses)
      parameters[use.value] = use.declaration;
  };
  for (const Segment &segment : primal.segments) {
    add(segment.parameters);
    for (const Head &head : segment.losses)
      add(head.parameters);
  }
  add(primal.readout.parameters);
}

/// `block0.channel.weight` -> `block0.channel.feedback.weight`.
static std::string feedbackPath(StringRef path) {
  auto [layer, name] = path.rsplit('.');
  return (layer + ".feedback." + name).str();
}

Value FeedbackWeights::operator()(Value value) {
  if (Value found = known.lookup(value))
    return found;
  Value result;
  if (fg::ParameterOp parameter = parameters.lookup(value)) {
    auto type = fg::arrayType(value);
    double scale = parameter.getInit() == fg::Init::Normal
                       ? parameter.getScale().convertToDouble()
                       : defaultDeviation(type);
    result = entry.feedback(feedbackPath(parameter.getPath()),
                            parameter.getLoc(), type, scale);
  } else if (Operation *op = value.getDefiningOp();
             op && op->getNumOperands() > 0 && op->getNumResults() == 1) {
    // A rearranged weight: so is what stands for it.
    IRMapping mapping;
    for (Value operand : op->getOperands()) {
      Value replacement = (*this)(operand);
      if (!replacement)
        return {};
      mapping.map(operand, replacement);
    }
    result = entry.builder().clone(*op, mapping)->getResult(0);
  } else {
    return {};
  }
  known[value] = result;
  return result;
}

/// The gradient of the sum of mean losses for `parameters`, by one reverse
/// sweep through `ops`.
static LogicalResult learn(GradientEntry &entry, ArrayRef<Operation *> ops,
                           ArrayRef<ParameterUse> parameters,
                           ArrayRef<Value> losses, FeedbackWeights *feedback) {
  SmallVector<Value> leaves = llvm::map_to_vector(
      parameters, [](const ParameterUse &use) { return use.value; });
  DerivativeMap cotangents;
  for (Value loss : losses)
    cotangents[loss] =
        createMeanWeight(entry.builder(), loss.getLoc(), entry.primal());
  ReverseOptions options{leaves};
  auto through = [&](Value value) { return (*feedback)(value); };
  if (feedback)
    options.sentThrough = through;
  if (failed(reverseSweep(entry.builder(), ops, cotangents, options)))
    return failure();
  entry.collect(parameters, cotangents);
  return success();
}

LogicalResult learnFromReadout(GradientEntry &entry, Path path) {
  Primal &primal = entry.primal();
  SmallVector<Operation *> ops = primal.bodyOps();
  llvm::append_range(ops, primal.readout.ops);
  SmallVector<ParameterUse> parameters = primal.readout.parameters;
  for (const Segment &segment : primal.segments) {
    llvm::append_range(parameters, segment.parameters);
    for (const Head &head : segment.losses)
      entry.leaveHead(head);
  }
  FeedbackWeights feedback(entry);
  if (failed(learn(entry, ops, parameters, primal.readout.losses,
                   path == Path::Feedback ? &feedback : nullptr)))
    return failure();
  return entry.finish("the prediction does not depend on it");
}

LogicalResult learnFromAllLosses(GradientEntry &entry, Path path) {
  Primal &primal = entry.primal();
  SmallVector<Operation *> ops = primal.bodyOps();
  SmallVector<ParameterUse> parameters;
  SmallVector<Value> losses;
  for (const Segment &segment : primal.segments) {
    llvm::append_range(parameters, segment.parameters);
    for (const Head &head : segment.losses) {
      llvm::append_range(ops, head.ops);
      llvm::append_range(parameters, head.parameters);
      losses.push_back(head.losses);
    }
  }
  FeedbackWeights feedback(entry);
  if (failed(learn(entry, ops, parameters, losses,
                   path == Path::Feedback ? &feedback : nullptr)) ||
      failed(entry.learnHead(primal.readout)))
    return failure();
  return entry.finish("no block's loss depends on it");
}

LogicalResult checkOwnLosses(GradientEntry &entry) {
  for (const Segment &segment : entry.primal().segments) {
    if (segment.parameters.empty() || !segment.losses.empty())
      continue;
    fg::ParameterOp parameter = segment.parameters.front().declaration;
    InFlightDiagnostic error = parameter.emitError()
                               << "parameter '" << parameter.getPath()
                               << "' gets no gradient under the rule "
                               << entry.rule();
    error.attachNote()
        << (segment.declaration
                ? "its block has no loss of its own: add `loss ... per "
                  "[...]` to the block"
                : "it stands outside of all blocks: move it into a block "
                  "with a loss");
    return error;
  }
  return success();
}

LogicalResult learnFromOwnLosses(GradientEntry &entry, Path path) {
  if (failed(checkOwnLosses(entry)))
    return failure();
  FeedbackWeights feedback(entry);
  for (const Segment &segment : entry.primal().segments) {
    SmallVector<Operation *> ops(segment.ops);
    SmallVector<ParameterUse> parameters(segment.parameters);
    SmallVector<Value> losses;
    for (const Head &head : segment.losses) {
      llvm::append_range(ops, head.ops);
      llvm::append_range(parameters, head.parameters);
      losses.push_back(head.losses);
    }
    if (failed(learn(entry, ops, parameters, losses,
                     path == Path::Feedback ? &feedback : nullptr)))
      return failure();
  }
  if (failed(entry.learnHead(entry.primal().readout)))
    return failure();
  return entry.finish("its block's loss does not depend on it");
}

} // namespace foregrad::compiler
