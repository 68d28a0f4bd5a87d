//===- NoiseEmitter.h - Vector code for perturbations -----------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Emits the function that dialects/fg/Noise.h defines, as vector code of the
// arith, math and vector dialects, wherever a kernel needs perturbations:
// nothing is called and nothing is stored.
//
// f32 numbers come from polynomials of our own, with a relative error of about
// 1e-6 against the definition; f64 numbers from math.log, math.sin, math.cos
// (the C library's, after lowering). Both forms below give the same bits for
// the same element.
//
// Numbers are of `type`, f32 or f64.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_NOISE_NOISEEMITTER_H
#define FOREGRAD_COMPILER_LOWERING_NOISE_NOISEEMITTER_H

#include "dialects/fg/Noise.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace foregrad::compiler {

/// Which stream of numbers is wanted.
struct NoiseStream {
  fg::NoiseLaw law = fg::NoiseLaw::Gaussian;
  mlir::Value site; // i32, at most fg::kMaxNoiseSite
  mlir::Value seed; // i64
  mlir::Value step; // i64
};

/// The general form: one number for each lane, for any element numbers.
/// `sample` is an index, or a vector of index or i64 with one sample a lane;
/// `element` is an index or a vector of index or i64. Returns a vector of
/// `type` of element's length, or a scalar where both are scalars. Costs one
/// Philox call a lane, four times what the block form costs.
mlir::Value emitNoiseVector(mlir::OpBuilder &builder, mlir::Location loc,
                            const NoiseStream &stream, mlir::Value sample,
                            mlir::Value element, mlir::FloatType type);

/// The fast form: runs of 16 consecutive elements. `sample` and `blockStart`
/// are indices; blockStart is a multiple of 64 (fg::kNoiseBlock), which is not
/// checked. Returns, in order of elements, the vectors of `lanes` numbers that
/// cover [blockStart, blockStart + 16 * runs): 16 / lanes for each run. `lanes`
/// divides 16; `runs` is at most 4.
/// A whole block costs one Philox call on 16 lanes; with the Gaussian law runs
/// 0 and 1, and 2 and 3, share their logarithm and angle.
llvm::SmallVector<mlir::Value>
emitNoiseBlock(mlir::OpBuilder &builder, mlir::Location loc,
               const NoiseStream &stream, mlir::Value sample,
               mlir::Value blockStart, mlir::FloatType type, int64_t lanes,
               unsigned runs = fg::kNoiseWords);

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_NOISE_NOISEEMITTER_H
