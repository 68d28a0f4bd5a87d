//===- Operations.cpp - The functions of the language ---------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// A function is one method and one line in the table of `evaluateCall`; what it
// means in the fg dialect stands in Emit.cpp.
//
//===----------------------------------------------------------------------===//

#include "frontends/fg/Arguments.h"

namespace foregrad::lang {

using namespace ast;

Operand Elaborator::evaluateCall(const CallExpr &call) {
  struct Function {
    llvm::StringRef name;
    Operand (Elaborator::*run)(const CallExpr &);
  };
  static constexpr Function kFunctions[] = {
      {"linear", &Elaborator::callLinear},
      {"conv", &Elaborator::callConv},
      {"norm", &Elaborator::callNorm},
      {"relu", &Elaborator::callRelu},
      {"softmax", &Elaborator::callSoftmax},
      {"sum", &Elaborator::callSum},
      {"mean", &Elaborator::callMean},
      {"split", &Elaborator::callSplit},
      {"merge", &Elaborator::callMerge},
      {"patchify", &Elaborator::callPatchify},
      {"standardize", &Elaborator::callStandardize},
      {"cross_entropy", &Elaborator::callCrossEntropy},
      {"squared_error", &Elaborator::callSquaredError},
      {"floor", &Elaborator::callConstantFunction},
      {"ceil", &Elaborator::callConstantFunction},
      {"min", &Elaborator::callConstantFunction},
      {"max", &Elaborator::callConstantFunction},
  };
  llvm::SmallVector<llvm::StringRef> names;
  for (const Function &function : kFunctions) {
    if (function.name == call.callee.text)
      return (this->*function.run)(call);
    names.push_back(function.name);
  }
  diagnostics.error(call.callee.range,
                    "there is no function '" + call.callee.text + "'");
  if (llvm::StringRef similar = findSimilar(call.callee.text, names);
      !similar.empty())
    diagnostics.help("did you mean '" + similar + "'?");
  else
    diagnostics.help("the functions are " + joinWords(names, "and"));
  return {};
}

Operand Elaborator::callConstantFunction(const CallExpr &call) {
  llvm::SmallVector<Constant> values;
  for (const Argument &argument : call.arguments) {
    if (argument.kind != Argument::Kind::Positional) {
      diagnostics.error(argument.range,
                        "'" + call.callee.text + "' takes numbers only");
      return {};
    }
    std::optional<Constant> value = evaluateConstant(
        *argument.value, "what '" + call.callee.text + "' takes");
    if (!value)
      return {};
    values.push_back(std::move(*value));
  }
  std::optional<Constant> result =
      evaluateFunction(call.callee, values, diagnostics);
  return result ? Operand(*result) : Operand();
}

// Over axes
// -------------------------------------------------------------------//

Operand Elaborator::callNorm(const CallExpr &call) {
  static constexpr llvm::StringRef kOptions[] = {"epsilon"};
  static constexpr Signature kSignature{
      "norm(x, axis) or norm(x, [axis, axis], epsilon = 1e-5)",
      2,
      false,
      false,
      false,
      kOptions};
  Arguments arguments;
  if (!sortArguments(call, kSignature, arguments))
    return {};
  std::optional<ArrayId> input =
      evaluateArray(*arguments.positional[0]->value, "norm");
  if (!input)
    return {};
  std::optional<AxisNames> over =
      readAxesOf(*arguments.positional[1]->value, *input);
  if (!over)
    return {};
  Node node;
  node.kind = Node::Kind::Norm;
  node.factor = 1e-5;
  if (const Argument *epsilon = arguments.named.lookup("epsilon")) {
    std::optional<double> value = readNumber(*epsilon);
    if (!value)
      return {};
    if (!(*value > 0)) {
      diagnostics.error(
          epsilon->value->range,
          "'epsilon' must be above 0, or a constant input divides by zero");
      return {};
    }
    node.factor = *value;
  }
  const Axes &axes = graph.arrays[*input];
  int64_t count = 1;
  for (const Identifier &axis : *over) {
    count *= axes[findAxis(axes, axis.text)].size;
    node.names.push_back(axis.text.str());
  }
  if (count == 1) {
    diagnostics.error(arguments.positional[1]->range,
                      "the norm of a single element is always zero");
    diagnostics.help("the array has the axes " + formatAxes(axes));
    return {};
  }
  node.range = call.range;
  node.operands = {*input};
  return addNode(std::move(node), axes);
}

// The name of the site: that of the label before it, else of the layer that
// feeds it, else of the label around it.
std::optional<std::string> Elaborator::nameSite(const CallExpr &call,
                                                ArrayId input) {
  std::string name;
  if (label && label->body == &call)
    name = label->path;
  if (name.empty() && infos[input].block == block)
    name = infos[input].layer;
  if (name.empty() && label)
    name = label->path;
  if (name.empty()) {
    diagnostics.error(call.callee.range,
                      "this relu follows no layer, so it has no name");
    diagnostics.help("put a name before it: NAME: relu(...)");
    return std::nullopt;
  }
  auto [first, isNew] = siteNames.try_emplace(name, call.callee.range);
  if (isNew)
    return name;
  diagnostics.error(call.callee.range,
                    "the layer '" + name + "' already has a relu");
  diagnostics.note(first->second, "the first one is here");
  diagnostics.help("put a name before this one: NAME: relu(...)");
  return std::nullopt;
}

Operand Elaborator::callRelu(const CallExpr &call) {
  static constexpr Signature kSignature{"relu(x)", 1};
  Arguments arguments;
  if (!sortArguments(call, kSignature, arguments))
    return {};
  std::optional<ArrayId> input =
      evaluateArray(*arguments.positional[0]->value, "relu");
  if (!input)
    return {};
  std::optional<std::string> site = nameSite(call, *input);
  if (!site)
    return {};
  Node node;
  node.kind = Node::Kind::Relu;
  node.range = call.range;
  node.operands = {*input};
  node.name = std::move(*site);
  return addNode(std::move(node), graph.arrays[*input]);
}

Operand Elaborator::callSoftmax(const CallExpr &call) {
  static constexpr Signature kSignature{"softmax(x, axis)", 2};
  Arguments arguments;
  if (!sortArguments(call, kSignature, arguments))
    return {};
  std::optional<ArrayId> input =
      evaluateArray(*arguments.positional[0]->value, "softmax");
  if (!input)
    return {};
  std::optional<AxisNames> over =
      readAxesOf(*arguments.positional[1]->value, *input);
  if (!over)
    return {};
  if (over->size() != 1) {
    diagnostics.error((*over)[1].range, "'softmax' runs over one axis");
    diagnostics.help("merge the axes before");
    return {};
  }
  Node node;
  node.kind = Node::Kind::Softmax;
  node.range = call.range;
  node.operands = {*input};
  node.names.push_back(over->front().text.str());
  return addNode(std::move(node), graph.arrays[*input]);
}

Operand Elaborator::callSum(const CallExpr &call) {
  return addSum(call, false);
}
Operand Elaborator::callMean(const CallExpr &call) {
  return addSum(call, true);
}

Operand Elaborator::addSum(const CallExpr &call, bool isMean) {
  static constexpr Signature kSum{"sum(x, axis) or sum(x, [axis, axis])", 2};
  static constexpr Signature kMean{"mean(x, axis) or mean(x, [axis, axis])", 2};
  Arguments arguments;
  if (!sortArguments(call, isMean ? kMean : kSum, arguments))
    return {};
  std::optional<ArrayId> input =
      evaluateArray(*arguments.positional[0]->value, call.callee.text);
  if (!input)
    return {};
  std::optional<AxisNames> over =
      readAxesOf(*arguments.positional[1]->value, *input);
  if (!over)
    return {};
  Node node;
  node.kind = Node::Kind::Sum;
  node.range = call.range;
  node.operands = {*input};
  Axes axes = graph.arrays[*input];
  double count = 1;
  for (const Identifier &name : *over) {
    int position = findAxis(axes, name.text);
    count *= static_cast<double>(axes[position].size);
    axes.erase(axes.begin() + position);
    node.names.push_back(name.text.str());
  }
  Operand total = addNode(std::move(node), std::move(axes));
  return total && isMean ? addScale(total.array, 1 / count, call.range) : total;
}

// Losses
// ----------------------------------------------------------------------------//

Operand Elaborator::callCrossEntropy(const CallExpr &call) {
  return addLoss(call, Node::Kind::CrossEntropy);
}
Operand Elaborator::callSquaredError(const CallExpr &call) {
  return addLoss(call, Node::Kind::SquaredError);
}

Operand Elaborator::addLoss(const CallExpr &call, Node::Kind kind) {
  static constexpr Signature kCross{"cross_entropy(logits, label)", 2};
  static constexpr Signature kSquared{"squared_error(output, label)", 2};
  Arguments arguments;
  if (!sortArguments(call, kind == Node::Kind::CrossEntropy ? kCross : kSquared,
                     arguments))
    return {};
  if (!head) {
    diagnostics.error(call.callee.range,
                      "'" + call.callee.text +
                          "' belongs into a 'loss' of a block");
    diagnostics.help("write loss " + call.callee.text + "(...)");
    return {};
  }
  std::optional<ArrayId> input =
      evaluateArray(*arguments.positional[0]->value, call.callee.text);
  Operand target = evaluate(*arguments.positional[1]->value);
  if (!input || !target)
    return {};
  if (target.kind != Operand::Kind::Label) {
    diagnostics.error(
        arguments.positional[1]->range,
        "'" + call.callee.text + "' compares with the label" +
            (graph.labelName.empty() ? "" : ", '" + graph.labelName + "'"));
    return {};
  }
  const Axes &axes = graph.arrays[*input];
  if (axes.size() != 1) {
    diagnostics.error(
        arguments.positional[0]->range,
        "'" + call.callee.text +
            "' needs one axis, that of the classes; this array has " +
            formatAxes(axes));
    diagnostics.help("take the mean over the others, or bring them into the "
                     "classes with linear");
    return {};
  }
  if (axes[0].size != graph.numClasses) {
    diagnostics.error(arguments.positional[0]->range,
                      "'" + axes[0].name + "' has " +
                          llvm::Twine(axes[0].size) +
                          " elements, but there are " +
                          llvm::Twine(graph.numClasses) + " classes");
    diagnostics.note(graph.labelRange, "the classes are declared here");
    return {};
  }
  Node node;
  node.kind = kind;
  node.range = call.range;
  node.operands = {*input};
  node.names.push_back(axes[0].name);
  return addNode(std::move(node), {});
}

} // namespace foregrad::lang
