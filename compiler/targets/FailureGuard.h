//===- FailureGuard.h - LLVM's fatal errors as errors -----------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_TARGETS_FAILUREGUARD_H
#define FOREGRAD_COMPILER_TARGETS_FAILUREGUARD_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/ErrorHandling.h"

#include <mutex>
#include <string>

namespace foregrad::compiler {

/// LLVM ends the process on what it takes for a mistake of its caller. While
/// there is one of these, it ends no more than the work that run() is given, on
/// whatever thread that is. A second one waits until the first is gone.
class FailureGuard {
public:
  FailureGuard();
  ~FailureGuard();
  FailureGuard(const FailureGuard &) = delete;
  FailureGuard &operator=(const FailureGuard &) = delete;

  /// Runs `work` on this thread until it returns or fails; then `reason` gets a
  /// line with what LLVM has to say, if anything. False if it did not return:
  /// then what it used is not fit for its destructors.
  bool run(std::string &reason, llvm::function_ref<void()> work) const;

private:
  std::unique_lock<std::mutex> lock; // the handler is one for the process
  llvm::ScopedFatalErrorHandler handler;
};

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_TARGETS_FAILUREGUARD_H
