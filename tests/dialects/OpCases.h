//===- OpCases.h - Small programs, one for each op --------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Each program is an entry that reads its operands ("a", "b"), applies the op
// that carries the attribute `test` and writes the result ("r"). The tests of
// derivatives, of axis dependences and of lowering run over all of them.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_TESTS_DIALECTS_OPCASES_H
#define FOREGRAD_TESTS_DIALECTS_OPCASES_H

#include "dialects/fg/Evaluate.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include <ostream>
#include <random>
#include <string>
#include <vector>

namespace foregrad::fg::test {

struct OpCase {
  std::string name;
  std::string program; // f64 everywhere

  friend std::ostream &operator<<(std::ostream &out, const OpCase &op) {
    return out << op.name;
  }
};

/// Programs whose tested op is differentiable.
const std::vector<OpCase> &differentiableCases();

/// Programs of the other ops.
const std::vector<OpCase> &otherCases();

/// Parses a program (verified), or fails the test and returns null.
mlir::OwningOpRef<mlir::ModuleOp> parse(mlir::MLIRContext &context,
                                        llvm::StringRef program);

/// Random content for each buffer that the entry reads: normal numbers, labels
/// below 3, seed and step.
Buffers randomBuffers(EntryOp entry, std::mt19937_64 &random);

/// A random array of the type.
Tensor randomTensor(ArrayType type, std::mt19937_64 &random);

} // namespace foregrad::fg::test

#endif // FOREGRAD_TESTS_DIALECTS_OPCASES_H
