//===- Lars.cpp - Layer-wise adaptive rate scaling ------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// For a weight,
//
//   u = g + weight_decay w
//   ratio = trust_coefficient |w| / (|u| + epsilon), 1 where a norm is 0
//   v <- momentum v + rate ratio u
//   w <- w - v
//
// and for a bias the same with u = g and ratio = 1: optax.lars, masked to
// weights (You, Gitman and Ginsburg, 2017). The rate is inside of the velocity.
//
//===----------------------------------------------------------------------===//

#include "compiler/optimizers/Optimizer.h"

using namespace mlir;

namespace foregrad::compiler {

/// The Euclidean norm of all elements. Summed in two steps, of which the first
/// is parallel over the outermost axis.
static Value writeNorm(UpdateBuilder &update, Value value) {
  SmallVector<StringRef> inner;
  for (fg::AxisAttr axis : fg::arrayType(value).getAxes())
    inner.push_back(axis.getName().getValue());
  Value sum = update.mul(value, value);
  if (inner.size() > 1)
    sum = fg::SumOp::create(update.builder, update.loc, sum,
                            ArrayRef<StringRef>(inner).drop_front());
  if (!inner.empty())
    sum = fg::SumOp::create(update.builder, update.loc, sum,
                            ArrayRef<StringRef>(inner).take_front());
  return update.sqrt(sum);
}

/// The trust ratio of a weight and its decayed gradient.
static Value writeTrustRatio(UpdateBuilder &update, Value gradient) {
  Value weightNorm = writeNorm(update, update.parameter);
  Value gradientNorm = writeNorm(update, gradient);
  auto positive = [&](Value norm) -> Value {
    return fg::PositiveOp::create(update.builder, update.loc, norm.getType(),
                                  norm);
  };
  // 1 where the ratio holds; where it does not, the divisor is kept from zero
  // and the quotient is left out.
  Value holds = update.mul(positive(weightNorm), positive(gradientNorm));
  Value fails = update.sub(update.one(), holds);
  Value divisor =
      update.add(update.add(gradientNorm, update.hyper("epsilon")), fails);
  Value ratio = update.div(
      update.mul(update.hyper("trust_coefficient"), weightNorm), divisor);
  return update.add(update.mul(holds, ratio), fails);
}

static Value updateLars(UpdateBuilder &update) {
  Value gradient = update.decayedGradient();
  Value rate = update.rate();
  if (update.decays)
    rate = update.mul(rate, writeTrustRatio(update, gradient));
  Value velocity =
      update.add(update.mul(update.state("momentum"), update.hyper("momentum")),
                 update.mul(gradient, rate));
  update.setState("momentum", velocity);
  return update.sub(update.parameter, velocity);
}

const OptimizerInfo larsOptimizer = {fg::kLars, updateLars};

} // namespace foregrad::compiler
