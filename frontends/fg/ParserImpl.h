//===- ParserImpl.h - The recursive descent, shared by its two files ------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// The grammar, from the outside in:
//
//   file       = { model | recipe }
//   model      = "model" NAME [ "(" settings ")" ] "{" { statement } "}"
//              | "model" NAME "=" NAME "from" TEXT [ "(" settings ")" ]
//   settings   = NAME "=" expr { "," NAME "=" expr }
//   statement  = "input" NAME ":" NAME "[" settings "]"
//              | "label" NAME ":" expr
//              | NAME "=" expr
//              | "block" template "{" { statement } "}"
//              | "repeat" NAME "in" expr ".." expr ( block | "{" { statement }
//              "}" ) | "loss" expr [ "per" expr ] | "predict" NAME ":" expr [
//              "loss" NAME ]
//   template   = NAME { "{" NAME "}" [ NAME ] }           (without spaces)
//   expr       = template ":" expr
//              | "if" expr "then" expr "else" expr
//              | or, and, not, comparison, sum, product, sign, primary
//   primary    = number | text | "true" | "false" | NAME | "(" expr ")"
//              | "[" [ expr { "," expr } ] "]"
//              | NAME "(" [ argument { "," argument } ] ")"
//   argument   = expr | NAME "=" expr | expr "->" NAME [ "=" expr ]
//              | "per" expr | "[" NAME "=" expr { "," NAME "=" expr } "]"
//   recipe     = "recipe" "{" { entry } "}"
//   entry      = NAME [ value ] [ "(" settings ")" ]
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_FRONTENDS_FG_PARSERIMPL_H
#define FOREGRAD_FRONTENDS_FG_PARSERIMPL_H

#include "frontends/fg/Parser.h"

namespace foregrad::lang {

class Parser {
public:
  Parser(std::vector<Token> tokens, Diagnostics &diagnostics)
      : tokens(std::move(tokens)), diagnostics(diagnostics) {}

  ast::File parseFile();
  std::optional<ast::ParameterDeclaration> parseSetting();

private:
  using Kind = Token::Kind;

  // Tokens.
  const Token &peek(size_t ahead = 0) const {
    return tokens[std::min(position + ahead, tokens.size() - 1)];
  }
  bool at(Kind kind) const { return peek().is(kind); }
  const Token &take();
  bool takeIf(Kind kind);
  /// Takes a token of this kind or reports that it is missing `where`.
  bool expect(Kind kind, const llvm::Twine &where);
  std::optional<ast::Identifier> expectName(const llvm::Twine &what);
  llvm::SMRange rangeFrom(llvm::SMLoc start) const;
  void error(const Token &token, const llvm::Twine &message);
  void reportMissing(const llvm::Twine &what);

  // Declarations and statements (Parser.cpp).
  void parseModel(ast::File &file);
  void parseRecipe(ast::File &file);
  bool parseRecipeEntry(ast::RecipeEntry &entry);
  bool parseSettings(Kind close, llvm::StringRef what,
                     std::vector<ast::ParameterDeclaration> &settings);
  bool parseBody(std::vector<ast::StmtPtr> &body, const llvm::Twine &owner);
  ast::StmtPtr parseStatement();
  ast::StmtPtr parseInput();
  ast::StmtPtr parseLabel();
  ast::StmtPtr parseAssign();
  ast::StmtPtr parseBlock();
  ast::StmtPtr parseRepeat();
  ast::StmtPtr parseLoss();
  ast::StmtPtr parsePredict();
  bool startsStatement() const;
  void skipToStatement();

  // Expressions (ParseExpression.cpp). Null after an error.
  ast::ExprPtr parseExpr();
  ast::ExprPtr parseBinary(unsigned level);
  ast::ExprPtr parseUnary();
  ast::ExprPtr parsePrimary();
  ast::ExprPtr parseConditional();
  ast::ExprPtr parseList();
  ast::ExprPtr parseCall();
  bool parseArgument(ast::Argument &argument);
  bool parseWindow(ast::Argument &argument);
  bool atTemplate() const;
  size_t getTemplateLength() const;
  std::optional<ast::NameTemplate> parseTemplate(const llvm::Twine &what);
  /// Sets the node's depth; null and an error if the tree grows too deep.
  ast::ExprPtr checkDepth(ast::ExprPtr expr, unsigned childDepth);

  std::vector<Token> tokens;
  Diagnostics &diagnostics;
  size_t position = 0;
  unsigned nesting = 0; // of what is being parsed
};

} // namespace foregrad::lang

#endif // FOREGRAD_FRONTENDS_FG_PARSERIMPL_H
