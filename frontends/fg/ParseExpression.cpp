//===- ParseExpression.cpp - Expressions ----------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "frontends/fg/ParserImpl.h"
#include "llvm/ADT/ScopeExit.h"

namespace foregrad::lang {

using namespace ast;

namespace {

struct OperatorInfo {
  Token::Kind token;
  BinaryOperator op;
  unsigned level; // binds tighter when higher
};

constexpr OperatorInfo kOperators[] = {
    {Token::Kind::KwOr, BinaryOperator::Or, 1},
    {Token::Kind::KwAnd, BinaryOperator::And, 2},
    {Token::Kind::Equal, BinaryOperator::Equal, 4},
    {Token::Kind::NotEqual, BinaryOperator::NotEqual, 4},
    {Token::Kind::Less, BinaryOperator::Less, 4},
    {Token::Kind::LessEqual, BinaryOperator::LessEqual, 4},
    {Token::Kind::Greater, BinaryOperator::Greater, 4},
    {Token::Kind::GreaterEqual, BinaryOperator::GreaterEqual, 4},
    {Token::Kind::Plus, BinaryOperator::Add, 5},
    {Token::Kind::Minus, BinaryOperator::Subtract, 5},
    {Token::Kind::Star, BinaryOperator::Multiply, 6},
    {Token::Kind::Slash, BinaryOperator::Divide, 6},
    {Token::Kind::Percent, BinaryOperator::Remainder, 6},
};
constexpr unsigned kNotLevel = 3;
constexpr unsigned kHighestLevel = 6;

const OperatorInfo *findOperator(Token::Kind kind, unsigned level) {
  for (const OperatorInfo &info : kOperators)
    if (info.token == kind && info.level == level)
      return &info;
  return nullptr;
}

} // namespace

ExprPtr Parser::checkDepth(ExprPtr expr, unsigned childDepth) {
  expr->depth = childDepth + 1;
  if (expr->depth <= kMaxDepth)
    return expr;
  diagnostics.error(expr->range, "the expression is nested too deeply");
  diagnostics.help("give its parts names: x = ...");
  return nullptr;
}

ExprPtr Parser::parseExpr() {
  if (++nesting > kMaxDepth) {
    --nesting;
    error(peek(), "the expression is nested too deeply");
    diagnostics.help("give its parts names: x = ...");
    return nullptr;
  }
  llvm::scope_exit leave([&] { --nesting; });
  if (at(Kind::KwIf))
    return parseConditional();
  if (!atTemplate())
    return parseBinary(1);
  llvm::SMLoc start = peek().range.Start;
  std::optional<NameTemplate> name = parseTemplate("a layer");
  if (!name || !expect(Kind::Colon, "after the name of the layer"))
    return nullptr;
  ExprPtr body = parseExpr();
  if (!body)
    return nullptr;
  auto label = std::make_unique<LabelExpr>(rangeFrom(start));
  unsigned depth = body->depth;
  label->name = std::move(*name);
  label->body = std::move(body);
  return checkDepth(std::move(label), depth);
}

ExprPtr Parser::parseConditional() {
  llvm::SMLoc start = take().range.Start;
  ExprPtr condition = parseExpr();
  if (!condition || !expect(Kind::KwThen, "after the condition of 'if'"))
    return nullptr;
  ExprPtr whenTrue = parseExpr();
  if (!whenTrue)
    return nullptr;
  if (!at(Kind::KwElse)) {
    expect(Kind::KwElse, "of this 'if'");
    diagnostics.help("'if' is an expression and needs both values: if "
                     "condition then a else b");
    return nullptr;
  }
  take();
  ExprPtr whenFalse = parseExpr();
  if (!whenFalse)
    return nullptr;
  auto result = std::make_unique<ConditionalExpr>(rangeFrom(start));
  unsigned depth =
      std::max({condition->depth, whenTrue->depth, whenFalse->depth});
  result->condition = std::move(condition);
  result->whenTrue = std::move(whenTrue);
  result->whenFalse = std::move(whenFalse);
  return checkDepth(std::move(result), depth);
}

ExprPtr Parser::parseBinary(unsigned level) {
  if (level > kHighestLevel)
    return parseUnary();
  if (level == kNotLevel) {
    if (!at(Kind::KwNot))
      return parseBinary(level + 1);
    if (++nesting > kMaxDepth) {
      --nesting;
      error(peek(), "the expression is nested too deeply");
      return nullptr;
    }
    llvm::scope_exit leave([&] { --nesting; });
    llvm::SMLoc start = take().range.Start;
    ExprPtr operand = parseBinary(level);
    if (!operand)
      return nullptr;
    auto result = std::make_unique<UnaryExpr>(rangeFrom(start));
    unsigned depth = operand->depth;
    result->op = UnaryOperator::Not;
    result->operand = std::move(operand);
    return checkDepth(std::move(result), depth);
  }
  llvm::SMLoc start = peek().range.Start;
  ExprPtr lhs = parseBinary(level + 1);
  while (lhs) {
    const OperatorInfo *info = findOperator(peek().kind, level);
    if (!info)
      break;
    const Token &sign = take();
    ExprPtr rhs = parseBinary(level + 1);
    if (!rhs)
      return nullptr;
    auto result = std::make_unique<BinaryExpr>(rangeFrom(start));
    unsigned depth = std::max(lhs->depth, rhs->depth);
    result->op = info->op;
    result->sign = {sign.text, sign.range};
    result->lhs = std::move(lhs);
    result->rhs = std::move(rhs);
    lhs = checkDepth(std::move(result), depth);
  }
  return lhs;
}

ExprPtr Parser::parseUnary() {
  if (!at(Kind::Minus) && !at(Kind::Plus))
    return parsePrimary();
  if (++nesting > kMaxDepth) {
    --nesting;
    error(peek(), "the expression is nested too deeply");
    return nullptr;
  }
  llvm::scope_exit leave([&] { --nesting; });
  const Token &sign = take();
  ExprPtr operand = parseUnary();
  if (!operand || sign.is(Kind::Plus))
    return operand;
  auto result = std::make_unique<UnaryExpr>(rangeFrom(sign.range.Start));
  unsigned depth = operand->depth;
  result->op = UnaryOperator::Minus;
  result->operand = std::move(operand);
  return checkDepth(std::move(result), depth);
}

ExprPtr Parser::parsePrimary() {
  const Token &token = peek();
  switch (token.kind) {
  case Kind::Integer: {
    auto expr = std::make_unique<IntegerExpr>(token.range);
    expr->value = take().integer;
    return expr;
  }
  case Kind::Number: {
    auto expr = std::make_unique<NumberExpr>(token.range);
    expr->value = take().number;
    return expr;
  }
  case Kind::KwTrue:
  case Kind::KwFalse: {
    auto expr = std::make_unique<BooleanExpr>(token.range);
    expr->value = take().is(Kind::KwTrue);
    return expr;
  }
  case Kind::String: {
    auto expr = std::make_unique<TextExpr>(token.range);
    expr->value = take().text;
    return expr;
  }
  case Kind::Identifier: {
    if (peek(1).is(Kind::LeftParen) && !peek(1).startsLine)
      return parseCall();
    auto expr = std::make_unique<NameExpr>(token.range);
    expr->name = take().text;
    return expr;
  }
  case Kind::LeftBracket:
    return parseList();
  case Kind::LeftParen: {
    take();
    ExprPtr inner = parseExpr();
    if (!inner || !expect(Kind::RightParen, "to close the parenthesis"))
      return nullptr;
    return inner;
  }
  default:
    reportMissing("an expression");
    if (token.isKeyword() && !token.startsLine)
      diagnostics.help("'" + token.text +
                       "' is a word of the language and cannot be a name");
    return nullptr;
  }
}

ExprPtr Parser::parseList() {
  llvm::SMLoc start = take().range.Start;
  std::vector<ExprPtr> elements;
  unsigned depth = 0;
  while (!at(Kind::RightBracket)) {
    ExprPtr element = parseExpr();
    if (!element)
      return nullptr;
    depth = std::max(depth, element->depth);
    elements.push_back(std::move(element));
    if (!takeIf(Kind::Comma))
      break;
  }
  if (!expect(Kind::RightBracket, "to close the list"))
    return nullptr;
  auto list = std::make_unique<ListExpr>(rangeFrom(start));
  list->elements = std::move(elements);
  return checkDepth(std::move(list), depth);
}

ExprPtr Parser::parseCall() {
  const Token &callee = take();
  take(); // the parenthesis
  std::vector<Argument> arguments;
  unsigned depth = 0;
  while (!at(Kind::RightParen)) {
    Argument argument;
    if (!parseArgument(argument))
      return nullptr;
    if (argument.value)
      depth = std::max(depth, argument.value->depth);
    if (argument.size)
      depth = std::max(depth, argument.size->depth);
    for (const AxisDeclaration &axis : argument.axes)
      depth = std::max(depth, axis.size->depth);
    arguments.push_back(std::move(argument));
    if (!takeIf(Kind::Comma))
      break;
  }
  if (!expect(Kind::RightParen,
              "to close the arguments of '" + callee.text + "'"))
    return nullptr;
  auto call = std::make_unique<CallExpr>(rangeFrom(callee.range.Start));
  call->callee = {callee.text, callee.range};
  call->arguments = std::move(arguments);
  return checkDepth(std::move(call), depth);
}

// [axis = size, ...]: no list, since its elements have names.
bool Parser::parseWindow(Argument &argument) {
  llvm::SMLoc start = take().range.Start;
  argument.kind = Argument::Kind::Window;
  do {
    if (at(Kind::RightBracket))
      break;
    std::optional<Identifier> name = expectName("an axis");
    if (!name || !expect(Kind::Assign, "and a size after the axis"))
      return false;
    ExprPtr size = parseExpr();
    if (!size)
      return false;
    argument.axes.push_back({*name, std::move(size)});
  } while (takeIf(Kind::Comma));
  if (!expect(Kind::RightBracket, "to close the list"))
    return false;
  argument.range = rangeFrom(start);
  return true;
}

bool Parser::parseArgument(Argument &argument) {
  llvm::SMLoc start = peek().range.Start;
  if (at(Kind::LeftBracket) && peek(1).is(Kind::Identifier) &&
      peek(2).is(Kind::Assign))
    return parseWindow(argument);
  if (takeIf(Kind::KwPer)) {
    argument.kind = Argument::Kind::Per;
  } else if (at(Kind::Identifier) && peek(1).is(Kind::Assign)) {
    const Token &name = take();
    argument.kind = Argument::Kind::Named;
    argument.name = {name.text, name.range};
    take();
  }
  argument.value = parseExpr();
  if (!argument.value)
    return false;
  if (argument.kind == Argument::Kind::Positional && takeIf(Kind::Arrow)) {
    argument.kind = Argument::Kind::Arrow;
    std::optional<Identifier> target = expectName("the new axis after '->'");
    if (!target)
      return false;
    argument.name = *target;
    if (takeIf(Kind::Assign) && !(argument.size = parseExpr()))
      return false;
  }
  argument.range = rangeFrom(start);
  return true;
}

// Name templates
// --------------------------------------------------------------//

// Tokens of the template that begins here; 0 if none does. A brace belongs to
// it if it follows without a space and holds just a name. Joined to a brace, a
// word of the language is a name too: block{i}.
size_t Parser::getTemplateLength() const {
  auto joined = [&](size_t ahead, Kind kind) {
    return peek(ahead).is(kind) && !peek(ahead).afterSpace;
  };
  auto joinedCounter = [&](size_t ahead) {
    return joined(ahead, Kind::LeftBrace) &&
           joined(ahead + 1, Kind::Identifier) &&
           joined(ahead + 2, Kind::RightBrace);
  };
  if (!at(Kind::Identifier) && !(peek().isKeyword() && joinedCounter(1)))
    return 0;
  size_t length = 1;
  for (;;) {
    if (joinedCounter(length))
      length += 3;
    else if (length > 1 && joined(length, Kind::Identifier))
      ++length;
    else
      return length;
  }
}

// True before `NAME :`, which names a layer.
bool Parser::atTemplate() const {
  size_t length = getTemplateLength();
  return length > 0 && peek(length).is(Kind::Colon);
}

std::optional<NameTemplate> Parser::parseTemplate(const llvm::Twine &what) {
  size_t length = getTemplateLength();
  if (length == 0) {
    expectName("the name of " + what);
    return std::nullopt;
  }
  NameTemplate name;
  llvm::SMLoc start = peek().range.Start;
  for (size_t last = position + length; position < last;) {
    bool isVariable = takeIf(Kind::LeftBrace);
    const Token &part = take();
    name.parts.push_back({{part.text, part.range}, isVariable});
    if (isVariable)
      take();
  }
  name.range = rangeFrom(start);
  return name;
}

} // namespace foregrad::lang
