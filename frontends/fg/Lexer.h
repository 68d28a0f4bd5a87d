//===- Lexer.h - Words of the language ------------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_FRONTENDS_FG_LEXER_H
#define FOREGRAD_FRONTENDS_FG_LEXER_H

#include "frontends/fg/Diagnostics.h"
#include <cstdint>
#include <optional>

namespace foregrad::lang {

struct Token {
  enum class Kind {
    End,
    Identifier,
    Integer,
    Number,
    String,
    // Words that cannot be names.
    KwModel,
    KwInput,
    KwLabel,
    KwBlock,
    KwRepeat,
    KwIn,
    KwLoss,
    KwPer,
    KwPredict,
    KwRecipe,
    KwFrom,
    KwIf,
    KwThen,
    KwElse,
    KwAnd,
    KwOr,
    KwNot,
    KwTrue,
    KwFalse,
    // Signs.
    LeftParen,
    RightParen,
    LeftBracket,
    RightBracket,
    LeftBrace,
    RightBrace,
    Comma,
    Colon,
    Arrow,
    DotDot,
    Assign,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
  };

  Kind kind = Kind::End;
  /// As written; lies in the buffer. Of a string: what stands between the
  /// quotes.
  llvm::StringRef text;
  llvm::SMRange range;
  int64_t integer = 0;
  double number = 0;
  bool startsLine = false; // the first one of its line
  bool afterSpace = false; // something stands between it and the one before

  bool is(Kind other) const { return kind == other; }
  bool isKeyword() const {
    return kind >= Kind::KwModel && kind <= Kind::KwFalse;
  }
};

/// Splits a whole buffer into tokens, the last of which is `End`. Nothing after
/// an error: what is no word of the language, or no text at all (too large, NUL
/// bytes, invalid UTF-8).
std::optional<std::vector<Token>> tokenize(llvm::StringRef buffer,
                                           Diagnostics &diagnostics);

/// A token as it is called in an error: "'('", "the end of the file".
std::string describe(const Token &token);
std::string describe(Token::Kind kind);

inline constexpr size_t kMaxFileSize = size_t(1) << 20;
inline constexpr size_t kMaxNameLength = 128;

} // namespace foregrad::lang

#endif // FOREGRAD_FRONTENDS_FG_LEXER_H
