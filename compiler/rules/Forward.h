//===- Forward.h - Learning from the effect of perturbations --------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// What the perturbing rules share. They differ in three choices: which part of
// the model learns from which loss, what is perturbed (activities or weights),
// and how the change of the loss is found (its tangent, or a finite step).
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_RULES_FORWARD_H
#define FOREGRAD_COMPILER_RULES_FORWARD_H

#include "compiler/rules/GradientEntry.h"
#include "compiler/rules/Influence.h"

namespace foregrad::compiler {

/// What learns together from one loss.
struct Part {
  llvm::SmallVector<mlir::Operation *> ops; // from the inputs to the loss's
  llvm::SmallVector<ParameterUse> parameters;
  const Head *head = nullptr;
  llvm::SmallVector<llvm::StringRef> per; // axes of its copies
};

/// The directions: by nonlinearity and by parameter (its read). Each array has
/// the axes of what it perturbs, with `#direction` in front if there are
/// several.
struct Directions {
  llvm::MapVector<mlir::Operation *, mlir::Value> sites;
  llvm::MapVector<mlir::Value, mlir::Value> parameters;
};

/// u m: the perturbation of a site where its nonlinearity has a slope.
/// Elsewhere it has no part in a tangent nor in the estimate, and both take
/// this product: merged later, it is made once, and u itself is not kept.
mlir::Value createSupported(mlir::OpBuilder &builder, fg::SiteOpInterface site,
                            mlir::Value perturbation);

/// How much the loss of each copy changes along the directions to first order,
/// times 1 / batch: `[#direction?, batch, per...]`, by one forward sweep. What
/// enters the part is constant. Null if the loss does not depend on them.
mlir::FailureOr<mlir::Value> tangentOfLosses(GradientEntry &entry,
                                             const Part &part,
                                             const Directions &directions);

/// The step of the paper's perturbation rules.
inline constexpr double kFiniteStep = 1e-3;

/// The model computed once more, a finite step along all directions at once:
/// (L(x + e u) - L(x)) / e with e = kFiniteStep in place of tangents. The step
/// passes from block to block, and every copy of a loss sees all of it.
class FiniteStep {
public:
  FiniteStep(GradientEntry &entry, llvm::ArrayRef<Directions> directions);

  /// As `tangentOfLosses`.
  mlir::Value changeOf(const Part &part);

private:
  GradientEntry &entry;
  DerivativeMap moved;
};

/// How the change of a loss is found.
enum class Change { Tangent, FiniteStep };

/// What is perturbed, and what a part makes of the change of its loss.
struct Method {
  mlir::FailureOr<Directions> (*perturb)(GradientEntry &, const Part &);
  mlir::LogicalResult (*estimate)(GradientEntry &, const Part &,
                                  const Directions &, mlir::Value changes);
};

/// Perturbs the operands of nonlinearities; each unit takes its own
/// perturbation times the change of the losses that it reaches for its error,
/// which then leads to its layer's weights exactly.
extern const Method byActivities;

/// Perturbs the parameters; each takes its own perturbation times the change of
/// the losses for its gradient.
extern const Method byWeights;

/// Every block learns from its own loss with all its copies.
mlir::LogicalResult learnFromOwnParts(GradientEntry &entry,
                                      const Method &method, Change change);

/// All blocks learn from the readout's loss, one copy for each sample.
mlir::LogicalResult learnFromWholeModel(GradientEntry &entry,
                                        const Method &method, Change change);

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_RULES_FORWARD_H
