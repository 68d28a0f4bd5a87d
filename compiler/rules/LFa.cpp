//===- LFa.cpp - Feedback alignment from all local losses -----------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// `l-fa`: as `l-bp`, with errors sent back through fixed random arrays
// (Fa.cpp).
//
//===----------------------------------------------------------------------===//

#include "compiler/rules/Reverse.h"
#include "compiler/rules/Rule.h"

using namespace mlir;

namespace foregrad::compiler {

static LogicalResult apply(GradientEntry &entry) {
  return learnFromAllLosses(entry, Path::Feedback);
}

const RuleInfo lFaRule = {
    "l-fa", "local losses, fixed random feedback through all blocks",
    /*perturbs=*/false, /*estimates=*/"l-bp", apply};

} // namespace foregrad::compiler
