//===- CallNoise.h - Functions that draw random numbers ---------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_NOISE_CALLNOISE_H
#define FOREGRAD_COMPILER_LOWERING_NOISE_CALLNOISE_H

#include <memory>

namespace mlir {
class Pass;
} // namespace mlir

namespace foregrad::compiler {

/// `fg-call-noise`: each fg.noise_block becomes a call of a function that
/// draws, one for each law and type in the module.
std::unique_ptr<mlir::Pass> createCallNoisePass();
void registerCallNoisePass();

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_NOISE_CALLNOISE_H
