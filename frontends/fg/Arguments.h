//===- Arguments.h - What a function of the language takes ----------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_FRONTENDS_FG_ARGUMENTS_H
#define FOREGRAD_FRONTENDS_FG_ARGUMENTS_H

#include "frontends/fg/Elaborator.h"

namespace foregrad::lang {

struct Elaborator::Signature {
  /// How it is written, for errors.
  llvm::StringLiteral usage;
  unsigned numPositional;
  bool hasArrow = false;
  bool hasPer = false;
  /// What follows the arrow are further axes (`split`).
  bool hasFurtherAxes = false;
  llvm::ArrayRef<llvm::StringRef> options = {};
  /// A window, [axis = size, ...], must stand in it; then the arrow need not.
  bool hasWindow = false;
};

} // namespace foregrad::lang

#endif // FOREGRAD_FRONTENDS_FG_ARGUMENTS_H
