//===- TestPasses.h - Passes that only tests use ----------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_TESTS_DIALECTS_FG_LIB_TESTPASSES_H
#define FOREGRAD_TESTS_DIALECTS_FG_LIB_TESTPASSES_H

namespace foregrad::fg {

/// Registers `test-fg-tangent`, `test-fg-cotangent` and `test-fg-trace-axis`.
void registerTestPasses();

} // namespace foregrad::fg

#endif // FOREGRAD_TESTS_DIALECTS_FG_LIB_TESTPASSES_H
