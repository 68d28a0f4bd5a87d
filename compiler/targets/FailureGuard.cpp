//===- FailureGuard.cpp - LLVM's fatal errors as errors -------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/FailureGuard.h"

#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/raw_ostream.h"

namespace foregrad::compiler {

static std::mutex oneAtATime;
/// Of the work that runs on this thread, or null.
static thread_local std::string *reasonHere = nullptr;

/// Leaves the work at once: behind this, LLVM would exit for some errors, which
/// nothing could hold back.
static void onFatalError(void *, const char *reason, bool) {
  llvm::CrashRecoveryContext *recovery =
      llvm::CrashRecoveryContext::GetCurrent();
  if (!reasonHere || !recovery) {
    llvm::errs() << "LLVM ERROR: " << reason << '\n';
    return;
  }
  reasonHere->append("\n").append(reason);
  recovery->HandleExit(1);
}

FailureGuard::FailureGuard() : lock(oneAtATime), handler(onFatalError) {
  llvm::CrashRecoveryContext::Enable();
}

FailureGuard::~FailureGuard() { llvm::CrashRecoveryContext::Disable(); }

bool FailureGuard::run(std::string &reason,
                       llvm::function_ref<void()> work) const {
  reasonHere = &reason;
  bool returned = llvm::CrashRecoveryContext().RunSafely(work);
  reasonHere = nullptr;
  return returned;
}

} // namespace foregrad::compiler
