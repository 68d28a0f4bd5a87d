//===- Expressions.cpp - Operators, conditions, labels --------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "frontends/fg/Elaborator.h"
#include <cmath>

namespace foregrad::lang {

using namespace ast;

Operand Elaborator::evaluate(const Expr &expr) {
  if (!spend(expr.range))
    return {};
  switch (expr.kind) {
  case Expr::Kind::Integer:
    return Constant(llvm::cast<IntegerExpr>(expr).value);
  case Expr::Kind::Number:
    return Constant(llvm::cast<NumberExpr>(expr).value);
  case Expr::Kind::Boolean:
    return Constant(llvm::cast<BooleanExpr>(expr).value);
  case Expr::Kind::Text:
    return Constant(llvm::cast<TextExpr>(expr).value.str());
  case Expr::Kind::Name:
    return resolve(llvm::cast<NameExpr>(expr));
  case Expr::Kind::List:
    return evaluateList(llvm::cast<ListExpr>(expr));
  case Expr::Kind::Unary:
    return evaluateUnary(llvm::cast<UnaryExpr>(expr));
  case Expr::Kind::Binary:
    return evaluateBinary(llvm::cast<BinaryExpr>(expr));
  case Expr::Kind::Conditional:
    return evaluateConditional(llvm::cast<ConditionalExpr>(expr));
  case Expr::Kind::Call:
    return evaluateCall(llvm::cast<CallExpr>(expr));
  case Expr::Kind::Label:
    return evaluateLabel(llvm::cast<LabelExpr>(expr));
  }
  return {};
}

std::optional<Constant> Elaborator::evaluateConstant(const Expr &expr,
                                                     const llvm::Twine &what) {
  // A size is no part of what a loss starts from.
  Head *outer = std::exchange(head, nullptr);
  Operand value = evaluate(expr);
  head = outer;
  if (!value)
    return std::nullopt;
  if (value.isConstant())
    return value.constant;
  diagnostics.error(expr.range,
                    what + " must be known when compiling; this is " +
                        (value.isArray() ? "an array" : "the label"));
  return std::nullopt;
}

Operand Elaborator::evaluateList(const ListExpr &expr) {
  Constant::List list;
  for (const ExprPtr &element : expr.elements) {
    std::optional<Constant> value =
        evaluateConstant(*element, "an element of a list");
    if (!value)
      return {};
    list.push_back(std::move(*value));
  }
  return Constant(std::move(list));
}

Operand Elaborator::addScale(ArrayId array, double factor,
                             llvm::SMRange range) {
  Node node;
  node.kind = Node::Kind::Scale;
  node.range = range;
  node.operands = {array};
  node.factor = factor;
  return addNode(std::move(node), graph.arrays[array]);
}

Operand Elaborator::addOffset(ArrayId array, double offset,
                              llvm::SMRange range) {
  Node node;
  node.kind = Node::Kind::Offset;
  node.range = range;
  node.operands = {array};
  node.factor = offset;
  return addNode(std::move(node), graph.arrays[array]);
}

Operand Elaborator::evaluateUnary(const UnaryExpr &expr) {
  Operand operand = evaluate(*expr.operand);
  if (!operand)
    return {};
  if (operand.isConstant()) {
    std::optional<Constant> value = lang::evaluateUnary(
        expr.op, expr.range, *operand.constant, diagnostics);
    return value ? Operand(*value) : Operand();
  }
  if (expr.op == UnaryOperator::Minus && operand.isArray())
    return addScale(operand.array, -1, expr.range);
  diagnostics.error(expr.range, expr.op == UnaryOperator::Not
                                    ? "'not' needs a condition, not an array"
                                    : "the label can be used in a loss only");
  return {};
}

Operand Elaborator::evaluateBinary(const BinaryExpr &expr) {
  Operand lhs = evaluate(*expr.lhs);
  // Conditions are decided by their left side where they can be.
  if (lhs.isConstant() && lhs.constant->isBoolean() &&
      ((expr.op == BinaryOperator::And && !lhs.constant->getBoolean()) ||
       (expr.op == BinaryOperator::Or && lhs.constant->getBoolean())))
    return lhs;
  Operand rhs = evaluate(*expr.rhs);
  if (!lhs || !rhs)
    return {};
  if (lhs.isConstant() && rhs.isConstant()) {
    std::optional<Constant> value = lang::evaluateBinary(
        expr.op, expr.sign, *lhs.constant, *rhs.constant, diagnostics);
    return value ? Operand(*value) : Operand();
  }
  if (lhs.kind == Operand::Kind::Label || rhs.kind == Operand::Kind::Label) {
    diagnostics.error(expr.sign.range, "the label can be used in a loss only");
    diagnostics.help("compare with it: cross_entropy(logits, " +
                     graph.labelName + ")");
    return {};
  }
  switch (expr.op) {
  case BinaryOperator::Add:
  case BinaryOperator::Subtract:
  case BinaryOperator::Multiply:
  case BinaryOperator::Divide:
    break;
  default:
    diagnostics.error(
        expr.sign.range,
        "'" + expr.sign.text +
            "' works on values known when compiling, not on arrays");
    return {};
  }
  if (lhs.isArray() && rhs.isArray())
    return combineArrays(expr, lhs.array, rhs.array);
  return combineWithNumber(expr, lhs, rhs);
}

Operand Elaborator::combineWithNumber(const BinaryExpr &expr,
                                      const Operand &lhs, const Operand &rhs) {
  bool numberIsLeft = lhs.isConstant();
  const Constant &constant = numberIsLeft ? *lhs.constant : *rhs.constant;
  ArrayId array = numberIsLeft ? rhs.array : lhs.array;
  if (!constant.isNumeric()) {
    diagnostics.error(expr.sign.range,
                      "'" + expr.sign.text +
                          "' of an array needs a number or an array; here is " +
                          constant.describe());
    return {};
  }
  double number = constant.getNumber();
  switch (expr.op) {
  case BinaryOperator::Add:
    return addOffset(array, number, expr.range);
  case BinaryOperator::Subtract: {
    if (!numberIsLeft)
      return addOffset(array, -number, expr.range);
    Operand negative = addScale(array, -1, expr.range);
    return negative ? addOffset(negative.array, number, expr.range) : Operand();
  }
  case BinaryOperator::Multiply:
    return addScale(array, number, expr.range);
  default:
    if (numberIsLeft) {
      diagnostics.error(expr.sign.range,
                        "a number cannot be divided by an array");
      return {};
    }
    if (number == 0 || !std::isfinite(1 / number)) {
      diagnostics.error(expr.sign.range, "division by zero");
      return {};
    }
    return addScale(array, 1 / number, expr.range);
  }
}

// Axes are matched by name: one side has all axes of the other.
Operand Elaborator::combineArrays(const BinaryExpr &expr, ArrayId lhs,
                                  ArrayId rhs) {
  if (expr.op == BinaryOperator::Divide) {
    diagnostics.error(
        expr.sign.range,
        "arrays can be added, subtracted and multiplied, but not divided");
    return {};
  }
  const Axes &left = graph.arrays[lhs], &right = graph.arrays[rhs];
  llvm::SmallVector<llvm::StringRef> onlyLeft, onlyRight;
  for (const Axis &axis : left) {
    int other = findAxis(right, axis.name);
    if (other < 0) {
      onlyLeft.push_back(axis.name);
    } else if (right[other].size != axis.size) {
      diagnostics.error(expr.sign.range,
                        "'" + axis.name + "' has " + llvm::Twine(axis.size) +
                            " elements on the left of '" + expr.sign.text +
                            "' and " + llvm::Twine(right[other].size) +
                            " on the right");
      diagnostics.help("left: " + formatAxes(left) +
                       ", right: " + formatAxes(right));
      return {};
    }
  }
  for (const Axis &axis : right)
    if (findAxis(left, axis.name) < 0)
      onlyRight.push_back(axis.name);
  if (!onlyLeft.empty() && !onlyRight.empty()) {
    diagnostics.error(expr.sign.range,
                      "the axes do not match: " + joinWords(onlyLeft, "and") +
                          " only on the left of '" + expr.sign.text + "', " +
                          joinWords(onlyRight, "and") + " only on the right");
    diagnostics.help("left: " + formatAxes(left) +
                     ", right: " + formatAxes(right) +
                     "; bring them together with split, merge or linear");
    return {};
  }
  Node node;
  node.kind = expr.op == BinaryOperator::Add        ? Node::Kind::Add
              : expr.op == BinaryOperator::Subtract ? Node::Kind::Subtract
                                                    : Node::Kind::Multiply;
  node.range = expr.range;
  node.operands = {lhs, rhs};
  return addNode(std::move(node), onlyRight.empty() ? left : right);
}

Operand Elaborator::evaluateConditional(const ConditionalExpr &expr) {
  std::optional<Constant> condition =
      evaluateConstant(*expr.condition, "the condition of 'if'");
  if (!condition)
    return {};
  if (!condition->isBoolean()) {
    diagnostics.error(expr.condition->range,
                      "the condition of 'if' must be true or false; this is " +
                          condition->describe());
    return {};
  }
  return evaluate(condition->getBoolean() ? *expr.whenTrue : *expr.whenFalse);
}

Operand Elaborator::evaluateLabel(const LabelExpr &expr) {
  std::optional<std::string> name = resolveTemplate(expr.name);
  if (!name)
    return {};
  std::string path = *name;
  if (block)
    path = blockName + "." + path;
  else if (head)
    path = predictName + "." + path;
  if (!claimName(layerPaths, path, expr.name.range, "layers"))
    return {};
  LabelScope scope{path, std::nullopt, expr.body.get()};
  LabelScope *outer = std::exchange(label, &scope);
  Operand value = evaluate(*expr.body);
  label = outer;
  return value;
}

} // namespace foregrad::lang
