//===- OperationTable.h - What each op of the dialect has -------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_TOOLS_FGOPT_OPERATIONTABLE_H
#define FOREGRAD_TOOLS_FGOPT_OPERATIONTABLE_H

#include "llvm/Support/raw_ostream.h"

namespace foregrad::fg {

/// Writes docs/operations.md: every registered op of the dialect by name, and
/// which of tangent, cotangent, CPU code and reference it has, as the
/// interfaces say that it implements.
void printOperationTable(llvm::raw_ostream &out);

} // namespace foregrad::fg

#endif // FOREGRAD_TOOLS_FGOPT_OPERATIONTABLE_H
