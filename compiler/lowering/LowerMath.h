//===- LowerMath.h - Elementary functions for a processor -----------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_LOWERMATH_H
#define FOREGRAD_COMPILER_LOWERING_LOWERMATH_H

#include <memory>

namespace mlir {
class Pass;
} // namespace mlir

namespace foregrad::compiler {

/// Expands elementary functions on f32, of numbers or vectors, to polynomials,
/// so that they give the same bits on every machine and stay vectors. Functions
/// on f64, and those without a polynomial, become calls of libm, number by
/// number. Without `hasFma` (the processor has no fused multiply-add), math.fma
/// may round twice; to fuse would take a call for each number.
std::unique_ptr<mlir::Pass> createLowerMathPass(bool hasFma = true);
void registerLowerMathPass();

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_LOWERMATH_H
