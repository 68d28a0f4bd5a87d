//===- Primal.h - A model's forward computation inside of an entry --------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Writes the primal of a model into an entry as a straight line of ops and
// keeps the record of which ops belong to which block, local loss and readout:
// all that a rule needs to place its sweeps.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_RULES_PRIMAL_H
#define FOREGRAD_COMPILER_RULES_PRIMAL_H

#include "dialects/fg/Fg.h"
#include "llvm/ADT/MapVector.h"
#include <string>
#include <vector>

namespace foregrad::compiler {

/// A parameter that an entry reads.
struct ParameterUse {
  fg::ParameterOp declaration; // in the model
  mlir::Value value;           // read in the entry
};

/// A head: a local loss or the readout.
struct Head {
  mlir::Operation *declaration = nullptr; // fg.loss or fg.predict in the model
  std::string name;
  llvm::SmallVector<mlir::Operation *> ops; // in the entry
  llvm::SmallVector<ParameterUse> parameters;
  mlir::Value input;  // the array that the head looks at
  mlir::Value losses; // [batch]
  mlir::Value logits; // [batch, class]; readout only
};

/// A block, or the ops between blocks (`declaration` is null then).
struct Segment {
  fg::BlockOp declaration;
  llvm::SmallVector<mlir::Operation *> ops; // in the entry, heads not included
  llvm::SmallVector<ParameterUse> parameters;
  llvm::SmallVector<mlir::Value> inputs; // activations that enter
  std::vector<Head> losses;              // one at most for now
};

class Primal {
public:
  /// Writes the primal of `model` at the builder's place. `withLosses`: local
  /// losses and the readout's loss too (entries without labels leave them out).
  static mlir::FailureOr<Primal> write(mlir::OpBuilder &builder,
                                       fg::ModelOp model, bool withLosses);

  /// In the order in which they run.
  std::vector<Segment> segments;
  Head readout;
  int64_t batch = 1;

  /// All ops of all segments, in order.
  llvm::SmallVector<mlir::Operation *> bodyOps() const;
  /// All parameters: of the segments, their heads and the readout, each path
  /// once, in the order of the model's text.
  llvm::SmallVector<ParameterUse> parameters() const;

private:
  class Writer;
};

/// The parameters of a model in the order of its text, each path once.
llvm::SmallVector<fg::ParameterOp> collectParameters(fg::ModelOp model);

/// 1 / batch for each sample: the cotangent of the losses under their batch
/// mean.
mlir::Value createMeanWeight(mlir::OpBuilder &builder, mlir::Location loc,
                             const Primal &primal);

/// The mean of a [batch] array, a number.
mlir::Value createBatchMean(mlir::OpBuilder &builder, mlir::Location loc,
                            mlir::Value perSample);

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_RULES_PRIMAL_H
