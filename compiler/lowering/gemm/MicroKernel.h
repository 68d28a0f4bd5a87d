//===- MicroKernel.h - The register tile of a matrix product ----*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_GEMM_MICROKERNEL_H
#define FOREGRAD_COMPILER_LOWERING_GEMM_MICROKERNEL_H

#include "compiler/lowering/gemm/IndexMath.h"
#include "compiler/targets/Target.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace foregrad::compiler {

/// Where a tile's operand lies: element (row, column) of the tile is
/// memref[base + row * rowStride + column * columnStride], `memref` flat.
struct TileOperand {
  mlir::Value memref;
  mlir::Value base;
  int64_t rowStride = 0;
  int64_t columnStride = 1;
};

/// One tile: C[rows, vectors * lanes] (+)= A[rows, k] * B[k, vectors * lanes].
struct MicroKernel {
  mlir::VectorType vector;  // one register of C
  mlir::VectorType operand; // one of B: as `vector`, or i32 for pairs of bf16
  /// For pairs, how they are multiplied.
  Bf16Products bf16 = Bf16Products::Widened;
  int64_t rows = 0;
  int64_t vectors = 0;
  TileOperand a; // any strides; of pairs bf16 numbers side by side, or i32
  TileOperand b; // columns contiguous
  TileOperand c; // columns contiguous
  /// Null, or the mask of the last vector of each row of B and C.
  mlir::Value lastMaskB, lastMaskC;
  mlir::Value k;            // steps
  bool kIsUnrolled = false; // k is a multiple of kUnroll
  /// Whether the sums begin here, and are not those of C: an i1; null where
  /// always.
  mlir::Value begins;
  /// Null, or where in C's memref the next tile begins, to be fetched into the
  /// caches meanwhile: within the memref with all of the tile.
  mlir::Value nextC;
  /// Null, or a memref and where in it a share of the next panel of B begins,
  /// or of what that is made of, to be fetched into L2 meanwhile: `fetchStepB`
  /// elements in each kUnroll steps, which are a line at most.
  mlir::Value fetchedB, nextB;
  int64_t fetchStepB = 0;
  /// What they begin at; its columns are contiguous or all the same. No memref:
  /// 0.
  TileOperand start;
};

/// Emits the tile at the builder's insertion point. Each sum runs over k in
/// order, as fused multiply-adds wherever the target has them.
void emitMicroKernel(KernelBuilder &builder, const MicroKernel &kernel);

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_GEMM_MICROKERNEL_H
