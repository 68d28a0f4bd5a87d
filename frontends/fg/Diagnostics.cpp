//===- Diagnostics.cpp - Errors at a place of the user's text -------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "frontends/fg/Diagnostics.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>

namespace foregrad::lang {

void Diagnostics::print(const llvm::SMDiagnostic &diagnostic) {
  sources.PrintMessage(llvm::errs(), diagnostic);
}

void Diagnostics::error(llvm::SMRange range, const llvm::Twine &message) {
  lastDropped = isExhausted();
  if (lastDropped)
    return;
  ++numErrors;
  lastLoc = range.Start;
  print(sources.GetMessage(range.Start, llvm::SourceMgr::DK_Error, message,
                           range));
  for (const std::string &text : circumstances)
    help(text);
  if (isExhausted())
    help("too many errors; no more are shown");
}

void Diagnostics::help(const llvm::Twine &message) {
  if (lastDropped || !lastLoc.isValid())
    return;
  // The line was shown with the error: name the place only.
  llvm::SMDiagnostic at =
      sources.GetMessage(lastLoc, llvm::SourceMgr::DK_Note, message);
  std::string place = (at.getFilename() + ":" + llvm::Twine(at.getLineNo()) +
                       ":" + llvm::Twine(at.getColumnNo() + 1))
                          .str();
  print(llvm::SMDiagnostic(place, llvm::SourceMgr::DK_Note, message.str()));
}

void Diagnostics::note(llvm::SMRange range, const llvm::Twine &message) {
  if (lastDropped)
    return;
  print(sources.GetMessage(range.Start, llvm::SourceMgr::DK_Note, message,
                           range));
}

// The same letters in another order.
static bool isSwapped(llvm::StringRef name, llvm::StringRef other) {
  return name.size() == other.size() && name != other &&
         std::is_permutation(name.begin(), name.end(), other.begin());
}

llvm::StringRef findSimilar(llvm::StringRef name,
                            llvm::ArrayRef<llvm::StringRef> candidates) {
  llvm::StringRef best;
  // A third of the letters may differ, and one in any case.
  unsigned allowed = std::max<unsigned>(1, name.size() / 3);
  for (llvm::StringRef candidate : candidates) {
    unsigned distance =
        isSwapped(name, candidate)
            ? 1
            : name.edit_distance_insensitive(candidate, true, allowed);
    if (distance > allowed || distance >= candidate.size())
      continue;
    best = candidate;
    if (distance == 0)
      break;
    allowed = distance - 1;
  }
  return best;
}

std::string joinWords(llvm::ArrayRef<llvm::StringRef> words,
                      llvm::StringRef lastWord) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i != 0)
      text += i + 1 == words.size() ? (" " + lastWord + " ").str() : ", ";
    text += words[i];
  }
  return text;
}

} // namespace foregrad::lang
