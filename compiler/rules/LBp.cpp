//===- LBp.cpp - Backpropagation from all local losses --------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// `l-bp`: blocks learn from the sum of all mean local losses by one reverse
// sweep; errors cross the borders of blocks. The readout learns from its own
// loss, which sends nothing into the blocks.
//
//===----------------------------------------------------------------------===//

#include "compiler/rules/Reverse.h"
#include "compiler/rules/Rule.h"

using namespace mlir;

namespace foregrad::compiler {

static LogicalResult apply(GradientEntry &entry) {
  return learnFromAllLosses(entry, Path::Weights);
}

const RuleInfo lBpRule = {"l-bp",
                          "local losses, reverse mode through all blocks",
                          /*perturbs=*/false, /*estimates=*/"", apply};

} // namespace foregrad::compiler
