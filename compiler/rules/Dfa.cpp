//===- Dfa.cpp - Direct feedback alignment --------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// `dfa`: the error of the readout's loss at the prediction, e, goes straight to
// every layer through a fixed random array F of its own (Nokland, NeurIPS
// 2016):
//
//   dh[n, p, u] = sum_c e[n, c] F[u, c] / P
//
// u are the layer's output units (the axes that its weight makes), p all other
// axes of its activation, P their number. From dh it is exact through the
// nonlinearity and the norm into that layer's own weights. The readout learns
// exactly; local heads take no part.
//
//===----------------------------------------------------------------------===//

#include "compiler/rules/Reverse.h"
#include "compiler/rules/Rule.h"

using namespace mlir;

namespace foregrad::compiler {

/// The axes of `activation`, which is right before a nonlinearity, that come
/// from the weights of its layer: those along which it has units.
static SmallVector<fg::AxisAttr> findUnits(const Segment &segment,
                                           Value activation) {
  llvm::DenseSet<Value> layer = collectLayer(segment.ops, activation);
  SmallVector<fg::AxisAttr> units;
  for (auto [position, axis] :
       llvm::enumerate(fg::arrayType(activation).getAxes())) {
    auto traced = traceAxisBack(
        segment.ops, activation,
        {static_cast<unsigned>(position), axis.getSize(), /*inner=*/1},
        {/*stopAtSites=*/true, /*throughNorms=*/true});
    if (llvm::any_of(segment.parameters, [&](const ParameterUse &use) {
          return layer.contains(use.value) && traced.lookup(use.value);
        }))
      units.push_back(axis);
  }
  return units;
}

/// F for a site, [units..., class], kept with its units as one axis.
static Value createFeedback(GradientEntry &entry, fg::SiteOpInterface site,
                            ArrayRef<fg::AxisAttr> units,
                            fg::AxisAttr classes) {
  OpBuilder &builder = entry.builder();
  Location loc = site.getLoc();
  fg::ArrayType type = fg::arrayType(site->getOperand(0));
  std::string joint;
  int64_t size = 1;
  SmallVector<Attribute> names;
  SmallVector<fg::AxisAttr> axes(units);
  for (fg::AxisAttr unit : units) {
    joint += (joint.empty() ? "" : ".") + unit.getName().str();
    size *= unit.getSize();
    names.push_back(unit.getName());
  }
  auto kept =
      type.cloneWith({fg::AxisAttr::get(builder.getContext(),
                                        builder.getStringAttr(joint), size),
                      classes});
  Value feedback =
      entry.feedback(site.getSiteName() + ".direct_feedback.weight", loc, kept,
                     defaultDeviation(kept));
  if (units.size() == 1)
    return feedback;
  axes.push_back(classes);
  return fg::SplitOp::create(builder, loc, type.cloneWith(axes), feedback,
                             builder.getStringAttr(joint),
                             builder.getArrayAttr(names));
}

static LogicalResult learnSegment(GradientEntry &entry, const Segment &segment,
                                  Value error) {
  OpBuilder &builder = entry.builder();
  fg::ArrayType errorType = fg::arrayType(error);
  fg::AxisAttr classes;
  for (fg::AxisAttr axis : errorType.getAxes())
    if (axis.getName() != fg::kBatchAxis)
      classes = axis;
  DerivativeMap cotangents;
  for (Operation *op : segment.ops) {
    auto site = dyn_cast<fg::SiteOpInterface>(op);
    auto differentiable = dyn_cast<fg::DifferentiableOpInterface>(op);
    if (!site || !differentiable)
      continue;
    Location loc = op->getLoc();
    Value operand = op->getOperand(0);
    fg::ArrayType type = fg::arrayType(operand);
    SmallVector<fg::AxisAttr> units = findUnits(segment, operand);
    if (units.empty())
      continue;
    SmallVector<StringRef> axes = {fg::kBatchAxis};
    int64_t unitCount = 1;
    for (fg::AxisAttr unit : units) {
      axes.push_back(unit.getName().getValue());
      unitCount *= unit.getSize();
    }
    int64_t places = type.getNumElements() / entry.primal().batch / unitCount;
    Value sent = fg::ContractOp::create(
        builder, loc, error, createFeedback(entry, site, units, classes),
        ArrayRef<StringRef>(axes));
    sent = fg::ScaleOp::create(builder, loc, sent,
                               1.0 / static_cast<double>(places));
    sent = fg::createExpanded(builder, loc, sent, type);
    Value gradient = differentiable.cotangents(builder, sent, {true}).front();
    Value &known = cotangents[operand];
    known = known ? fg::AddOp::create(builder, loc, known, gradient).getResult()
                  : gradient;
  }
  SmallVector<Value> leaves = llvm::map_to_vector(
      segment.parameters, [](const ParameterUse &use) { return use.value; });
  if (failed(reverseSweep(builder, segment.ops, cotangents,
                          {leaves, /*stopAtSites=*/true})))
    return failure();
  entry.collect(segment.parameters, cotangents);
  return success();
}

static LogicalResult apply(GradientEntry &entry) {
  Primal &primal = entry.primal();
  const Head &readout = primal.readout;
  // The error at the prediction.
  DerivativeMap cotangents;
  cotangents[readout.losses] =
      createMeanWeight(entry.builder(), readout.losses.getLoc(), primal);
  if (failed(reverseSweep(entry.builder(), readout.ops, cotangents,
                          {{readout.logits}})))
    return failure();
  Value error = cotangents.lookup(readout.logits);
  if (!error)
    return readout.declaration->emitError(
        "the loss does not depend on the prediction");
  for (const Segment &segment : primal.segments) {
    for (const Head &head : segment.losses)
      entry.leaveHead(head);
    if (failed(learnSegment(entry, segment, error)))
      return failure();
  }
  if (failed(entry.learnHead(readout)))
    return failure();
  return entry.finish("no nonlinearity (relu) follows its layer, where the "
                      "error would be sent to");
}

const RuleInfo dfaRule = {
    "dfa", "direct feedback alignment: the readout's error, sent to each layer",
    /*perturbs=*/false, /*estimates=*/"bp", apply};

} // namespace foregrad::compiler
