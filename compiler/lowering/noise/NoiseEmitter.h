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

#include "compiler/targets/Target.h"
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

/// How many blocks of 64 numbers code should draw side by side, at least one:
/// of each of `streams` streams, as vectors of `lanes` numbers. Each operation
/// of a generator waits for the one before, and the code for a block is longer
/// than the part of a program that a processor looks at in advance, so a second
/// block fills the gaps of the first; more would not fit the registers.
int64_t noiseBlocksTogether(int64_t streams, int64_t lanes,
                            const TargetDescription &target);

/// The fast form: whole blocks. `sample` and `start` are indices; start is a
/// multiple of 64 (fg::kNoiseBlock), which is not checked. Returns, in order of
/// elements, the `vectors` vectors of `lanes` numbers from element `start` on.
/// `lanes` divides 16.
/// A block costs one Philox call on 16 lanes; with the Gaussian law numbers 0
/// to 15 and 16 to 31 of it share their logarithms and angles, and 32 to 47 and
/// 48 to 63. Several blocks are drawn side by side.
llvm::SmallVector<mlir::Value>
emitNoiseBlocks(mlir::OpBuilder &builder, mlir::Location loc,
                const NoiseStream &stream, mlir::Value sample,
                mlir::Value start, mlir::FloatType type, int64_t lanes,
                size_t vectors);

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_NOISE_NOISEEMITTER_H
