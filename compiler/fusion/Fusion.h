//===- Fusion.h - Passes of the fusion phase ------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_FUSION_FUSION_H
#define FOREGRAD_COMPILER_FUSION_FUSION_H

#include "mlir/Pass/Pass.h"
#include <memory>

namespace foregrad::compiler {

/// --fg-fuse-replicated-losses (FuseReplicatedLosses.cpp)
std::unique_ptr<mlir::Pass> createFuseReplicatedLossesPass();
/// --fg-expand-replicated-losses (ExpandReplicatedLosses.cpp)
std::unique_ptr<mlir::Pass> createExpandReplicatedLossesPass();
/// --fg-drop-zeros (DropZeros.cpp)
std::unique_ptr<mlir::Pass> createDropZerosPass();
/// --fg-order-by-result (OrderByResult.cpp)
std::unique_ptr<mlir::Pass> createOrderByResultPass();
/// --fg-round-products (RoundProducts.cpp)
std::unique_ptr<mlir::Pass> createRoundProductsPass();

void registerFusionPasses();

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_FUSION_FUSION_H
