//===- Influence.h - Which copies of a loss an activation reaches ---------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// A replicated loss has one copy for each sample and each index of the axes
// `per`. An activity rule lets a unit learn from those copies only that it can
// influence: leaving out the others changes no mean, it lowers the variance.
// Which they are is read off the ops between the unit and the loss (traceAxis),
// so nothing here knows a layer by name.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_RULES_INFLUENCE_H
#define FOREGRAD_COMPILER_RULES_INFLUENCE_H

#include "compiler/rules/Sweep.h"

namespace foregrad::compiler {

class Influence {
public:
  /// `ops` compute `lossInput` and must outlive this; the loss that looks at
  /// it has copies along `per`.
  Influence(llvm::ArrayRef<mlir::Operation *> operations, mlir::Value lossInput,
            llvm::ArrayRef<llvm::StringRef> per);

  /// True if the loss depends on the activation at all.
  bool reaches(mlir::Value activation) const;

  /// True if some way from `value` to the loss passes no nonlinearity, so that
  /// nothing is perturbed on it.
  bool avoidsSites(mlir::Value value) const {
    return withoutSites.contains(value);
  }

  /// For each element of `activation`, the sum of the loss tangents (`[...,
  /// batch, per...]`) of the copies that it reaches. The result has axes of the
  /// activation only, and those in front of `batch`; it lacks those along which
  /// it is the same everywhere.
  mlir::Value createSum(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value lossTangents, mlir::Value activation) const;

  /// How many elements of `activation` act on one copy of the loss.
  int64_t countUnits(mlir::Value activation) const;

  /// `fg.orthogonal_rows` whose columns, from `offset` of `frame` on, are the
  /// elements of `activation` that act on one copy: the same for every copy.
  /// `[#direction, ...]`, with axes of the activation.
  mlir::Value createRows(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::Value activation, int64_t directions,
                         int64_t offset, int64_t frame) const;

  /// For each parameter among `parameters`, the sum of the loss tangents of the
  /// copies that it learns from under a rule that perturbs weights (Weights
  /// belong to all samples and to all places that share them.):
  /// - an output unit of a layer hears the copies that the layer's activation
  ///   of this unit reaches, statistics of the layer's own norm left aside;
  /// - a layer that mixes the copies along an axis (its input has that axis,
  /// and
  ///   each output depends on all of it) hears all copies along it.
  /// The result has axes of the parameter, and those in front of `batch`.
  mlir::Value createSumForParameter(mlir::OpBuilder &builder,
                                    mlir::Location loc,
                                    mlir::Value lossTangents,
                                    mlir::Value parameter) const;

private:
  using Parts = llvm::DenseMap<mlir::Value, std::optional<fg::AxisPart>>;
  using CopyParts = llvm::SmallVector<std::optional<fg::AxisPart>>;

  /// Along what each copy axis runs in an activation.
  CopyParts partsOf(mlir::Value activation) const;
  /// ... and in a parameter.
  CopyParts partsOfParameter(mlir::Value parameter) const;
  mlir::Value createSumAlong(mlir::OpBuilder &builder, mlir::Location loc,
                             mlir::Value lossTangents, fg::ArrayType type,
                             const CopyParts &along) const;

  llvm::ArrayRef<mlir::Operation *> ops;
  llvm::SmallVector<llvm::StringRef> copyAxes; // batch, then per
  llvm::SmallVector<Parts> parts;              // one for each copy axis
  llvm::DenseSet<mlir::Value> withoutSites;
};

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_RULES_INFLUENCE_H
