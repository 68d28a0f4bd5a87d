//===- Constant.cpp - Values known when compiling -------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "frontends/fg/Constant.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <cmath>

namespace foregrad::lang {

using ast::BinaryOperator;

std::string Constant::format() const {
  if (isInteger())
    return std::to_string(getInteger());
  if (isBoolean())
    return getBoolean() ? "true" : "false";
  if (isText())
    return ("\"" + getText() + "\"").str();
  if (isNumeric()) {
    std::string text;
    llvm::raw_string_ostream(text) << llvm::format("%.6g", getNumber());
    return text;
  }
  constexpr size_t kShown = 8;
  std::string text = "[";
  const List &list = getList();
  for (size_t i = 0; i < list.size() && i < kShown; ++i)
    text += (i ? ", " : "") + (list[i].isList() ? "[...]" : list[i].format());
  return text + (list.size() > kShown ? ", ...]" : "]");
}

std::string Constant::describe() const {
  if (isInteger())
    return "the integer " + format();
  if (isBoolean())
    return "'" + format() + "'";
  if (isText())
    return "the text " + format();
  if (isNumeric())
    return "the number " + format();
  return "the list " + format();
}

namespace {

using Result = std::optional<Constant>;

class BinaryEvaluator {
public:
  BinaryEvaluator(const ast::Identifier &sign, const Constant &lhs,
                  const Constant &rhs, Diagnostics &diagnostics)
      : sign(sign), lhs(lhs), rhs(rhs), diagnostics(diagnostics) {}

  Result run(BinaryOperator op);

private:
  Result fail(const llvm::Twine &message) {
    diagnostics.error(sign.range, message);
    return std::nullopt;
  }
  Result number(double value) {
    if (!std::isfinite(value))
      return fail("the result of '" + sign.text + "' is out of range");
    return Constant(value);
  }
  Result compare(BinaryOperator op);
  Result arithmetic(BinaryOperator op);
  Result integers(BinaryOperator op, int64_t a, int64_t b);

  const ast::Identifier &sign;
  const Constant &lhs, &rhs;
  Diagnostics &diagnostics;
};

Result BinaryEvaluator::integers(BinaryOperator op, int64_t a, int64_t b) {
  int64_t value = 0;
  bool overflows = false;
  switch (op) {
  case BinaryOperator::Add:
    overflows = llvm::AddOverflow(a, b, value);
    break;
  case BinaryOperator::Subtract:
    overflows = llvm::SubOverflow(a, b, value);
    break;
  case BinaryOperator::Multiply:
    overflows = llvm::MulOverflow(a, b, value);
    break;
  default: // Divide, Remainder; b is not zero
    if (b == -1) {
      if (op == BinaryOperator::Remainder)
        return Constant(int64_t(0));
      overflows = llvm::SubOverflow(int64_t(0), a, value);
      break;
    }
    if (op == BinaryOperator::Remainder) {
      value = a % b;
      // The sign of the divisor, so that `i % n` is an index.
      if (value != 0 && (value < 0) != (b < 0))
        value += b;
      break;
    }
    if (a % b != 0)
      return number(static_cast<double>(a) / static_cast<double>(b));
    value = a / b;
  }
  if (overflows)
    return fail("the result of '" + sign.text +
                "' is too large for an integer");
  return Constant(value);
}

Result BinaryEvaluator::arithmetic(BinaryOperator op) {
  if (!lhs.isNumeric() || !rhs.isNumeric())
    return fail("'" + sign.text + "' needs numbers; here are " +
                lhs.describe() + " and " + rhs.describe());
  bool divides =
      op == BinaryOperator::Divide || op == BinaryOperator::Remainder;
  if (divides && rhs.getNumber() == 0)
    return fail("division by zero");
  if (lhs.isInteger() && rhs.isInteger())
    return integers(op, lhs.getInteger(), rhs.getInteger());
  double a = lhs.getNumber(), b = rhs.getNumber();
  switch (op) {
  case BinaryOperator::Add:
    return number(a + b);
  case BinaryOperator::Subtract:
    return number(a - b);
  case BinaryOperator::Multiply:
    return number(a * b);
  case BinaryOperator::Divide:
    return number(a / b);
  default:
    return number(a - b * std::floor(a / b));
  }
}

Result BinaryEvaluator::compare(BinaryOperator op) {
  int order = 0;
  if (lhs.isNumeric() && rhs.isNumeric()) {
    if (lhs.isInteger() && rhs.isInteger())
      order = lhs.getInteger() < rhs.getInteger()   ? -1
              : lhs.getInteger() > rhs.getInteger() ? 1
                                                    : 0;
    else
      order = lhs.getNumber() < rhs.getNumber()   ? -1
              : lhs.getNumber() > rhs.getNumber() ? 1
                                                  : 0;
  } else if (op != BinaryOperator::Equal && op != BinaryOperator::NotEqual) {
    return fail("'" + sign.text + "' compares numbers; here are " +
                lhs.describe() + " and " + rhs.describe());
  } else if (lhs.isBoolean() && rhs.isBoolean()) {
    order = lhs.getBoolean() != rhs.getBoolean();
  } else if (lhs.isText() && rhs.isText()) {
    order = lhs.getText() != rhs.getText();
  } else {
    return fail("cannot compare " + lhs.describe() + " with " + rhs.describe());
  }
  switch (op) {
  case BinaryOperator::Equal:
    return Constant(order == 0);
  case BinaryOperator::NotEqual:
    return Constant(order != 0);
  case BinaryOperator::Less:
    return Constant(order < 0);
  case BinaryOperator::LessEqual:
    return Constant(order <= 0);
  case BinaryOperator::Greater:
    return Constant(order > 0);
  default:
    return Constant(order >= 0);
  }
}

Result BinaryEvaluator::run(BinaryOperator op) {
  switch (op) {
  case BinaryOperator::And:
  case BinaryOperator::Or:
    if (!lhs.isBoolean() || !rhs.isBoolean())
      return fail("'" + sign.text + "' joins conditions; here are " +
                  lhs.describe() + " and " + rhs.describe());
    return Constant(op == BinaryOperator::And
                        ? lhs.getBoolean() && rhs.getBoolean()
                        : lhs.getBoolean() || rhs.getBoolean());
  case BinaryOperator::Add:
  case BinaryOperator::Subtract:
  case BinaryOperator::Multiply:
  case BinaryOperator::Divide:
  case BinaryOperator::Remainder:
    return arithmetic(op);
  default:
    return compare(op);
  }
}

} // namespace

std::optional<Constant> evaluateBinary(BinaryOperator op,
                                       const ast::Identifier &sign,
                                       const Constant &lhs, const Constant &rhs,
                                       Diagnostics &diagnostics) {
  return BinaryEvaluator(sign, lhs, rhs, diagnostics).run(op);
}

std::optional<Constant> evaluateUnary(ast::UnaryOperator op,
                                      llvm::SMRange range,
                                      const Constant &operand,
                                      Diagnostics &diagnostics) {
  if (op == ast::UnaryOperator::Not) {
    if (operand.isBoolean())
      return Constant(!operand.getBoolean());
    diagnostics.error(range,
                      "'not' needs a condition; here is " + operand.describe());
    return std::nullopt;
  }
  int64_t negative = 0;
  if (operand.isInteger() &&
      !llvm::SubOverflow(int64_t(0), operand.getInteger(), negative))
    return Constant(negative);
  if (operand.isNumeric())
    return Constant(-operand.getNumber());
  diagnostics.error(range, "'-' needs a number; here is " + operand.describe());
  return std::nullopt;
}

bool isConstantFunction(llvm::StringRef name) {
  return name == "floor" || name == "ceil" || name == "min" || name == "max";
}

std::optional<Constant> evaluateFunction(const ast::Identifier &name,
                                         llvm::ArrayRef<Constant> arguments,
                                         Diagnostics &diagnostics) {
  auto fail = [&](const llvm::Twine &message) {
    diagnostics.error(name.range, message);
    return std::nullopt;
  };
  for (const Constant &argument : arguments)
    if (!argument.isNumeric())
      return fail("'" + name.text + "' needs numbers; here is " +
                  argument.describe());
  if (name.text == "floor" || name.text == "ceil") {
    if (arguments.size() != 1)
      return fail("'" + name.text + "' takes one number");
    if (arguments[0].isInteger())
      return arguments[0];
    double value = name.text == "floor" ? std::floor(arguments[0].getNumber())
                                        : std::ceil(arguments[0].getNumber());
    constexpr double kLimit = 9.0e18;
    if (std::abs(value) > kLimit)
      return fail("the result of '" + name.text +
                  "' is too large for an integer");
    return Constant(static_cast<int64_t>(value));
  }
  if (arguments.empty())
    return fail("'" + name.text + "' takes at least one number");
  Constant best = arguments[0];
  for (const Constant &argument : arguments.drop_front()) {
    bool less = argument.getNumber() < best.getNumber();
    bool greater = argument.getNumber() > best.getNumber();
    if (name.text == "min" ? less : greater)
      best = argument;
  }
  return best;
}

} // namespace foregrad::lang
