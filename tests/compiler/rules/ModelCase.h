//===- ModelCase.h - Small models for tests of rules and optimizers -------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// A model's text, compiled as far as the fg entries, with random parameters and
// data: the entries are evaluated in f64 by the reference.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_TESTS_COMPILER_RULES_MODELCASE_H
#define FOREGRAD_TESTS_COMPILER_RULES_MODELCASE_H

#include "compiler/rules/Rule.h"
#include "dialects/fg/Evaluate.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace foregrad::compiler::test {

class ModelCase {
public:
  /// Compiles `text` with batches of 3 and applies the rule (`--rule`'s text).
  ModelCase(llvm::StringRef text, llvm::StringRef rule,
            bool externalPerturbation = false);

  /// False, and the test has failed, if the model or the rule was refused.
  bool isValid() const { return static_cast<bool>(module); }

  /// Runs more passes on the module.
  void run(llvm::function_ref<void(mlir::PassManager &)> addPasses);

  fg::EntryOp entry(llvm::StringRef name);

  /// What an entry writes, from `buffers`.
  fg::Buffers evaluate(llvm::StringRef name);

  /// The names of the parameters, in the order of the text.
  std::vector<std::string> parameters();

  /// Random parameters and inputs, labels, seed and step.
  fg::Buffers buffers;

private:
  void compile(llvm::StringRef text, llvm::StringRef rule,
               bool externalPerturbation);
  void fillBuffers();

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

/// Fails the test where two arrays differ by more than `tolerance`, relative to
/// the largest number of the first.
void expectNear(const fg::Tensor &expected, const fg::Tensor &found,
                double tolerance, const std::string &what);

/// Central differences of the number `output` of an entry by each element of
/// `buffer`.
fg::Tensor differences(ModelCase &model, llvm::StringRef entry,
                       const std::string &output, const std::string &buffer);

} // namespace foregrad::compiler::test

#endif // FOREGRAD_TESTS_COMPILER_RULES_MODELCASE_H
