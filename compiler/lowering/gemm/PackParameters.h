//===- PackParameters.h - Parameters that live in panels --------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_GEMM_PACKPARAMETERS_H
#define FOREGRAD_COMPILER_LOWERING_GEMM_PACKPARAMETERS_H

#include "compiler/targets/Target.h"

#include <memory>

namespace mlir {
class Pass;
} // namespace mlir

namespace foregrad::compiler {

/// --fg-pack-parameters on a module, before --fg-contractions-to-kernels: says
/// which parameters lie in the panels that products read (fg.panels; Panels.h),
/// and with them what is updated beside them element by element: gradients,
/// their lanes, the optimizer's state. Nothing else changes: the layout is a
/// permutation, which no elementwise op sees, and products know it.
std::unique_ptr<mlir::Pass>
createPackParametersPass(const TargetDescription &target);
void registerPackParametersPass();

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_GEMM_PACKPARAMETERS_H
