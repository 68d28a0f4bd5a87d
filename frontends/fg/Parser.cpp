//===- Parser.cpp - Declarations and statements ---------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "frontends/fg/ParserImpl.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringMap.h"

namespace foregrad::lang {

using namespace ast;

// Tokens
// ----------------------------------------------------------------------//

const Token &Parser::take() {
  const Token &token = peek();
  if (position + 1 < tokens.size())
    ++position;
  return token;
}

bool Parser::takeIf(Kind kind) {
  if (!at(kind))
    return false;
  take();
  return true;
}

void Parser::error(const Token &token, const llvm::Twine &message) {
  diagnostics.error(token.range, message);
}

// What is missing is missed where the last token ends if the next one is on
// another line.
void Parser::reportMissing(const llvm::Twine &what) {
  const Token &next = peek();
  if (!next.startsLine || position == 0) {
    error(next, "expected " + what + ", found " + describe(next));
    return;
  }
  llvm::SMLoc end = tokens[position - 1].range.End;
  diagnostics.error({end, end},
                    "expected " + what + ", found the end of the line");
}

bool Parser::expect(Kind kind, const llvm::Twine &where) {
  if (takeIf(kind))
    return true;
  reportMissing(describe(kind) + " " + where);
  if (at(Kind::Colon))
    diagnostics.help("a layer inside of an expression stands in parentheses: "
                     "x + (NAME: ...)");
  return false;
}

std::optional<Identifier> Parser::expectName(const llvm::Twine &what) {
  if (at(Kind::Identifier)) {
    const Token &token = take();
    return Identifier{token.text, token.range};
  }
  reportMissing(what);
  if (peek().isKeyword() && !peek().startsLine)
    diagnostics.help("'" + peek().text +
                     "' is a word of the language and cannot be a name");
  return std::nullopt;
}

// From `start` to the end of the last token taken.
llvm::SMRange Parser::rangeFrom(llvm::SMLoc start) const {
  llvm::SMLoc end = position > 0 ? tokens[position - 1].range.End : start;
  if (end.getPointer() < start.getPointer())
    end = start;
  return {start, end};
}

// Declarations
// ------------------------------------------------------------------//

File Parser::parseFile() {
  File file;
  llvm::SMRange recipeAt;
  while (!at(Kind::End) && !diagnostics.isExhausted()) {
    if (at(Kind::KwModel)) {
      parseModel(file);
      continue;
    }
    if (at(Kind::KwRecipe)) {
      if (recipeAt.isValid()) {
        error(peek(), "a file has one recipe");
        diagnostics.note(recipeAt, "the first one is here");
      }
      recipeAt = peek().range;
      parseRecipe(file);
      continue;
    }
    error(peek(),
          "expected 'model' or 'recipe' here, found " + describe(peek()));
    if (at(Kind::RightBrace))
      diagnostics.help("there is one '}' too many above");
    else if (startsStatement())
      diagnostics.help("statements stand between the braces of a model");
    while (!at(Kind::End) &&
           !((at(Kind::KwModel) || at(Kind::KwRecipe)) && peek().startsLine))
      take();
  }
  return file;
}

void Parser::parseModel(File &file) {
  const Token &keyword = take();
  if (file.model) {
    error(keyword, "a file has one model");
    diagnostics.note(file.model->name.range, "the first one is here");
  }
  Model model;
  auto skip = [&] {
    while (!at(Kind::End) &&
           !((at(Kind::KwModel) || at(Kind::KwRecipe)) && peek().startsLine))
      take();
  };
  std::optional<Identifier> name = expectName("the name of the model");
  if (!name)
    return skip();
  model.name = *name;
  if (takeIf(Kind::Assign)) {
    model.isDerived = true;
    std::optional<Identifier> base =
        expectName("the name of the model that this one is made from");
    if (!base ||
        !expect(Kind::KwFrom, "and the file that holds '" + base->text + "'"))
      return skip();
    model.base = *base;
    if (!at(Kind::String)) {
      error(peek(), "expected the name of a file in double quotes, found " +
                        describe(peek()));
      return skip();
    }
    const Token &path = take();
    model.file = {path.text, path.range};
    if (takeIf(Kind::LeftParen) &&
        !parseSettings(Kind::RightParen, "a parameter", model.settings))
      return skip();
  } else {
    if (takeIf(Kind::LeftParen) &&
        !parseSettings(Kind::RightParen, "a parameter", model.parameters))
      return skip();
    if (!at(Kind::LeftBrace)) {
      expect(Kind::LeftBrace, "before the statements of the model");
      return skip();
    }
    parseBody(model.body, "model '" + model.name.text + "'");
  }
  if (!file.model)
    file.model = std::move(model);
}

// name = value, ... up to the closing sign.
bool Parser::parseSettings(Kind close, llvm::StringRef what,
                           std::vector<ParameterDeclaration> &settings) {
  llvm::StringMap<llvm::SMRange> ranges;
  while (!at(close)) {
    std::optional<Identifier> name = expectName("the name of " + what);
    if (!name)
      return false;
    if (!at(Kind::Assign)) {
      expect(Kind::Assign, "and a value after '" + name->text + "'");
      diagnostics.help("write " + name->text + " = ...");
      return false;
    }
    take();
    ExprPtr value = parseExpr();
    if (!value)
      return false;
    auto [first, isNew] = ranges.try_emplace(name->text, name->range);
    if (!isNew) {
      diagnostics.error(name->range, "'" + name->text + "' is given twice");
      diagnostics.note(first->second, "the first time is here");
      return false;
    }
    settings.push_back({*name, std::move(value)});
    if (!takeIf(Kind::Comma))
      break;
  }
  return expect(close, "after " + what);
}

std::optional<ParameterDeclaration> Parser::parseSetting() {
  std::optional<Identifier> name = expectName("the name of a parameter");
  if (!name || !expect(Kind::Assign, "after '" + name->text + "'"))
    return std::nullopt;
  ExprPtr value = parseExpr();
  if (!value)
    return std::nullopt;
  if (!at(Kind::End)) {
    error(peek(),
          "expected nothing more after the value, found " + describe(peek()));
    return std::nullopt;
  }
  return ParameterDeclaration{*name, std::move(value)};
}

void Parser::parseRecipe(File &file) {
  take();
  if (!expect(Kind::LeftBrace, "before the entries of the recipe")) {
    while (!at(Kind::End) && !at(Kind::KwModel))
      take();
    return;
  }
  while (!at(Kind::RightBrace) && !at(Kind::End)) {
    RecipeEntry entry;
    if (parseRecipeEntry(entry)) {
      file.recipe.push_back(std::move(entry));
      continue;
    }
    while (!at(Kind::End) && !at(Kind::RightBrace) && !peek().startsLine)
      take();
  }
  expect(Kind::RightBrace, "at the end of the recipe");
}

bool Parser::parseRecipeEntry(RecipeEntry &entry) {
  std::optional<Identifier> key = expectName("an entry of the recipe");
  if (!key) {
    if (!peek().startsLine)
      return false;
    take();
    return false;
  }
  entry.key = *key;
  if (at(Kind::Assign)) {
    error(peek(), "an entry of a recipe is written without '='");
    diagnostics.help("write " + key->text + " VALUE");
    return false;
  }
  bool isWord = at(Kind::Identifier);
  if (isWord) {
    // A word with dashes, as on the command line: lg-fg-a.
    const Token &first = take();
    const char *end = first.range.End.getPointer();
    while (at(Kind::Minus) && !peek().afterSpace && !peek(1).afterSpace &&
           (peek(1).is(Kind::Identifier) || peek(1).isKeyword())) {
      take();
      end = take().range.End.getPointer();
    }
    const char *begin = first.range.Start.getPointer();
    entry.word = {llvm::StringRef(begin, end - begin),
                  rangeFrom(first.range.Start)};
  } else if (!at(Kind::LeftParen)) {
    entry.value = parseUnary();
    if (!entry.value)
      return false;
  }
  return !takeIf(Kind::LeftParen) ||
         parseSettings(Kind::RightParen, "an option", entry.options);
}

// Statements
// --------------------------------------------------------------------//

bool Parser::startsStatement() const {
  switch (peek().kind) {
  case Kind::KwInput:
  case Kind::KwLabel:
  case Kind::KwBlock:
  case Kind::KwRepeat:
  case Kind::KwLoss:
  case Kind::KwPredict:
    return true;
  case Kind::Identifier:
    return peek(1).is(Kind::Assign);
  default:
    return false;
  }
}

// After an error: to the next line that begins a statement or ends the body.
// Braces of statements that are skipped are skipped with them.
void Parser::skipToStatement() {
  unsigned depth = 0;
  while (!at(Kind::End)) {
    if (at(Kind::LeftBrace)) {
      ++depth;
    } else if (at(Kind::RightBrace)) {
      if (depth == 0)
        return;
      --depth;
    } else if (depth == 0 && peek().startsLine &&
               (startsStatement() || at(Kind::KwModel) || at(Kind::KwRecipe))) {
      return;
    }
    take();
  }
}

// "{" statements "}". Statements that are wrong are reported and left out.
bool Parser::parseBody(std::vector<StmtPtr> &body, const llvm::Twine &owner) {
  llvm::SMRange open = peek().range;
  if (!expect(Kind::LeftBrace, "before the statements of " + owner))
    return false;
  if (++nesting > kMaxDepth) {
    --nesting;
    diagnostics.error(open, "statements are nested too deeply");
    return false;
  }
  llvm::scope_exit leave([&] { --nesting; });
  while (!at(Kind::RightBrace)) {
    if (diagnostics.isExhausted())
      return false;
    if (at(Kind::End) || at(Kind::KwModel) || at(Kind::KwRecipe)) {
      error(peek(), "expected '}' at the end of " + owner + ", found " +
                        describe(peek()));
      diagnostics.note(open, "to close this one");
      return true;
    }
    size_t before = position;
    if (StmtPtr statement = parseStatement()) {
      body.push_back(std::move(statement));
      continue;
    }
    if (position == before)
      take();
    skipToStatement();
  }
  take();
  return true;
}

StmtPtr Parser::parseStatement() {
  switch (peek().kind) {
  case Kind::KwInput:
    return parseInput();
  case Kind::KwLabel:
    return parseLabel();
  case Kind::KwBlock:
    return parseBlock();
  case Kind::KwRepeat:
    return parseRepeat();
  case Kind::KwLoss:
    return parseLoss();
  case Kind::KwPredict:
    return parsePredict();
  case Kind::Identifier:
    if (peek(1).is(Kind::Assign))
      return parseAssign();
    break;
  default:
    break;
  }
  error(peek(), "expected a statement here, found " + describe(peek()));
  if (at(Kind::Identifier) && peek(1).is(Kind::LeftParen))
    diagnostics.help("a value must get a name: x = " + peek().text + "(...)");
  else if (at(Kind::Identifier) && peek(1).is(Kind::Colon))
    diagnostics.help(
        "a layer must get a name for its value: x = " + peek().text + ": ...");
  else if (at(Kind::Colon))
    diagnostics.help("a layer inside of an expression stands in parentheses: "
                     "x + (NAME: ...)");
  else if (at(Kind::KwIf))
    diagnostics.help(
        "'if' chooses between values: x = if condition then a else b");
  else
    diagnostics.help("a statement is input, label, block, repeat, loss, "
                     "predict or NAME = ...");
  return nullptr;
}

StmtPtr Parser::parseInput() {
  auto stmt = std::make_unique<InputStmt>(take().range);
  std::optional<Identifier> name = expectName("the name of the input");
  if (!name || !expect(Kind::Colon, "after the name of the input"))
    return nullptr;
  stmt->name = *name;
  std::optional<Identifier> type =
      expectName("the type of the data, u8 or f32");
  if (!type)
    return nullptr;
  stmt->elementType = *type;
  if (!at(Kind::LeftBracket)) {
    expect(Kind::LeftBracket, "before the axes of the input");
    diagnostics.help("an input has named axes: input " + name->text + " : " +
                     type->text + "[height = 28, width = 28, color = 1]");
    return nullptr;
  }
  take();
  std::vector<ParameterDeclaration> axes;
  if (!parseSettings(Kind::RightBracket, "an axis", axes))
    return nullptr;
  for (ParameterDeclaration &axis : axes)
    stmt->axes.push_back({axis.name, std::move(axis.value)});
  return stmt;
}

StmtPtr Parser::parseLabel() {
  auto stmt = std::make_unique<LabelStmt>(take().range);
  std::optional<Identifier> name = expectName("the name of the label");
  if (!name || !expect(Kind::Colon,
                       "and the number of classes (or a list of their names)"))
    return nullptr;
  stmt->name = *name;
  stmt->classes = parseExpr();
  return stmt->classes ? std::move(stmt) : nullptr;
}

StmtPtr Parser::parseAssign() {
  const Token &name = take();
  auto stmt = std::make_unique<AssignStmt>(name.range);
  stmt->name = {name.text, name.range};
  take();
  stmt->value = parseExpr();
  return stmt->value ? std::move(stmt) : nullptr;
}

StmtPtr Parser::parseBlock() {
  auto stmt = std::make_unique<BlockStmt>(take().range);
  std::optional<NameTemplate> name = parseTemplate("the block");
  if (!name)
    return nullptr;
  stmt->name = std::move(*name);
  if (!parseBody(stmt->body, "the block"))
    return nullptr;
  return stmt;
}

StmtPtr Parser::parseRepeat() {
  auto stmt = std::make_unique<RepeatStmt>(take().range);
  std::optional<Identifier> variable =
      expectName("the name that counts, as in 'repeat i in 1..4'");
  if (!variable || !expect(Kind::KwIn, "after '" + variable->text + "'"))
    return nullptr;
  stmt->variable = *variable;
  stmt->from = parseBinary(1);
  if (!stmt->from || !expect(Kind::DotDot, "between the bounds of the repeat"))
    return nullptr;
  stmt->to = parseBinary(1);
  if (!stmt->to)
    return nullptr;
  if (!at(Kind::KwBlock))
    return parseBody(stmt->body, "the repeat") ? std::move(stmt) : nullptr;
  StmtPtr block = parseBlock();
  if (!block)
    return nullptr;
  stmt->body.push_back(std::move(block));
  return stmt;
}

StmtPtr Parser::parseLoss() {
  auto stmt = std::make_unique<LossStmt>(take().range);
  stmt->value = parseExpr();
  if (!stmt->value)
    return nullptr;
  if (takeIf(Kind::KwPer) && !(stmt->per = parseBinary(1)))
    return nullptr;
  return stmt;
}

StmtPtr Parser::parsePredict() {
  auto stmt = std::make_unique<PredictStmt>(take().range);
  std::optional<Identifier> name =
      expectName("the name of the prediction, as in 'predict readout: ...'");
  if (!name || !expect(Kind::Colon, "after the name of the prediction"))
    return nullptr;
  stmt->name = *name;
  stmt->value = parseExpr();
  if (!stmt->value)
    return nullptr;
  if (takeIf(Kind::KwLoss)) {
    std::optional<Identifier> loss =
        expectName("cross_entropy or squared_error after 'loss'");
    if (!loss)
      return nullptr;
    stmt->loss = *loss;
  }
  return stmt;
}

File parseFile(llvm::StringRef buffer, Diagnostics &diagnostics) {
  std::optional<std::vector<Token>> tokens = tokenize(buffer, diagnostics);
  if (!tokens)
    return {};
  return Parser(std::move(*tokens), diagnostics).parseFile();
}

std::optional<ParameterDeclaration> parseSetting(llvm::StringRef buffer,
                                                 Diagnostics &diagnostics) {
  std::optional<std::vector<Token>> tokens = tokenize(buffer, diagnostics);
  if (!tokens)
    return std::nullopt;
  return Parser(std::move(*tokens), diagnostics).parseSetting();
}

} // namespace foregrad::lang
