//===- Bp.cpp - Backpropagation -------------------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// `bp`: everything learns from the readout's loss by one reverse sweep through
// all blocks. Local heads take no part: their gradients are zero, and a step
// does not compute them.
//
//===----------------------------------------------------------------------===//

#include "compiler/rules/Reverse.h"
#include "compiler/rules/Rule.h"

using namespace mlir;

namespace foregrad::compiler {

static LogicalResult apply(GradientEntry &entry) {
  return learnFromReadout(entry, Path::Weights);
}

const RuleInfo bpRule = {"bp", "backpropagation: readout loss, reverse mode",
                         /*perturbs=*/false, /*estimates=*/"", apply};

} // namespace foregrad::compiler
