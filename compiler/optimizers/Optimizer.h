//===- Optimizer.h - What makes a step from a gradient --------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// An optimizer writes the update of one parameter with fg ops. It is one file
// and a line in `allOptimizers`; its numbers are hyperparameters that a run can
// change.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_OPTIMIZERS_OPTIMIZER_H
#define FOREGRAD_COMPILER_OPTIMIZERS_OPTIMIZER_H

#include "dialects/fg/Fg.h"
#include "mlir/Pass/Pass.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <memory>

namespace foregrad::compiler {

/// Writes one parameter's update. All values have the parameter's axes but the
/// numbers that `hyper` gives, which have none.
class UpdateBuilder {
public:
  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::Value parameter;
  mlir::Value gradient; // of the mean loss, without decay
  bool decays;          // weight decay applies to this parameter

  /// A hyperparameter by name (`momentum`).
  llvm::function_ref<mlir::Value(llvm::StringRef)> hyper;
  /// The state `PATH.name` before the step, zero at the start.
  llvm::function_ref<mlir::Value(llvm::StringRef)> state;
  /// Sets the state `PATH.name` for the next step.
  llvm::function_ref<void(llvm::StringRef, mlir::Value)> setState;
  /// The rate, multiplied by the parameter's rate group.
  llvm::function_ref<mlir::Value()> rate;
};

struct HyperInfo {
  llvm::StringRef name;
  double value; // default
  llvm::StringRef help;
};

struct OptimizerInfo {
  llvm::StringRef name;
  llvm::ArrayRef<HyperInfo>
      hypers; // `rate` is every optimizer's and not listed
  /// Returns the parameter after the step.
  mlir::Value (*update)(UpdateBuilder &);
};

llvm::ArrayRef<OptimizerInfo> allOptimizers();
const OptimizerInfo *findOptimizer(llvm::StringRef name);

/// `--fg-write-step{optimizer=NAME}`: from the entry `gradient` writes the
/// entry `step`, which updates parameters and state instead of giving the
/// gradients.
std::unique_ptr<mlir::Pass> createWriteStepPass(llvm::StringRef optimizer);

/// `--fg-write-entries`: writes `init`, `eval` and `predict` from the model.
std::unique_ptr<mlir::Pass> createWriteEntriesPass();

void registerEntryPasses();

// One for each optimizer's file.
extern const OptimizerInfo sgdOptimizer;

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_OPTIMIZERS_OPTIMIZER_H
