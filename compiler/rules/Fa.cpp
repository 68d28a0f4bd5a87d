//===- Fa.cpp - Feedback alignment ----------------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// `fa`: as `bp`, but every linear layer sends its error back through a fixed
// random array of its weight's shape (Lillicrap et al., Nature Communications
// 7, 2016). The gradient of a weight, given the error at its output, is exact.
//
//===----------------------------------------------------------------------===//

#include "compiler/rules/Reverse.h"
#include "compiler/rules/Rule.h"

using namespace mlir;

namespace foregrad::compiler {

static LogicalResult apply(GradientEntry &entry) {
  return learnFromReadout(entry, Path::Feedback);
}

const RuleInfo faRule = {
    "fa", "feedback alignment: readout loss, fixed random feedback",
    /*perturbs=*/false, /*estimates=*/"bp", apply};

} // namespace foregrad::compiler
