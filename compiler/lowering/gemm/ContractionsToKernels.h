//===- ContractionsToKernels.h - Matrix products as kernels -----*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_GEMM_CONTRACTIONSTOKERNELS_H
#define FOREGRAD_COMPILER_LOWERING_GEMM_CONTRACTIONSTOKERNELS_H

#include "compiler/targets/Target.h"

#include <memory>

namespace mlir {
class Pass;
} // namespace mlir

namespace foregrad::compiler {

/// --fg-contractions-to-kernels on a func.func: the linalg operations on
/// memrefs that are matrix products become scf.forall kernels of register
/// tiles, each with its number of floating-point operations as `fg.flops`
/// (i64). A linalg.fill of 0 that only such a product reads is absorbed. What
/// does not match is left as it is.
std::unique_ptr<mlir::Pass>
createContractionsToKernelsPass(const TargetDescription &target);
void registerContractionsToKernelsPass();

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_GEMM_CONTRACTIONSTOKERNELS_H
