//===- RowCases.h - Programs to compile and compare -------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_TESTS_COMPILER_LOWERING_ROWS_ROWCASES_H
#define FOREGRAD_TESTS_COMPILER_LOWERING_ROWS_ROWCASES_H

#include <string>
#include <vector>

namespace foregrad::test {

/// A function `main` on memrefs; `$T` stands for f32 or f64.
struct RowCase {
  std::string name;
  std::string source;
};

const std::vector<RowCase> &rowCases();

} // namespace foregrad::test

#endif // FOREGRAD_TESTS_COMPILER_LOWERING_ROWS_ROWCASES_H
