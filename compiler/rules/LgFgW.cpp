//===- LgFgW.cpp - Local greedy forward gradients, weights perturbed ------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// `lg-fg-w`: every block learns from its own replicated loss by forward mode
// with a direction V over its parameters: dW = s V. A layer's output units hear
// the copies that belong to them (Influence.h); since norms mix groups that
// this leaves apart, it is not the exact gradient on average where a norm runs
// over several groups.
//
//===----------------------------------------------------------------------===//

#include "compiler/rules/Forward.h"
#include "compiler/rules/Rule.h"

using namespace mlir;

namespace foregrad::compiler {

static LogicalResult apply(GradientEntry &entry) {
  return learnFromOwnParts(entry, byWeights, Change::Tangent);
}

const RuleInfo lgFgWRule = {
    "lg-fg-w", "replicated local losses, forward mode, weights perturbed",
    /*perturbs=*/true, /*estimates=*/"lg-bp", apply};

} // namespace foregrad::compiler
