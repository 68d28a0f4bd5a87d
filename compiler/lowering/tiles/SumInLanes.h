//===- SumInLanes.h - Sums in parts that do not meet ------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_TILES_SUMINLANES_H
#define FOREGRAD_COMPILER_LOWERING_TILES_SUMINLANES_H

#include <cstdint>
#include <memory>

namespace mlir {
class Pass;
} // namespace mlir

namespace foregrad::compiler {

/// In how many parts a sum over the samples of a tile is kept. Each takes as
/// much memory as the sum, and time to add it up.
inline constexpr int64_t kSumLanes = 2;

/// The pass fg-sum-in-lanes; SumInLanes.cpp says what it does and why.
std::unique_ptr<mlir::Pass> createSumInLanesPass();

void registerSumInLanesPass();

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_TILES_SUMINLANES_H
