//===- AdamStep.cpp - The step that Adam and AdamW share ------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/optimizers/AdamStep.h"

using namespace mlir;

namespace foregrad::compiler {

Value writeAdamStep(UpdateBuilder &update, Value gradient) {
  auto average = [&](Value before, Value beta, Value now) {
    return update.add(update.mul(before, beta),
                      update.mul(now, update.sub(update.one(), beta)));
  };
  /// The state `name` averages `value`; returns it and the sum of its weights.
  auto averageOf = [&](StringRef name, StringRef beta, Value value) {
    Value share = update.hyper(beta);
    Value mean = average(update.state(name), share, value);
    update.setState(name, mean);
    Value weight = update.counter((name + "_weight").str(), [&](Value before) {
      return average(before, share, update.one());
    });
    return std::pair(mean, weight);
  };
  auto [mean, meanWeight] = averageOf("mean", "beta1", gradient);
  auto [square, squareWeight] =
      averageOf("square", "beta2", update.mul(gradient, gradient));
  Value size = update.div(update.rate(), meanWeight);
  Value scale = update.div(update.one(), update.sqrt(squareWeight));
  Value deviation = update.add(update.mul(update.sqrt(square), scale),
                               update.hyper("epsilon"));
  return update.mul(update.div(mean, deviation), size);
}

} // namespace foregrad::compiler
