//===- AdamW.cpp - Adam, decay beside the gradient ------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
//   w <- w - rate weight_decay w - adam(g)
//
// with the step of AdamStep.h: torch.optim.AdamW (Loshchilov and Hutter, 2019).
//
//===----------------------------------------------------------------------===//

#include "compiler/optimizers/AdamStep.h"

using namespace mlir;

namespace foregrad::compiler {

static Value updateAdamW(UpdateBuilder &update) {
  Value step = writeAdamStep(update, update.gradient);
  Value parameter = update.parameter;
  if (update.decays) {
    Value share = update.mul(update.rate(), update.hyper("weight_decay"));
    parameter = update.sub(parameter, update.mul(parameter, share));
  }
  return update.sub(parameter, step);
}

const OptimizerInfo adamWOptimizer = {fg::kAdamW, updateAdamW};

} // namespace foregrad::compiler
