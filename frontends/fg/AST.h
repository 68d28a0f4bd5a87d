//===- AST.h - A model as it was written ----------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Names and texts point into the source buffers, which must outlive the tree.
// No path from the root is longer than `kMaxDepth` (the parser sees to it), so
// the tree may be walked recursively.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_FRONTENDS_FG_AST_H
#define FOREGRAD_FRONTENDS_FG_AST_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Casting.h"
#include "llvm/Support/SMLoc.h"
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace foregrad::lang::ast {

inline constexpr unsigned kMaxDepth = 200;

struct Identifier {
  llvm::StringRef text;
  llvm::SMRange range;
};

/// A name with parts that stand for numbers: `block{i}`.
struct NameTemplate {
  struct Part {
    Identifier name;
    bool isVariable; // written in braces
  };
  llvm::SmallVector<Part, 2> parts;
  llvm::SMRange range;
};

// Expressions ---------------------------------------------------------------//

struct Expr {
  enum class Kind {
    Integer,
    Number,
    Boolean,
    Text,
    Name,
    List,
    Unary,
    Binary,
    Conditional,
    Call,
    Label,
  };
  Expr(Kind kind, llvm::SMRange range) : kind(kind), range(range) {}
  virtual ~Expr() = default;

  const Kind kind;
  llvm::SMRange range;
  unsigned depth = 1; // of the tree below, itself included
};
using ExprPtr = std::unique_ptr<Expr>;

template <Expr::Kind K> struct ExprOf : Expr {
  explicit ExprOf(llvm::SMRange range) : Expr(K, range) {}
  static bool classof(const Expr *expr) { return expr->kind == K; }
};

struct IntegerExpr : ExprOf<Expr::Kind::Integer> {
  using ExprOf::ExprOf;
  int64_t value = 0;
};
struct NumberExpr : ExprOf<Expr::Kind::Number> {
  using ExprOf::ExprOf;
  double value = 0;
};
struct BooleanExpr : ExprOf<Expr::Kind::Boolean> {
  using ExprOf::ExprOf;
  bool value = false;
};
struct TextExpr : ExprOf<Expr::Kind::Text> {
  using ExprOf::ExprOf;
  llvm::StringRef value;
};
struct NameExpr : ExprOf<Expr::Kind::Name> {
  using ExprOf::ExprOf;
  llvm::StringRef name;
};
struct ListExpr : ExprOf<Expr::Kind::List> {
  using ExprOf::ExprOf;
  std::vector<ExprPtr> elements;
};

enum class UnaryOperator { Minus, Not };
struct UnaryExpr : ExprOf<Expr::Kind::Unary> {
  using ExprOf::ExprOf;
  UnaryOperator op = UnaryOperator::Minus;
  ExprPtr operand;
};

enum class BinaryOperator {
  Add,
  Subtract,
  Multiply,
  Divide,
  Remainder,
  Equal,
  NotEqual,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  And,
  Or,
};
struct BinaryExpr : ExprOf<Expr::Kind::Binary> {
  using ExprOf::ExprOf;
  BinaryOperator op = BinaryOperator::Add;
  Identifier sign;
  ExprPtr lhs, rhs;
};
struct ConditionalExpr : ExprOf<Expr::Kind::Conditional> {
  using ExprOf::ExprOf;
  ExprPtr condition, whenTrue, whenFalse;
};

struct AxisDeclaration {
  Identifier name;
  ExprPtr size;
};

/// What may stand between the parentheses of a call.
struct Argument {
  enum class Kind {
    Positional, // value
    Named,      // name = value
    Arrow,      // value -> name [= size]
    Per,        // per value
    Window,     // [axis = size, ...]
  };
  Kind kind = Kind::Positional;
  Identifier name;
  ExprPtr value; // of all but Window
  ExprPtr size;
  std::vector<AxisDeclaration> axes; // of Window
  llvm::SMRange range;
};
struct CallExpr : ExprOf<Expr::Kind::Call> {
  using ExprOf::ExprOf;
  Identifier callee;
  std::vector<Argument> arguments;
};

/// `token: relu(...)`: names the layer within.
struct LabelExpr : ExprOf<Expr::Kind::Label> {
  using ExprOf::ExprOf;
  NameTemplate name;
  ExprPtr body;
};

// Statements ----------------------------------------------------------------//

struct Stmt {
  enum class Kind { Input, Label, Assign, Block, Repeat, Loss, Predict };
  Stmt(Kind kind, llvm::SMRange range) : kind(kind), range(range) {}
  virtual ~Stmt() = default;

  const Kind kind;
  llvm::SMRange range; // of its first word
};
using StmtPtr = std::unique_ptr<Stmt>;

template <Stmt::Kind K> struct StmtOf : Stmt {
  explicit StmtOf(llvm::SMRange range) : Stmt(K, range) {}
  static bool classof(const Stmt *stmt) { return stmt->kind == K; }
};

struct InputStmt : StmtOf<Stmt::Kind::Input> {
  using StmtOf::StmtOf;
  Identifier name;
  Identifier elementType;
  std::vector<AxisDeclaration> axes;
};
struct LabelStmt : StmtOf<Stmt::Kind::Label> {
  using StmtOf::StmtOf;
  Identifier name;
  ExprPtr classes;
};
struct AssignStmt : StmtOf<Stmt::Kind::Assign> {
  using StmtOf::StmtOf;
  Identifier name;
  ExprPtr value;
};
struct BlockStmt : StmtOf<Stmt::Kind::Block> {
  using StmtOf::StmtOf;
  NameTemplate name;
  std::vector<StmtPtr> body;
};
struct RepeatStmt : StmtOf<Stmt::Kind::Repeat> {
  using StmtOf::StmtOf;
  Identifier variable;
  ExprPtr from, to; // `to` is not reached
  std::vector<StmtPtr> body;
};
struct LossStmt : StmtOf<Stmt::Kind::Loss> {
  using StmtOf::StmtOf;
  ExprPtr value;
  ExprPtr per; // may be null
};
struct PredictStmt : StmtOf<Stmt::Kind::Predict> {
  using StmtOf::StmtOf;
  Identifier name;
  ExprPtr value;
  Identifier loss; // empty where none is written
};

// Files ---------------------------------------------------------------------//

struct ParameterDeclaration {
  Identifier name;
  ExprPtr value;
};

struct Model {
  Identifier name;
  // Written out:
  std::vector<ParameterDeclaration> parameters;
  std::vector<StmtPtr> body;
  // or `model NAME = BASE from "FILE" (settings)`:
  bool isDerived = false;
  Identifier base;
  Identifier file; // the text between the quotes
  std::vector<ParameterDeclaration> settings;
};

/// `key value`, `key value(options)` or `key(options)`.
struct RecipeEntry {
  Identifier key;
  Identifier word; // a value that is a word, with its dashes
  ExprPtr value;   // or a number, a text, true or false
  std::vector<ParameterDeclaration> options;
};

struct File {
  std::optional<Model> model;
  std::vector<RecipeEntry> recipe;
};

} // namespace foregrad::lang::ast

#endif // FOREGRAD_FRONTENDS_FG_AST_H
