//===- LgFgA.cpp - Local greedy forward gradients, activities perturbed ---===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// `lg-fg-a`, the paper's rule (Ren et al. 2023, sections 3 and 4): every block
// learns from its own replicated loss L_b by forward mode, with its sites
// perturbed; no derivative crosses a block's border.
//
// One forward sweep carries primal and tangent; at each site the perturbation u
// is added to the tangent. A unit then takes the loss tangents of all copies
// that it can influence, s, and estimates its own gradient as
//
//   dz = s u m / directions      (m: where the nonlinearity has a slope)
//
// From dz the exact VJP leads to the layer's own weights.
//
//===----------------------------------------------------------------------===//

#include "compiler/rules/Forward.h"
#include "compiler/rules/Rule.h"

using namespace mlir;

namespace foregrad::compiler {

static LogicalResult apply(GradientEntry &entry) {
  return learnFromOwnParts(entry, byActivities, Change::Tangent);
}

const RuleInfo lgFgARule = {
    "lg-fg-a",
    "replicated local losses, forward mode, activities perturbed (the paper's)",
    /*perturbs=*/true, /*estimates=*/"lg-bp", apply};

} // namespace foregrad::compiler
