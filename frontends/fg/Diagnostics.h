//===- Diagnostics.h - Errors at a place of the user's text ---------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Errors name file, line and column, show the line with a caret, and are
// followed by the likely fix where there is one. All goes through
// llvm::SourceMgr.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_FRONTENDS_FG_DIAGNOSTICS_H
#define FOREGRAD_FRONTENDS_FG_DIAGNOSTICS_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/SourceMgr.h"
#include <string>
#include <vector>

namespace foregrad::lang {

class Diagnostics {
public:
  explicit Diagnostics(llvm::SourceMgr &sources) : sources(sources) {}

  /// Reports an error. After `kMaxErrors` of them all further ones are dropped.
  void error(llvm::SMRange range, const llvm::Twine &message);

  /// The likely fix of the error just reported; stands under it.
  void help(const llvm::Twine &message);

  /// Points to another place that explains the error just reported.
  void note(llvm::SMRange range, const llvm::Twine &message);

  /// Says under the error which circumstances it holds in ("here i = 2").
  void addCircumstance(std::string text) {
    circumstances.push_back(std::move(text));
  }
  void dropCircumstance() { circumstances.pop_back(); }

  unsigned getNumErrors() const { return numErrors; }
  bool hasErrors() const { return numErrors != 0; }
  /// So many errors were reported that going on is of no use.
  bool isExhausted() const { return numErrors >= kMaxErrors; }

  llvm::SourceMgr &getSources() { return sources; }

  static constexpr unsigned kMaxErrors = 20;

private:
  void print(const llvm::SMDiagnostic &diagnostic);

  llvm::SourceMgr &sources;
  unsigned numErrors = 0;
  bool lastDropped = false;
  llvm::SMLoc lastLoc;
  std::vector<std::string> circumstances;
};

/// The candidate that is most likely meant by `name`, or an empty string.
llvm::StringRef findSimilar(llvm::StringRef name,
                            llvm::ArrayRef<llvm::StringRef> candidates);

/// "a, b or c" (or with another last word).
std::string joinWords(llvm::ArrayRef<llvm::StringRef> words,
                      llvm::StringRef lastWord = "or");

} // namespace foregrad::lang

#endif // FOREGRAD_FRONTENDS_FG_DIAGNOSTICS_H
