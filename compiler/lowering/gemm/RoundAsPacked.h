//===- RoundAsPacked.h - Weights rounded by who packs them ------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_GEMM_ROUNDASPACKED_H
#define FOREGRAD_COMPILER_LOWERING_GEMM_ROUNDASPACKED_H

#include <memory>

namespace mlir {
class Pass;
} // namespace mlir

namespace foregrad::compiler {

/// --fg-round-as-packed on a func.func, before --fg-pack-parameters: products
/// whose B is an argument's rounded copy read the argument itself, and round
/// its numbers when they bring them into panels. The copy goes away. The same
/// numbers.
std::unique_ptr<mlir::Pass> createRoundAsPackedPass();
void registerRoundAsPackedPass();

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_GEMM_ROUNDASPACKED_H
