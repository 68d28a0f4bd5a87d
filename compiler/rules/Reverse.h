//===- Reverse.h - Learning from errors that are sent back ----------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// What the reverse-mode rules share: which losses the blocks learn from, and
// whether errors go through the weights (backpropagation) or through fixed
// random arrays in their place (feedback alignment).
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_RULES_REVERSE_H
#define FOREGRAD_COMPILER_RULES_REVERSE_H

#include "compiler/rules/GradientEntry.h"

namespace foregrad::compiler {

/// What errors pass on their way back.
enum class Path { Weights, Feedback };

/// Everything learns from the readout's loss; local heads take no part.
mlir::LogicalResult learnFromReadout(GradientEntry &entry, Path path);

/// Blocks learn from the losses of all blocks behind them and their own; the
/// readout learns alone.
mlir::LogicalResult learnFromAllLosses(GradientEntry &entry, Path path);

/// Every block learns from its own loss; no error crosses its border.
mlir::LogicalResult learnFromOwnLosses(GradientEntry &entry, Path path);

/// It is an error if a part of the model that has parameters has no loss of its
/// own.
mlir::LogicalResult checkOwnLosses(GradientEntry &entry);

/// Stands in for weights where errors pass: for each parameter `PATH.weight`
/// the fixed array `PATH.feedback.weight` of its shape, drawn as weights are.
class FeedbackWeights {
public:
  explicit FeedbackWeights(GradientEntry &entry);

  /// What stands for a value that is made of parameters only; null for others.
  mlir::Value operator()(mlir::Value value);

private:
  GradientEntry &entry;
  llvm::DenseMap<mlir::Value, fg::ParameterOp> parameters;
  llvm::DenseMap<mlir::Value, mlir::Value> known;
};

/// The deviation that the language gives to a weight that does not start as
/// zero: min(2 / sqrt(inputs), 0.1), where `inputs` is the size of the axis
/// before the last.
double defaultDeviation(fg::ArrayType weight);

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_RULES_REVERSE_H
