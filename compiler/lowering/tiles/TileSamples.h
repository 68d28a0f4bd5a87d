//===- TileSamples.h - A step goes tile by tile through memory --*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_TILES_TILESAMPLES_H
#define FOREGRAD_COMPILER_LOWERING_TILES_TILESAMPLES_H

#include "compiler/targets/Target.h"
#include "mlir/Pass/Pass.h"

#include <memory>

namespace foregrad::compiler {

/// `fg-tile-samples`: ops on buffers run for a few samples at a time, from the
/// input to the gradients. `samples` of a tile; 0: as many as suit the caches
/// of `target`.
std::unique_ptr<mlir::Pass>
createTileSamplesPass(const TargetDescription &target, int64_t samples = 0);

void registerTileSamplesPass();

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_TILES_TILESAMPLES_H
