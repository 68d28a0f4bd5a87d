//===- Linear.cpp - The layers that learn ---------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "frontends/fg/Arguments.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

namespace foregrad::lang {

using namespace ast;

// The layer that the label around this call names, for the first call in it
// that learns.
bool Elaborator::claimLayer(const CallExpr &call) {
  llvm::StringRef callee = call.callee.text;
  if (!block && !(head && head->isPredict)) {
    diagnostics.error(
        call.callee.range,
        "a " + callee +
            " learns, so it belongs into a block or the prediction");
    diagnostics.help("put it into a block: block block0 { x = NAME: " + callee +
                     "(...) }");
    return false;
  }
  if (!label) {
    diagnostics.error(call.callee.range,
                      "this " + callee + " has no name for its weights");
    diagnostics.help("put a name before it: NAME: " + callee +
                     "(...); its weights are then " + blockName +
                     ".NAME.weight");
    return false;
  }
  if (!label->layer) {
    label->layer = call.callee;
    return true;
  }
  diagnostics.error(call.callee.range, "the layer '" + label->path +
                                           "' already has a " +
                                           label->layer->text);
  diagnostics.note(label->layer->range, "the first one is here");
  diagnostics.help("give this one a name of its own: NAME: " + callee +
                   "(...)");
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

// The axes behind `per`; none where there is no `per`.
std::optional<Elaborator::AxisNames>
Elaborator::readPer(const Arguments &arguments, ArrayId input) {
  if (!arguments.per)
    return AxisNames();
  return readAxesOf(*arguments.per->value, input);
}

bool Elaborator::checkNotMixed(const CallExpr &call,
                               llvm::ArrayRef<Identifier> per,
                               llvm::ArrayRef<Identifier> mixed) {
  for (const Identifier &axis : per)
    for (const Identifier &other : mixed)
      if (axis.text == other.text) {
        diagnostics.error(axis.range, "'" + axis.text + "' is mixed by this " +
                                          call.callee.text +
                                          ", so it cannot have weights per '" +
                                          axis.text + "'");
        return false;
      }
  return true;
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
  return addLayer(call, arguments, *input, {});
}

// The product with a weight, summed over the axes before the arrow and over the
// elements of the windows, and the bias.
Operand Elaborator::addLayer(const CallExpr &call, const Arguments &arguments,
                             ArrayId input, llvm::ArrayRef<Window> windows) {
  const Axes axes = graph.arrays[input];
  const Argument *arrow = arguments.arrow;
  AxisNames from;
  if (arrow) {
    std::optional<AxisNames> names = readAxesOf(*arrow->value, input);
    if (!names || !checkAxisName(arrow->name))
      return {};
    from = std::move(*names);
  }
  std::optional<AxisNames> per = readPer(arguments, input);
  AxisNames slid;
  for (const Window &window : windows)
    slid.push_back(window.axis);
  if (!per || !checkNotMixed(call, *per, from) ||
      !checkNotMixed(call, *per, slid))
    return {};
  for (const Identifier &axis : from)
    for (const Identifier &other : slid)
      if (axis.text == other.text) {
        diagnostics.error(axis.range, "the window mixes '" + axis.text +
                                          "' already, so it cannot stand "
                                          "before '->' too");
        return {};
      }
  int64_t outputSize = 1;
  if (arrow) {
    std::optional<int64_t> size = getOutputSize(*arrow, axes, from);
    if (!size)
      return {};
    outputSize = *size;
  }

  // The result: the new axis at the place of the first input axis.
  Axes result;
  for (const Axis &axis : axes) {
    if (arrow && axis.name == from.front().text) {
      result.push_back({arrow->name.text.str(), outputSize});
      continue;
    }
    auto named = [&](const Identifier &name) { return axis.name == name.text; };
    if (llvm::any_of(from, named))
      continue;
    if (arrow && axis.name == arrow->name.text) {
      diagnostics.error(arrow->name.range,
                        "the result would have two axes called '" + axis.name +
                            "'");
      diagnostics.help("the array has the axes " + formatAxes(axes) +
                       "; give the new one another name");
      return {};
    }
    const auto *window = llvm::find_if(
        windows, [&](const Window &other) { return named(other.axis); });
    result.push_back(window == windows.end() ? axis
                                             : Axis{axis.name, window->count});
  }

  auto layer = std::make_unique<LinearLayer>();
  Parameter &weight = layer->weight;
  int64_t fanIn = 1;
  Axes biasAxes;
  for (const Window &window : windows)
    weight.axes.push_back({window.axis.text.str(), window.size});
  for (const Identifier &axis : *per) {
    layer->per.push_back(axis.text.str());
    biasAxes.push_back(axes[findAxis(axes, axis.text)]);
  }
  weight.axes.append(biasAxes.begin(), biasAxes.end());
  if (arrow) {
    Axis merged{"", 1};
    for (const Identifier &axis : from) {
      layer->from.push_back(axis.text.str());
      merged.name += (merged.name.empty() ? "" : ".") + axis.text.str();
      // Bounded by the elements of the array.
      merged.size *= axes[findAxis(axes, axis.text)].size;
    }
    layer->to = arrow->name.text.str();
    weight.axes.push_back(merged);
    fanIn = merged.size;
    // A weight's axes need two names where the layer has one.
    weight.axes.push_back(
        {layer->to == merged.name ? layer->to + "'" : layer->to, outputSize});
    biasAxes.push_back({layer->to, outputSize});
  }
  if (!checkElements(weight.axes, 1, call.range, "the weight"))
    return {};
  for (const Window &window : windows)
    fanIn *= window.size; // bounded by the elements of the weight
  std::optional<double> scale = getInitialScale(arguments, fanIn);
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

  std::optional<ArrayId> source = input;
  if (!windows.empty())
    source = addWindows(call, input, windows);
  if (!source)
    return {};
  for (const Window &window : windows)
    layer->window.push_back(getWindowName(window.axis.text));
  Node node;
  node.kind = Node::Kind::Linear;
  node.range = call.range;
  node.operands = {*source};
  node.layer = std::move(layer);
  return addNode(std::move(node), std::move(result));
}

} // namespace foregrad::lang
