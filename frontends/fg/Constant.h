//===- Constant.h - Values known when compiling ---------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Parameters of a model, sizes, bounds and conditions. Integers are checked for
// overflow, numbers stay finite.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_FRONTENDS_FG_CONSTANT_H
#define FOREGRAD_FRONTENDS_FG_CONSTANT_H

#include "frontends/fg/AST.h"
#include "frontends/fg/Diagnostics.h"
#include <memory>
#include <string>
#include <variant>

namespace foregrad::lang {

class Constant {
public:
  using List = std::vector<Constant>;

  Constant(int64_t value) : value(value) {}
  Constant(double value) : value(value) {}
  Constant(bool value) : value(value) {}
  Constant(std::string text) : value(std::move(text)) {}
  Constant(List list) : value(std::make_shared<const List>(std::move(list))) {}

  bool isInteger() const { return std::holds_alternative<int64_t>(value); }
  bool isBoolean() const { return std::holds_alternative<bool>(value); }
  bool isText() const { return std::holds_alternative<std::string>(value); }
  bool isList() const { return std::holds_alternative<ListPtr>(value); }
  /// An integer or a number with a fraction.
  bool isNumeric() const {
    return isInteger() || std::holds_alternative<double>(value);
  }

  int64_t getInteger() const { return std::get<int64_t>(value); }
  bool getBoolean() const { return std::get<bool>(value); }
  llvm::StringRef getText() const { return std::get<std::string>(value); }
  const List &getList() const { return *std::get<ListPtr>(value); }
  double getNumber() const {
    return isInteger() ? static_cast<double>(getInteger())
                       : std::get<double>(value);
  }

  /// What it is, in the user's words: "the integer 3", "a list".
  std::string describe() const;
  /// As one would write it.
  std::string format() const;

private:
  using ListPtr = std::shared_ptr<const List>;
  std::variant<int64_t, double, bool, std::string, ListPtr> value;
};

/// Evaluate an operator; nothing (and an error at `sign`) if it has no value.
std::optional<Constant> evaluateBinary(ast::BinaryOperator op,
                                       const ast::Identifier &sign,
                                       const Constant &lhs, const Constant &rhs,
                                       Diagnostics &diagnostics);
std::optional<Constant> evaluateUnary(ast::UnaryOperator op,
                                      llvm::SMRange range,
                                      const Constant &operand,
                                      Diagnostics &diagnostics);

/// floor, ceil, min, max of numbers. `isConstantFunction` tells their names.
bool isConstantFunction(llvm::StringRef name);
std::optional<Constant> evaluateFunction(const ast::Identifier &name,
                                         llvm::ArrayRef<Constant> arguments,
                                         Diagnostics &diagnostics);

} // namespace foregrad::lang

#endif // FOREGRAD_FRONTENDS_FG_CONSTANT_H
