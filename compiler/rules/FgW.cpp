//===- FgW.cpp - Forward gradients, weights perturbed ---------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// `fg-w`: all blocks learn from the readout's loss by forward mode with one
// direction V over all their parameters: dW = s V, s the tangent of the mean
// loss (Baydin et al. 2022, Gradients without backpropagation).
//
//===----------------------------------------------------------------------===//

#include "compiler/rules/Forward.h"
#include "compiler/rules/Rule.h"

using namespace mlir;

namespace foregrad::compiler {

static LogicalResult apply(GradientEntry &entry) {
  return learnFromWholeModel(entry, byWeights, Change::Tangent);
}

const RuleInfo fgWRule = {"fg-w",
                          "readout loss, forward mode, weights perturbed",
                          /*perturbs=*/true, /*estimates=*/"bp", apply};

} // namespace foregrad::compiler
