//===- Arguments.cpp - What stands in a call ------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "frontends/fg/Arguments.h"

namespace foregrad::lang {

using namespace ast;

bool Elaborator::sortArguments(const CallExpr &call, const Signature &signature,
                               Arguments &arguments) {
  auto fail = [&](llvm::SMRange range, const llvm::Twine &message) {
    diagnostics.error(range, message);
    diagnostics.help("it is written " + signature.usage);
    return false;
  };
  llvm::StringRef callee = call.callee.text;
  for (const Argument &argument : call.arguments) {
    bool isFurtherAxis = signature.hasFurtherAxes && arguments.arrow;
    switch (argument.kind) {
    case Argument::Kind::Positional:
      if (isFurtherAxis) {
        arguments.furtherAxes.push_back(&argument);
        break;
      }
      if (arguments.positional.size() == signature.numPositional &&
          signature.hasWindow && llvm::isa<ListExpr>(argument.value.get()))
        return fail(argument.range, "the window of '" + callee +
                                        "' needs a size for each axis");
      if (arguments.positional.size() == signature.numPositional)
        return fail(argument.range,
                    "'" + callee + "' takes no further value here");
      arguments.positional.push_back(&argument);
      break;
    case Argument::Kind::Named: {
      if (isFurtherAxis) {
        arguments.furtherAxes.push_back(&argument);
        break;
      }
      llvm::StringRef name = argument.name.text;
      if (!llvm::is_contained(signature.options, name)) {
        diagnostics.error(argument.name.range,
                          "'" + callee + "' has no option '" + name + "'");
        llvm::StringRef similar = findSimilar(name, signature.options);
        if (!similar.empty())
          diagnostics.help("did you mean '" + similar + "'?");
        else
          diagnostics.help("it is written " + signature.usage);
        return false;
      }
      if (!arguments.named.try_emplace(name, &argument).second)
        return fail(argument.name.range, "'" + name + "' is given twice");
      break;
    }
    case Argument::Kind::Arrow:
      if (!signature.hasArrow)
        return fail(argument.range,
                    "'" + callee + "' does not change axes with '->'");
      if (arguments.arrow)
        return fail(argument.range, "'" + callee + "' has one '->'");
      arguments.arrow = &argument;
      break;
    case Argument::Kind::Per:
      if (!signature.hasPer)
        return fail(argument.range, "'" + callee + "' takes no 'per'");
      if (arguments.per)
        return fail(argument.range, "'per' is given twice");
      arguments.per = &argument;
      break;
    case Argument::Kind::Window:
      if (!signature.hasWindow)
        return fail(argument.range, "'" + callee + "' takes no sizes of axes");
      if (arguments.window)
        return fail(argument.range, "'" + callee + "' has one window");
      arguments.window = &argument;
      break;
    }
  }
  if (arguments.positional.size() < signature.numPositional)
    return fail(call.range,
                "'" + callee + "' lacks " +
                    (arguments.positional.empty() ? "its array" : "a value"));
  if (signature.hasWindow && !arguments.window)
    return fail(call.range,
                "'" + callee + "' does not say how large its window is");
  if (signature.hasArrow && !signature.hasWindow && !arguments.arrow)
    return fail(call.range,
                "'" + callee + "' does not say which axes it changes");
  return true;
}

std::optional<ArrayId> Elaborator::evaluateArray(const Expr &expr,
                                                 llvm::StringRef user) {
  Operand value = evaluate(expr);
  if (value.isArray())
    return value.array;
  if (value.isConstant())
    diagnostics.error(expr.range, "'" + user + "' works on an array; this is " +
                                      value.constant->describe());
  else if (value)
    diagnostics.error(
        expr.range,
        "'" + user +
            "' works on an array; the label can be used in a loss only");
  return std::nullopt;
}

// A name, or a list of them.
std::optional<Elaborator::AxisNames>
Elaborator::readAxisNames(const Expr &expr) {
  AxisNames names;
  auto read = [&](const Expr &element) {
    const auto *name = llvm::dyn_cast<NameExpr>(&element);
    if (!name) {
      diagnostics.error(element.range,
                        "expected the name of an axis or a list of them, such "
                        "as channel or [group, unit]");
      return false;
    }
    for (const Identifier &other : names)
      if (other.text == name->name) {
        diagnostics.error(name->range,
                          "the axis '" + name->name + "' is given twice");
        return false;
      }
    if (name->name == "batch") {
      diagnostics.error(name->range,
                        "'batch' is the axis of the samples; layers and losses "
                        "work on each sample by itself");
      return false;
    }
    if (names.size() == kMaxRank) {
      diagnostics.error(name->range, "these are more than " +
                                         llvm::Twine(kMaxRank) + " axes");
      return false;
    }
    names.push_back({name->name, name->range});
    return true;
  };
  const auto *list = llvm::dyn_cast<ListExpr>(&expr);
  if (!list)
    return read(expr) ? std::optional(std::move(names)) : std::nullopt;
  if (list->elements.empty()) {
    diagnostics.error(expr.range, "the list of axes is empty");
    return std::nullopt;
  }
  for (const ExprPtr &element : list->elements)
    if (!read(*element))
      return std::nullopt;
  return names;
}

bool Elaborator::reportMissingAxis(const Identifier &name, ArrayId array) {
  const Axes &axes = graph.arrays[array];
  diagnostics.error(name.range, "the array has no axis '" + name.text +
                                    "'; its axes are " + formatAxes(axes));
  llvm::SmallVector<llvm::StringRef> names;
  for (const Axis &axis : axes)
    names.push_back(axis.name);
  if (llvm::StringRef similar = findSimilar(name.text, names); !similar.empty())
    diagnostics.help("did you mean '" + similar + "'?");
  return false;
}

std::optional<Elaborator::AxisNames> Elaborator::readAxesOf(const Expr &expr,
                                                            ArrayId array) {
  std::optional<AxisNames> names = readAxisNames(expr);
  if (!names)
    return std::nullopt;
  for (const Identifier &name : *names)
    if (findAxis(graph.arrays[array], name.text) < 0) {
      reportMissingAxis(name, array);
      return std::nullopt;
    }
  return names;
}

std::optional<double> Elaborator::readNumber(const Argument &argument) {
  std::optional<Constant> value =
      evaluateConstant(*argument.value, "'" + argument.name.text + "'");
  if (!value)
    return std::nullopt;
  if (value->isNumeric())
    return value->getNumber();
  diagnostics.error(argument.value->range, "'" + argument.name.text +
                                               "' must be a number; this is " +
                                               value->describe());
  return std::nullopt;
}

std::optional<bool> Elaborator::readBoolean(const Argument &argument) {
  std::optional<Constant> value =
      evaluateConstant(*argument.value, "'" + argument.name.text + "'");
  if (!value)
    return std::nullopt;
  if (value->isBoolean())
    return value->getBoolean();
  diagnostics.error(argument.value->range,
                    "'" + argument.name.text +
                        "' must be true or false; this is " +
                        value->describe());
  return std::nullopt;
}

} // namespace foregrad::lang
