//===- Parser.h - From words to the tree ----------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_FRONTENDS_FG_PARSER_H
#define FOREGRAD_FRONTENDS_FG_PARSER_H

#include "frontends/fg/AST.h"
#include "frontends/fg/Lexer.h"

namespace foregrad::lang {

/// Parses a file. Goes on after an error at the next statement, so the tree may
/// lack what was wrong: use it only if no error was reported.
ast::File parseFile(llvm::StringRef buffer, Diagnostics &diagnostics);

/// Parses `name = value` as in `-D name=value`; nothing after an error.
std::optional<ast::ParameterDeclaration> parseSetting(llvm::StringRef buffer,
                                                      Diagnostics &diagnostics);

} // namespace foregrad::lang

#endif // FOREGRAD_FRONTENDS_FG_PARSER_H
