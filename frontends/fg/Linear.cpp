//===- Linear.cpp - The layer that learns ---------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "frontends/fg/Arguments.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

namespace foregrad::lang {

using namespace ast;

// The layer that the label around this call names, for the first linear in it.
bool Elaborator::claimLayer(const CallExpr &call) {
  if (!block && !(head && head->isPredict)) {
    diagnostics.error(
        call.callee.range,
        "a linear learns, so it belongs into a block or the prediction");
    diagnostics.help(
        "put it into a block: block block0 { x = NAME: linear(...) }");
    return false;
  }
  if (!label) {
    diagnostics.error(call.callee.range,
                      "this linear has no name for its weights");
    diagnostics.help(
        "put a name before it: NAME: linear(...); its weights are then " +
        blockName + ".NAME.weight");
    return false;
  }
  if (!label->linear) {
    label->linear = call.callee.range;
    return true;
  }
  diagnostics.error(call.callee.range,
                    "the layer '" + label->path + "' already has a linear");
  diagnostics.note(*label->linear, "the first one is here");
  diagnostics.help("give this one a name of its own: NAME: linear(...)");
  return false;
}

std::optional<int64_t>
Elaborator::getOutputSize(const Argument &arrow, llvm::ArrayRef<Axis> axes,
                          llvm::ArrayRef<Identifier> from) {
  llvm::StringRef name = arrow.name.text;
  if (arrow.size)
    return evaluateSize(*arrow.size, "the size of '" + name + "'");
  for (const Identifier &axis : from)
    if (axis.text == name)
      return axes[findAxis(axes, name)].size;
  if (name == graph.labelName) {
    if (graph.numClasses > 0)
      return graph.numClasses;
    return std::nullopt; // the label is wrong, which was said
  }
  diagnostics.error(arrow.name.range,
                    "the size of the new axis '" + name + "' is missing");
  diagnostics.help("write -> " + name + " = ...");
  return std::nullopt;
}

// Normal with min(2 / sqrt(fan in), 0.1); zero in the prediction; or as `init`
// says.
std::optional<double> Elaborator::getInitialScale(const Arguments &arguments,
                                                  int64_t fanIn) {
  const Argument *init = arguments.named.lookup("init");
  if (!init) {
    if (head && head->isPredict)
      return 0.0;
    return std::min(2.0 / std::sqrt(static_cast<double>(fanIn)), 0.1);
  }
  const Expr &value = *init->value;
  if (const auto *name = llvm::dyn_cast<NameExpr>(&value);
      name && name->name == "zero")
    return 0.0;
  const auto *call = llvm::dyn_cast<CallExpr>(&value);
  if (!call || call->callee.text != "normal" || call->arguments.size() != 1 ||
      call->arguments[0].kind != Argument::Kind::Positional) {
    diagnostics.error(value.range, "'init' is zero or normal(deviation)");
    return std::nullopt;
  }
  const Expr &deviation = *call->arguments[0].value;
  std::optional<Constant> scale = evaluateConstant(deviation, "the deviation");
  if (!scale)
    return std::nullopt;
  if (!scale->isNumeric() || !(scale->getNumber() > 0)) {
    diagnostics.error(deviation.range,
                      "the deviation must be a number above 0; this is " +
                          scale->describe());
    return std::nullopt;
  }
  return scale->getNumber();
}

Operand Elaborator::callLinear(const CallExpr &call) {
  static constexpr llvm::StringRef kOptions[] = {"bias", "init"};
  static constexpr Signature kSignature{
      "linear(x, axis -> axis [= size] [, per axis] [, bias = false] [, init = "
      "zero])",
      1,
      /*hasArrow=*/true,
      /*hasPer=*/true,
      false,
      kOptions};
  Arguments arguments;
  if (!sortArguments(call, kSignature, arguments))
    return {};
  std::optional<ArrayId> input =
      evaluateArray(*arguments.positional[0]->value, "linear");
  // The input may hold layers of its own; this one's name is claimed after
  // them.
  if (!input || !claimLayer(call))
    return {};
  const Axes axes = graph.arrays[*input];
  const Argument &arrow = *arguments.arrow;
  std::optional<AxisNames> from = readAxesOf(*arrow.value, *input);
  if (!from || !checkAxisName(arrow.name))
    return {};
  AxisNames per;
  if (arguments.per) {
    std::optional<AxisNames> names = readAxesOf(*arguments.per->value, *input);
    if (!names)
      return {};
    per = std::move(*names);
  }
  for (const Identifier &axis : per)
    for (const Identifier &other : *from)
      if (axis.text == other.text) {
        diagnostics.error(
            axis.range,
            "'" + axis.text +
                "' is mixed by this linear, so it cannot have weights per '" +
                axis.text + "'");
        return {};
      }
  std::optional<int64_t> outputSize = getOutputSize(arrow, axes, *from);
  if (!outputSize)
    return {};

  // The result: the new axis at the place of the first input axis.
  Axes result;
  for (const Axis &axis : axes) {
    if (axis.name == from->front().text) {
      result.push_back({arrow.name.text.str(), *outputSize});
      continue;
    }
    if (llvm::any_of(*from, [&](const Identifier &name) {
          return axis.name == name.text;
        }))
      continue;
    if (axis.name == arrow.name.text) {
      diagnostics.error(arrow.name.range,
                        "the result would have two axes called '" + axis.name +
                            "'");
      diagnostics.help("the array has the axes " + formatAxes(axes) +
                       "; give the new one another name");
      return {};
    }
    result.push_back(axis);
  }

  auto layer = std::make_unique<LinearLayer>();
  Parameter &weight = layer->weight;
  Axes biasAxes;
  for (const Identifier &axis : per) {
    layer->per.push_back(axis.text.str());
    biasAxes.push_back(axes[findAxis(axes, axis.text)]);
  }
  weight.axes = biasAxes;
  Axis merged{"", 1};
  for (const Identifier &axis : *from) {
    layer->from.push_back(axis.text.str());
    merged.name += (merged.name.empty() ? "" : ".") + axis.text.str();
    // Bounded by the elements of the array.
    merged.size *= axes[findAxis(axes, axis.text)].size;
  }
  layer->to = arrow.name.text.str();
  weight.axes.push_back(merged);
  // A weight's axes need two names where the layer has one.
  weight.axes.push_back(
      {layer->to == merged.name ? layer->to + "'" : layer->to, *outputSize});
  biasAxes.push_back({layer->to, *outputSize});
  if (!checkElements(weight.axes, 1, call.range, "the weight"))
    return {};
  std::optional<double> scale = getInitialScale(arguments, merged.size);
  if (!scale)
    return {};
  weight.path = label->path + ".weight";
  weight.scale = *scale;
  weight.decay = true;
  if (head)
    weight.rateGroup = head->isPredict ? "last_layer_rate" : "head_rate";
  bool hasBias = true;
  if (const Argument *option = arguments.named.lookup("bias")) {
    std::optional<bool> wanted = readBoolean(*option);
    if (!wanted)
      return {};
    hasBias = *wanted;
  }
  if (hasBias)
    layer->bias =
        Parameter{label->path + ".bias", biasAxes, 0, false, weight.rateGroup};

  Node node;
  node.kind = Node::Kind::Linear;
  node.range = call.range;
  node.operands = {*input};
  node.layer = std::move(layer);
  return addNode(std::move(node), std::move(result));
}

} // namespace foregrad::lang
