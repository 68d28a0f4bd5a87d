//===- Sgd.cpp - Stochastic gradient descent with momentum ----------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
//   v <- momentum v + (g + weight_decay w)
//   w <- w - rate v
//
// as PyTorch's SGD without dampening: the rate is outside of the velocity, so a
// change of the rate acts at once.
//
//===----------------------------------------------------------------------===//

#include "compiler/optimizers/Optimizer.h"

using namespace mlir;

namespace foregrad::compiler {

static Value updateSgd(UpdateBuilder &update) {
  Value gradient = update.decayedGradient();
  Value velocity = update.add(
      update.mul(update.state("momentum"), update.hyper("momentum")), gradient);
  update.setState("momentum", velocity);
  return update.sub(update.parameter, update.mul(velocity, update.rate()));
}

const OptimizerInfo sgdOptimizer = {fg::kSgd, updateSgd};

} // namespace foregrad::compiler
