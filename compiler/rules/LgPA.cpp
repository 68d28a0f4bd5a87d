//===- LgPA.cpp - Local greedy activity perturbation ----------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// `lg-p-a`: as `lg-fg-a`, with the loss change of a finite step in place of its
// tangent. The step is taken once, along all perturbations of all blocks.
//
//===----------------------------------------------------------------------===//

#include "compiler/rules/Forward.h"
#include "compiler/rules/Rule.h"

using namespace mlir;

namespace foregrad::compiler {

static LogicalResult apply(GradientEntry &entry) {
  return learnFromOwnParts(entry, byActivities, Change::FiniteStep);
}

const RuleInfo lgPARule = {
    "lg-p-a",
    "replicated local losses, finite difference, activities perturbed",
    /*perturbs=*/true,
    /*estimates=*/"lg-bp",
    apply,
    /*roundingGain=*/1.0 / kFiniteStep};

} // namespace foregrad::compiler
