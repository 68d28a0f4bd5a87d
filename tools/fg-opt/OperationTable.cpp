//===- OperationTable.cpp - What each op of the dialect has ---------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "tools/fg-opt/OperationTable.h"
#include "dialects/fg/Fg.h"
#include "mlir/IR/MLIRContext.h"

using namespace mlir;

namespace foregrad::fg {

static constexpr llvm::StringLiteral kHeader =
    R"(# Operations

What each operation of the dialect has. The table is what `fg-opt --operations` prints, and a test compares the two: it is
asked of the operations' interfaces, not written by hand.

| column | means |
|---|---|
| tangent | derivatives are carried forward through it (JVP); forward rules need it of all they pass |
| cotangent | derivatives are carried back through it (VJP); reverse rules, heads and the readout need it |
| site | a nonlinearity: here activations are perturbed |
| CPU | it becomes loops, and then native code |
| reference | it evaluates itself in f64 |

A rule that meets an operation without what the rule needs refuses at the model's line. An operation that a model may hold has all
of it, or it does not build (`Fg_DifferentiableOp`); the others stand in learning steps only.
)";

static const char *mark(bool has) { return has ? "yes" : "-"; }

void printOperationTable(llvm::raw_ostream &out) {
  MLIRContext context;
  context.loadDialect<FgDialect>();
  // By name: the order of registration says nothing to a reader.
  auto operations = llvm::to_vector(context.getRegisteredOperationsByDialect(
      FgDialect::getDialectNamespace()));
  llvm::sort(operations, [](OperationName a, OperationName b) {
    return a.getStringRef() < b.getStringRef();
  });
  out << kHeader
      << "\n| operation | tangent | cotangent | site | CPU | "
         "reference |\n|---|---|---|---|---|---|\n";
  llvm::SmallVector<llvm::StringRef> structure;
  for (RegisteredOperationName operation : operations) {
    bool computes = operation.hasInterface<ComputeOpInterface>();
    bool differentiable = operation.hasInterface<DifferentiableOpInterface>();
    if (!computes && !differentiable) {
      structure.push_back(operation.getStringRef());
      continue;
    }
    out << "| `" << operation.getStringRef() << "` | " << mark(differentiable)
        << " | " << mark(differentiable) << " | "
        << mark(operation.hasInterface<SiteOpInterface>()) << " | "
        << mark(computes) << " | " << mark(computes) << " |\n";
  }
  out << "\nThe rest compute no arrays: they say what a model or a step is "
         "made "
         "of, or stand in loop bodies, or\nare replaced before there is "
         "code.\n\n";
  for (auto [number, name] : llvm::enumerate(structure))
    out << (number ? ",\n" : "") << "`" << name << "`";
  out << ".\n";
}

} // namespace foregrad::fg
