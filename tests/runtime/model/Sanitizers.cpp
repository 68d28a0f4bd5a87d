//===- Sanitizers.cpp - What LeakSanitizer need not report ----------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

/// LLVM's OpenMP keeps memory of the threads that a team no longer has; only
/// tests make teams of several sizes in one process.
extern "C" const char *__lsan_default_suppressions();
extern "C" const char *__lsan_default_suppressions() { return "leak:libomp"; }
