//===- LgBp.cpp - Local greedy backpropagation ----------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// `lg-bp`: each block learns from its own loss by a reverse sweep that ends at
// its border. It is what the local greedy forward gradients estimate.
//
//===----------------------------------------------------------------------===//

#include "compiler/rules/Reverse.h"
#include "compiler/rules/Rule.h"

using namespace mlir;

namespace foregrad::compiler {

static LogicalResult apply(GradientEntry &entry) {
  return learnFromOwnLosses(entry, Path::Weights);
}

const RuleInfo lgBpRule = {"lg-bp",
                           "own local loss, reverse mode within the block",
                           /*perturbs=*/false, /*estimates=*/"", apply};

} // namespace foregrad::compiler
