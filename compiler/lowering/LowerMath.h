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
/// may round twice; to fuse would take a call for each number. With
/// `roundsToBf16` (it has vcvtneps2bf16), vectors are rounded by that
/// instruction, to which numbers below 2^-126 are 0, as they are to vdpbf16ps.
std::unique_ptr<mlir::Pass> createLowerMathPass(bool hasFma = true,
                                                bool roundsToBf16 = false);
void registerLowerMathPass();

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_LOWERMATH_H
