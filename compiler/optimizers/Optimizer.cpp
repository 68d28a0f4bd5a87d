//===- Optimizer.cpp - What the optimizers share --------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/optimizers/Optimizer.h"

using namespace mlir;

namespace foregrad::compiler {

ArrayRef<OptimizerInfo> allOptimizers() {
  static const OptimizerInfo optimizers[] = {sgdOptimizer, adamOptimizer,
                                             adamWOptimizer, larsOptimizer};
  return optimizers;
}

const OptimizerInfo *findOptimizer(StringRef name) {
  for (const OptimizerInfo &optimizer : allOptimizers())
    if (optimizer.options.name == name)
      return &optimizer;
  return nullptr;
}

Value UpdateBuilder::add(Value lhs, Value rhs) {
  return fg::AddOp::create(builder, loc, lhs, rhs);
}

Value UpdateBuilder::sub(Value lhs, Value rhs) {
  return fg::SubOp::create(builder, loc, lhs, rhs);
}

Value UpdateBuilder::mul(Value lhs, Value rhs) {
  return fg::MulOp::create(builder, loc, lhs, rhs);
}

Value UpdateBuilder::div(Value lhs, Value rhs) {
  return fg::DivOp::create(builder, loc, lhs.getType(), lhs, rhs);
}

Value UpdateBuilder::sqrt(Value value) {
  return fg::SqrtOp::create(builder, loc, value.getType(), value);
}

Value UpdateBuilder::one() {
  auto number = fg::ArrayType::get(builder.getContext(), {},
                                   fg::arrayType(parameter).getElementType());
  return fg::ConstantOp::create(builder, loc, number, 1.0);
}

Value UpdateBuilder::decayedGradient() {
  if (!decays)
    return gradient;
  return add(gradient, mul(parameter, hyper("weight_decay")));
}

} // namespace foregrad::compiler
