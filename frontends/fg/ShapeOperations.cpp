//===- ShapeOperations.cpp - Functions that change axes; images -----------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "frontends/fg/Arguments.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

namespace foregrad::lang {

using namespace ast;

// Axes to axes
// ------------------------------------------------------------------//

Operand Elaborator::callSplit(const CallExpr &call) {
  static constexpr Signature kSignature{"split(x, axis -> axis = size, axis)",
                                        1, /*hasArrow=*/true, false,
                                        /*hasFurtherAxes=*/true};
  Arguments arguments;
  if (!sortArguments(call, kSignature, arguments))
    return {};
  std::optional<ArrayId> input =
      evaluateArray(*arguments.positional[0]->value, "split");
  if (!input)
    return {};
  const Argument &arrow = *arguments.arrow;
  std::optional<AxisNames> from = readAxesOf(*arrow.value, *input);
  if (!from)
    return {};
  if (from->size() != 1) {
    diagnostics.error((*from)[1].range, "'split' takes one axis apart");
    return {};
  }

  // The new axes: names, and sizes where they are written.
  llvm::SmallVector<std::pair<Identifier, const Expr *>> parts = {
      {arrow.name, arrow.size.get()}};
  for (const Argument *argument : arguments.furtherAxes) {
    if (argument->kind == Argument::Kind::Named) {
      parts.push_back({argument->name, argument->value.get()});
      continue;
    }
    const auto *name = llvm::dyn_cast<NameExpr>(argument->value.get());
    if (!name) {
      diagnostics.error(argument->range,
                        "expected a new axis, such as unit or unit = 4");
      return {};
    }
    parts.push_back({{name->name, name->range}, nullptr});
  }
  if (parts.size() < 2 || parts.size() > kMaxRank) {
    diagnostics.error(call.range,
                      "'split' makes at least two axes of one, and at most " +
                          llvm::Twine(kMaxRank));
    diagnostics.help("it is written " + kSignature.usage);
    return {};
  }

  const Axes &axes = graph.arrays[*input];
  const Axis &whole = axes[findAxis(axes, from->front().text)];
  Axes pieces;
  int64_t known = 1;
  std::optional<size_t> open;
  for (auto &[name, size] : parts) {
    if (!checkAxisName(name))
      return {};
    if (findAxis(pieces, name.text) >= 0 ||
        (name.text != whole.name && findAxis(axes, name.text) >= 0)) {
      diagnostics.error(name.range, "the result would have two axes called '" +
                                        name.text + "'");
      return {};
    }
    if (!size) {
      if (open) {
        diagnostics.error(
            name.range, "the size of one new axis may be left out, not of two");
        return {};
      }
      open = pieces.size();
      pieces.push_back({name.text.str(), 1});
      continue;
    }
    std::optional<int64_t> value =
        evaluateSize(*size, "the size of '" + name.text + "'");
    if (!value)
      return {};
    if (llvm::MulOverflow(known, *value, known) || known > kMaxElements) {
      diagnostics.error(size->range, "'" + whole.name + "' has only " +
                                         llvm::Twine(whole.size) + " elements");
      return {};
    }
    pieces.push_back({name.text.str(), *value});
  }
  if (open && whole.size % known == 0)
    pieces[*open].size = whole.size / known;
  if (open ? whole.size % known != 0 : known != whole.size) {
    diagnostics.error(
        arrow.range,
        "'" + whole.name + "' has " + llvm::Twine(whole.size) +
            " elements, which " +
            (open ? "cannot be split in " + llvm::Twine(known) + " equal parts"
                  : "are not the " + llvm::Twine(known) + " of " +
                        formatAxes(pieces)));
    return {};
  }
  Node node;
  node.kind = Node::Kind::Split;
  node.range = call.range;
  node.operands = {*input};
  node.name = whole.name;
  Axes result;
  for (const Axis &axis : axes) {
    if (axis.name == whole.name)
      result.append(pieces.begin(), pieces.end());
    else
      result.push_back(axis);
  }
  for (const Axis &piece : pieces)
    node.names.push_back(piece.name);
  return addNode(std::move(node), std::move(result));
}

Operand Elaborator::callMerge(const CallExpr &call) {
  static constexpr Signature kSignature{"merge(x, [axis, axis] -> axis)", 1,
                                        /*hasArrow=*/true};
  Arguments arguments;
  if (!sortArguments(call, kSignature, arguments))
    return {};
  std::optional<ArrayId> input =
      evaluateArray(*arguments.positional[0]->value, "merge");
  if (!input)
    return {};
  const Argument &arrow = *arguments.arrow;
  std::optional<AxisNames> from = readAxesOf(*arrow.value, *input);
  if (!from || !checkAxisName(arrow.name))
    return {};
  if (from->size() < 2) {
    diagnostics.error(arrow.range, "'merge' makes one axis of at least two");
    diagnostics.help("it is written " + kSignature.usage);
    return {};
  }
  const Axes &axes = graph.arrays[*input];
  Node node;
  node.kind = Node::Kind::Merge;
  node.range = call.range;
  node.operands = {*input};
  node.name = arrow.name.text.str();
  int64_t size = 1;
  for (const Identifier &name : *from) {
    size *=
        axes[findAxis(axes, name.text)].size; // bounded by the array's elements
    node.names.push_back(name.text.str());
  }
  if (arrow.size) {
    std::optional<int64_t> wanted =
        evaluateSize(*arrow.size, "the size of '" + arrow.name.text + "'");
    if (!wanted)
      return {};
    if (*wanted != size) {
      diagnostics.error(arrow.size->range,
                        "the merged axis has " + llvm::Twine(size) +
                            " elements, not " + llvm::Twine(*wanted));
      diagnostics.help("leave the size out");
      return {};
    }
  }
  Axes result;
  for (const Axis &axis : axes) {
    if (axis.name == from->front().text) {
      result.push_back({node.name, size});
    } else if (!llvm::is_contained(node.names, axis.name)) {
      if (axis.name == node.name) {
        diagnostics.error(arrow.name.range,
                          "the result would have two axes called '" +
                              node.name + "'");
        return {};
      }
      result.push_back(axis);
    }
  }
  return addNode(std::move(node), std::move(result));
}

// Images
// --------------------------------------------------------------------------//

Operand Elaborator::callPatchify(const CallExpr &call) {
  static constexpr Signature kSignature{"patchify(image, patches per side)", 2};
  Arguments arguments;
  if (!sortArguments(call, kSignature, arguments))
    return {};
  std::optional<ArrayId> input =
      evaluateArray(*arguments.positional[0]->value, "patchify");
  std::optional<int64_t> count =
      evaluateSize(*arguments.positional[1]->value, "the number of patches");
  if (!input || !count)
    return {};
  const Axes &axes = graph.arrays[*input];
  int64_t pixels = 1;
  for (const Axis &axis : axes) {
    pixels *= axis.size;
    if (axis.name != "height" && axis.name != "width")
      continue;
    if (axis.size % *count != 0) {
      diagnostics.error(arguments.positional[1]->range,
                        "'" + axis.name + "' has " + llvm::Twine(axis.size) +
                            " elements, which cannot be cut in " +
                            llvm::Twine(*count) + " patches");
      return {};
    }
  }
  if (findAxis(axes, "height") < 0 || findAxis(axes, "width") < 0) {
    diagnostics.error(
        arguments.positional[0]->range,
        "'patchify' needs the axes height and width; this array has " +
            formatAxes(axes));
    return {};
  }
  for (llvm::StringRef name : {"token", "pixel"})
    if (findAxis(axes, name) >= 0) {
      diagnostics.error(arguments.positional[0]->range,
                        "the array already has an axis '" + name +
                            "', which 'patchify' makes");
      return {};
    }
  if (axes.size() + 2 > kMaxRank) {
    diagnostics.error(arguments.positional[0]->range,
                      "the array has too many axes");
    return {};
  }
  Node node;
  node.kind = Node::Kind::Patchify;
  node.range = call.range;
  node.operands = {*input};
  node.factor = static_cast<double>(*count);
  int64_t tokens = *count * *count; // at most height times width
  return addNode(std::move(node),
                 {{"token", tokens}, {"pixel", pixels / tokens}});
}

// One number for all, or one for each color.
std::optional<std::vector<double>>
Elaborator::readPerColor(const Argument &argument, llvm::ArrayRef<Axis> axes) {
  std::optional<Constant> value =
      evaluateConstant(*argument.value, "'" + argument.name.text + "'");
  if (!value)
    return std::nullopt;
  llvm::SMRange range = argument.value->range;
  if (value->isNumeric())
    return std::vector<double>{value->getNumber()};
  if (!value->isList()) {
    diagnostics.error(range,
                      "'" + argument.name.text +
                          "' is a number or a list of numbers; this is " +
                          value->describe());
    return std::nullopt;
  }
  const Constant::List &list = value->getList();
  if (!spend(range, list.size()))
    return std::nullopt;
  std::vector<double> numbers;
  for (const Constant &element : list) {
    if (!element.isNumeric()) {
      diagnostics.error(range, "'" + argument.name.text +
                                   "' is a list of numbers; here is " +
                                   element.describe());
      return std::nullopt;
    }
    numbers.push_back(element.getNumber());
  }
  if (numbers.size() == 1)
    return numbers;
  int color = findAxis(axes, "color");
  if (color < 0 || axes[color].size != static_cast<int64_t>(numbers.size())) {
    diagnostics.error(range, "'" + argument.name.text + "' has " +
                                 llvm::Twine(numbers.size()) +
                                 " numbers; the array has the axes " +
                                 formatAxes(axes));
    diagnostics.help(
        "give one number, or one for each element of the axis 'color'");
    return std::nullopt;
  }
  return numbers;
}

Operand Elaborator::callStandardize(const CallExpr &call) {
  static constexpr llvm::StringRef kOptions[] = {"mean", "std"};
  static constexpr Signature kSignature{
      "standardize(image, mean = 0.5, std = 0.25) or with a list, one number a "
      "color",
      1,
      false,
      false,
      false,
      kOptions};
  Arguments arguments;
  if (!sortArguments(call, kSignature, arguments))
    return {};
  std::optional<ArrayId> input =
      evaluateArray(*arguments.positional[0]->value, "standardize");
  if (!input)
    return {};
  const Argument *mean = arguments.named.lookup("mean");
  const Argument *deviation = arguments.named.lookup("std");
  if (!mean || !deviation) {
    diagnostics.error(call.range, llvm::Twine("'standardize' lacks '") +
                                      (mean ? "std" : "mean") + "'");
    diagnostics.help("it is written " + kSignature.usage);
    return {};
  }
  const Axes &axes = graph.arrays[*input];
  std::optional<std::vector<double>> means = readPerColor(*mean, axes);
  std::optional<std::vector<double>> deviations =
      readPerColor(*deviation, axes);
  if (!means || !deviations)
    return {};
  for (double value : *deviations)
    if (!(value > 0) || !std::isfinite(1 / value)) {
      diagnostics.error(
          deviation->value->range,
          "'std' must be above 0, since the data are divided by it");
      return {};
    }
  Node node;
  node.kind = Node::Kind::Standardize;
  node.range = call.range;
  node.operands = {*input};
  node.numbers = std::move(*means);
  node.divisors = std::move(*deviations);
  return addNode(std::move(node), axes);
}

} // namespace foregrad::lang
