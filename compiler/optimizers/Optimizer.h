//===- Optimizer.h - What makes a step from a gradient --------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// An optimizer writes the update of one parameter with fg ops. It is one file
// and a line in `allOptimizers`; its numbers, which recipes and runs can set,
// are a table in dialects/fg/Optimizers.h.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_OPTIMIZERS_OPTIMIZER_H
#define FOREGRAD_COMPILER_OPTIMIZERS_OPTIMIZER_H

#include "dialects/fg/Fg.h"
#include "dialects/fg/Optimizers.h"
#include "mlir/Pass/Pass.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <memory>

namespace foregrad::compiler {

/// Writes one parameter's update. All values have the parameter's axes but the
/// numbers that `hyper`, `counter` and `rate` give, which have none.
class UpdateBuilder {
public:
  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::Value parameter;
  mlir::Value gradient; // of the mean loss, without decay
  bool decays;          // a weight; what is done to weights only applies

  /// A hyperparameter by name (`momentum`).
  llvm::function_ref<mlir::Value(llvm::StringRef)> hyper;
  /// The state `PATH.name` before the step, zero at the start.
  llvm::function_ref<mlir::Value(llvm::StringRef)> state;
  /// Sets the state `PATH.name` for the next step.
  llvm::function_ref<void(llvm::StringRef, mlir::Value)> setState;
  /// One number of all parameters together, kept as the state
  /// `optimizer.name`, zero at the start: `next` makes its value after the step
  /// from that before it, and is called for the first parameter only. Returns
  /// the value after the step.
  llvm::function_ref<mlir::Value(
      llvm::StringRef, llvm::function_ref<mlir::Value(mlir::Value)> next)>
      counter;
  /// The rate, multiplied by the parameter's rate group.
  llvm::function_ref<mlir::Value()> rate;

  // Arithmetic; an operand is repeated along the axes that it lacks.
  mlir::Value add(mlir::Value lhs, mlir::Value rhs);
  mlir::Value sub(mlir::Value lhs, mlir::Value rhs);
  mlir::Value mul(mlir::Value lhs, mlir::Value rhs);
  /// `lhs` has all axes of `rhs`.
  mlir::Value div(mlir::Value lhs, mlir::Value rhs);
  mlir::Value sqrt(mlir::Value value);
  /// 1, without axes.
  mlir::Value one();

  /// The gradient, plus `weight_decay` times the parameter where it decays:
  /// that of the loss with the penalty weight_decay/2 |w|^2.
  mlir::Value decayedGradient();
};

struct OptimizerInfo {
  const fg::OptimizerOptions &options;
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

/// `--fg-read-bytes`: lets the entries that datasets feed take an input's
/// bytes.
std::unique_ptr<mlir::Pass> createReadBytesPass();

void registerEntryPasses();

// One for each optimizer's file.
extern const OptimizerInfo sgdOptimizer;
extern const OptimizerInfo adamOptimizer;
extern const OptimizerInfo adamWOptimizer;
extern const OptimizerInfo larsOptimizer;

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_OPTIMIZERS_OPTIMIZER_H
