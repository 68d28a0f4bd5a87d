//===- LgFa.cpp - Local greedy feedback alignment -------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// `lg-fa`: as `lg-bp`, with errors sent back through fixed random arrays
// (Fa.cpp).
//
//===----------------------------------------------------------------------===//

#include "compiler/rules/Reverse.h"
#include "compiler/rules/Rule.h"

using namespace mlir;

namespace foregrad::compiler {

static LogicalResult apply(GradientEntry &entry) {
  return learnFromOwnLosses(entry, Path::Feedback);
}

const RuleInfo lgFaRule = {
    "lg-fa", "own local loss, fixed random feedback within the block",
    /*perturbs=*/false, /*estimates=*/"lg-bp", apply};

} // namespace foregrad::compiler
