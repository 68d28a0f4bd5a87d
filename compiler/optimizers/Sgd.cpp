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
  OpBuilder &builder = update.builder;
  Location loc = update.loc;
  auto mul = [&](Value lhs, Value rhs) -> Value {
    return fg::MulOp::create(builder, loc, lhs, rhs);
  };
  auto add = [&](Value lhs, Value rhs) -> Value {
    return fg::AddOp::create(builder, loc, lhs, rhs);
  };
  Value gradient = update.gradient;
  if (update.decays)
    gradient =
        add(gradient, mul(update.parameter, update.hyper("weight_decay")));
  Value velocity =
      add(mul(update.state("momentum"), update.hyper("momentum")), gradient);
  update.setState("momentum", velocity);
  return fg::SubOp::create(builder, loc, update.parameter,
                           mul(velocity, update.rate()));
}

static const HyperInfo sgdHypers[] = {
    {"momentum", 0.0, "share of the last step's velocity that goes on"},
    {"weight_decay", 0.0, "decay of weights (not biases)"}};

const OptimizerInfo sgdOptimizer = {"sgd", sgdHypers, updateSgd};

} // namespace foregrad::compiler
