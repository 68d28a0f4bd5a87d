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
  /// `ops` compute `lossInput`; the loss that looks at it has copies along
  /// `per`.
  Influence(llvm::ArrayRef<mlir::Operation *> ops, mlir::Value lossInput,
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

private:
  using Parts = llvm::DenseMap<mlir::Value, std::optional<fg::AxisPart>>;

  llvm::SmallVector<llvm::StringRef> copyAxes; // batch, then per
  llvm::SmallVector<Parts> parts;              // one for each copy axis
  llvm::DenseSet<mlir::Value> withoutSites;
};

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_RULES_INFLUENCE_H
