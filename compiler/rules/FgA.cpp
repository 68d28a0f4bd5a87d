//===- FgA.cpp - Forward gradients, activities perturbed ------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// `fg-a`: all blocks learn from the readout's loss by forward mode, with the
// sites of all blocks perturbed at once. A unit hears the loss tangent of its
// own sample: dz = s u m with s[n] = dl[n] / B (Ren et al. 2023, section 3.2).
//
//===----------------------------------------------------------------------===//

#include "compiler/rules/Forward.h"
#include "compiler/rules/Rule.h"

using namespace mlir;

namespace foregrad::compiler {

static LogicalResult apply(GradientEntry &entry) {
  return learnFromWholeModel(entry, byActivities, Change::Tangent);
}

const RuleInfo fgARule = {"fg-a",
                          "readout loss, forward mode, activities perturbed",
                          /*perturbs=*/true, /*estimates=*/"bp", apply};

} // namespace foregrad::compiler
