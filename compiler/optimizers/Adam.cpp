//===- Adam.cpp - Adam, decay as part of the gradient ---------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
//   w <- w - adam(g + weight_decay w)
//
// with the step of AdamStep.h: torch.optim.Adam.
//
//===----------------------------------------------------------------------===//

#include "compiler/optimizers/AdamStep.h"

using namespace mlir;

namespace foregrad::compiler {

static Value updateAdam(UpdateBuilder &update) {
  Value step = writeAdamStep(update, update.decayedGradient());
  return update.sub(update.parameter, step);
}

const OptimizerInfo adamOptimizer = {fg::kAdam, updateAdam};

} // namespace foregrad::compiler
