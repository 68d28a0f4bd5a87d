//===- AdamStep.h - The step that Adam and AdamW share --------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
//   m <- beta1 m + (1 - beta1) g          c1 <- beta1 c1 + (1 - beta1)
//   v <- beta2 v + (1 - beta2) g^2        c2 <- beta2 c2 + (1 - beta2)
//   step = rate / c1 * m / (sqrt(v) / sqrt(c2) + epsilon)
//
// (Kingma and Ba, 2015, algorithm 1; epsilon where PyTorch has it.) After t
// steps c = 1 - beta^t. As an average like m and v it starts at zero, is part
// of a checkpoint, and has the same roundings of 1 - beta as they: in f32,
// where 0.001 is off by 1e-5 of itself, v / c2 is not.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_OPTIMIZERS_ADAMSTEP_H
#define FOREGRAD_COMPILER_OPTIMIZERS_ADAMSTEP_H

#include "compiler/optimizers/Optimizer.h"

namespace foregrad::compiler {

/// Updates the averages by `gradient`; returns what is to be subtracted from
/// the parameter.
mlir::Value writeAdamStep(UpdateBuilder &update, mlir::Value gradient);

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_OPTIMIZERS_ADAMSTEP_H
