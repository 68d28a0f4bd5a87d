//===- Lexer.cpp - Words of the language ----------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "frontends/fg/Lexer.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/ConvertUTF.h"
#include <cmath>

namespace foregrad::lang {

namespace {

using Kind = Token::Kind;

struct Spelling {
  Kind kind;
  llvm::StringLiteral text;
};

constexpr Spelling kKeywords[] = {
    {Kind::KwModel, "model"},     {Kind::KwInput, "input"},
    {Kind::KwLabel, "label"},     {Kind::KwBlock, "block"},
    {Kind::KwRepeat, "repeat"},   {Kind::KwIn, "in"},
    {Kind::KwLoss, "loss"},       {Kind::KwPer, "per"},
    {Kind::KwPredict, "predict"}, {Kind::KwRecipe, "recipe"},
    {Kind::KwFrom, "from"},       {Kind::KwIf, "if"},
    {Kind::KwThen, "then"},       {Kind::KwElse, "else"},
    {Kind::KwAnd, "and"},         {Kind::KwOr, "or"},
    {Kind::KwNot, "not"},         {Kind::KwTrue, "true"},
    {Kind::KwFalse, "false"},
};

// Longer signs before their beginnings.
constexpr Spelling kSigns[] = {
    {Kind::Arrow, "->"},      {Kind::DotDot, ".."},
    {Kind::Equal, "=="},      {Kind::NotEqual, "!="},
    {Kind::LessEqual, "<="},  {Kind::GreaterEqual, ">="},
    {Kind::LeftParen, "("},   {Kind::RightParen, ")"},
    {Kind::LeftBracket, "["}, {Kind::RightBracket, "]"},
    {Kind::LeftBrace, "{"},   {Kind::RightBrace, "}"},
    {Kind::Comma, ","},       {Kind::Colon, ":"},
    {Kind::Assign, "="},      {Kind::Plus, "+"},
    {Kind::Minus, "-"},       {Kind::Star, "*"},
    {Kind::Slash, "/"},       {Kind::Percent, "%"},
    {Kind::Less, "<"},        {Kind::Greater, ">"},
};

bool isNameStart(char c) { return llvm::isAlpha(c) || c == '_'; }
bool isNamePart(char c) { return llvm::isAlnum(c) || c == '_'; }

class Lexer {
public:
  Lexer(llvm::StringRef buffer, Diagnostics &diagnostics)
      : buffer(buffer), diagnostics(diagnostics) {}

  bool checkText();
  std::vector<Token> run();

private:
  llvm::StringRef rest() const { return buffer.substr(position); }
  llvm::SMRange range(size_t begin, size_t end) const {
    return {llvm::SMLoc::getFromPointer(buffer.data() + begin),
            llvm::SMLoc::getFromPointer(buffer.data() + end)};
  }
  void skipSpace();
  void add(Kind kind, size_t length);
  void lexName();
  void lexNumber();
  void lexString();
  void lexSign();

  llvm::StringRef buffer;
  Diagnostics &diagnostics;
  size_t position = 0;
  bool startsLine = true;
  bool afterSpace = true;
  std::vector<Token> tokens;
};

bool Lexer::checkText() {
  if (buffer.size() > kMaxFileSize) {
    diagnostics.error(range(0, 0),
                      "the file is larger than 1 MiB; this is no model");
    return false;
  }
  if (size_t nul = buffer.find('\0'); nul != llvm::StringRef::npos) {
    diagnostics.error(
        range(nul, nul),
        "the file holds a NUL byte; a model is plain text in UTF-8");
    return false;
  }
  const auto *begin = reinterpret_cast<const llvm::UTF8 *>(buffer.begin());
  const llvm::UTF8 *next = begin;
  if (!llvm::isLegalUTF8String(
          &next, reinterpret_cast<const llvm::UTF8 *>(buffer.end()))) {
    size_t offset = next - begin;
    diagnostics.error(range(offset, offset),
                      "the file is not valid UTF-8 here");
    diagnostics.help("save the file as UTF-8");
    return false;
  }
  return true;
}

void Lexer::skipSpace() {
  while (position < buffer.size()) {
    char c = buffer[position];
    if (c == '\n') {
      startsLine = true;
      ++position;
    } else if (c == ' ' || c == '\t' || c == '\r') {
      ++position;
    } else if (rest().starts_with("//")) {
      position = std::min(buffer.find('\n', position), buffer.size());
    } else {
      return;
    }
    afterSpace = true;
  }
}

void Lexer::add(Kind kind, size_t length) {
  Token token;
  token.kind = kind;
  token.text = buffer.substr(position, length);
  token.range = range(position, position + length);
  token.startsLine = startsLine;
  token.afterSpace = afterSpace;
  tokens.push_back(token);
  position += length;
  startsLine = afterSpace = false;
}

void Lexer::lexName() {
  llvm::StringRef name = rest().take_while(isNamePart);
  if (name.size() > kMaxNameLength) {
    diagnostics.error(range(position, position + name.size()),
                      "a name has at most " + llvm::Twine(kMaxNameLength) +
                          " letters");
    position += name.size();
    return;
  }
  Kind kind = Kind::Identifier;
  for (const Spelling &keyword : kKeywords)
    if (name == keyword.text)
      kind = keyword.kind;
  add(kind, name.size());
}

void Lexer::lexNumber() {
  llvm::StringRef text = rest();
  auto digits = [&](size_t from) {
    size_t end = from;
    while (end < text.size() && llvm::isDigit(text[end]))
      ++end;
    return end;
  };
  size_t end = digits(0);
  bool whole = true;
  // `1..3` is a range: its first dot belongs to no number.
  if (end < text.size() && text[end] == '.' &&
      !text.substr(end).starts_with("..")) {
    whole = false;
    end = digits(end + 1);
  }
  if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
    size_t exponent = end + 1;
    if (exponent < text.size() &&
        (text[exponent] == '+' || text[exponent] == '-'))
      ++exponent;
    if (size_t last = digits(exponent); last > exponent) {
      whole = false;
      end = last;
    }
  }
  size_t begin = position;
  llvm::StringRef written = text.take_front(end);
  if (end < text.size() && isNamePart(text[end])) {
    size_t length = end + text.substr(end).take_while(isNamePart).size();
    diagnostics.error(range(begin, begin + length),
                      "'" + text.take_front(std::min<size_t>(length, 40)) +
                          "' is neither a number nor a name");
    if (isNameStart(text[end]))
      diagnostics.help("names begin with a letter");
    position += length;
    return;
  }
  Token value;
  if (whole && written.getAsInteger(10, value.integer)) {
    diagnostics.error(range(begin, begin + end), "this integer is too large");
    position += end;
    return;
  }
  // Forms as `.5` and `5.` are completed for the conversion.
  std::string complete = written.str();
  if (complete.back() == '.')
    complete += '0';
  if (!whole && (llvm::StringRef(complete).getAsDouble(value.number) ||
                 !std::isfinite(value.number))) {
    diagnostics.error(range(begin, begin + end), "this number is out of range");
    position += end;
    return;
  }
  add(whole ? Kind::Integer : Kind::Number, end);
  tokens.back().integer = value.integer;
  tokens.back().number = value.number;
}

void Lexer::lexString() {
  size_t end = buffer.find_first_of("\"\n", position + 1);
  if (end == llvm::StringRef::npos || buffer[end] == '\n') {
    end = std::min(end, buffer.size());
    diagnostics.error(range(position, end),
                      "the text has no closing quote on its line");
    position = end;
    return;
  }
  size_t begin = position;
  add(Kind::String, end + 1 - begin);
  tokens.back().text = buffer.slice(begin + 1, end);
}

void Lexer::lexSign() {
  for (const Spelling &sign : kSigns)
    if (rest().starts_with(sign.text))
      return add(sign.kind, sign.text.size());
  // One error for a run of bytes of one foreign character.
  size_t length = llvm::getNumBytesForUTF8(buffer[position]);
  diagnostics.error(range(position, position + length),
                    "'" + rest().take_front(length) +
                        "' is no sign of the language");
  if (buffer[position] == '#')
    diagnostics.help("comments begin with //");
  else if (buffer[position] == ';')
    diagnostics.help("statements end with their line; leave it out");
  else if (buffer[position] == '\'')
    diagnostics.help("texts stand in double quotes");
  else if (buffer[position] == '&' || buffer[position] == '|' ||
           buffer[position] == '!')
    diagnostics.help("write and, or, not");
  // What follows on the line would be misread.
  position = std::min(buffer.find('\n', position), buffer.size());
}

std::vector<Token> Lexer::run() {
  if (buffer.starts_with("\xEF\xBB\xBF")) // byte order mark
    position = 3;
  for (skipSpace(); position < buffer.size(); skipSpace()) {
    char c = buffer[position];
    if (isNameStart(c))
      lexName();
    else if (llvm::isDigit(c) || (c == '.' && position + 1 < buffer.size() &&
                                  llvm::isDigit(buffer[position + 1])))
      lexNumber();
    else if (c == '"')
      lexString();
    else
      lexSign();
  }
  startsLine = true;
  add(Kind::End, 0);
  return std::move(tokens);
}

} // namespace

std::optional<std::vector<Token>> tokenize(llvm::StringRef buffer,
                                           Diagnostics &diagnostics) {
  unsigned before = diagnostics.getNumErrors();
  Lexer lexer(buffer, diagnostics);
  if (!lexer.checkText())
    return std::nullopt;
  std::vector<Token> tokens = lexer.run();
  if (diagnostics.getNumErrors() != before)
    return std::nullopt;
  return tokens;
}

std::string describe(Token::Kind kind) {
  for (const Spelling &keyword : kKeywords)
    if (keyword.kind == kind)
      return ("'" + keyword.text + "'").str();
  for (const Spelling &sign : kSigns)
    if (sign.kind == kind)
      return ("'" + sign.text + "'").str();
  switch (kind) {
  case Kind::Identifier:
    return "a name";
  case Kind::Integer:
    return "an integer";
  case Kind::Number:
    return "a number";
  case Kind::String:
    return "a text";
  default:
    return "the end of the file";
  }
}

std::string describe(const Token &token) {
  switch (token.kind) {
  case Kind::End:
    return "the end of the file";
  case Kind::String:
    return "a text";
  default:
    return ("'" + token.text + "'").str();
  }
}

} // namespace foregrad::lang
