//===- LinkShared.h - lld as a library ------------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_TARGETS_LINKSHARED_H
#define FOREGRAD_COMPILER_TARGETS_LINKSHARED_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace foregrad::compiler {

/// Links ELF objects (their bytes) to a shared object and returns that one's
/// bytes. The linker's messages become the error.
llvm::Expected<std::string> linkShared(llvm::ArrayRef<std::string> objects);

/// An error if the shared object needs a function that neither libm nor the
/// memory functions of libc provide.
llvm::Error checkUndefinedSymbols(llvm::StringRef sharedObject);

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_TARGETS_LINKSHARED_H
