//===- PackEmitter.h - Panels for the register tile -------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Brings a block of A or B into panels that the micro-kernel reads in order:
//
//   A: [group][tile of rows][k][row of the tile]
//   B: [group][tile of columns][k][column of the tile]
//
// one panel after another, each `panel` elements from the last.
//
// With PackKind::Rows a panel of A is [row of the tile][k].
//
// bf16 numbers become f32 on the way, or stay and lie in pairs along k, a pair
// in an i32, its first number in the low half.
//
// Panels hold the tiles [firstTile, endTile), which may be of two widths; a
// panel's row is as wide as its own tile, or all are as wide as the widest.
// Columns beyond n hold finite values that no result depends on.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_GEMM_PACKEMITTER_H
#define FOREGRAD_COMPILER_LOWERING_GEMM_PACKEMITTER_H

#include "compiler/lowering/gemm/Blocking.h"
#include "compiler/lowering/gemm/IndexMath.h"

namespace foregrad::compiler {

struct PackRequest {
  mlir::Type type;        // of a panel's elements
  mlir::Type sourceType;  // of the operand's in memory
  mlir::Type roundedType; // what those are rounded to; null: they are not
  int64_t lanes = 1;
  PackKind kind = PackKind::Copy;
  /// Element (k, i) of the operand is source[base + k * strideK + i * strideI],
  /// where i is a row of A or a column of B, below `size`.
  mlir::Value source;
  mlir::Value base;
  int64_t strideK = 0, strideI = 0;
  /// Whether k counts pairs, whose second number lies so far behind the first.
  bool isPaired = false;
  int64_t stridePair = 0;
  /// Not 0: B lies in panels of so many rows, which are cut as `tiling` is. The
  /// strides of k and i say nothing then, and k = 0 is `firstSourceStep` steps
  /// behind a panel's first.
  int64_t sourceDepth = 0;
  mlir::Value firstSourceStep;
  int64_t size = 0;
  mlir::Value panels;     // flat
  mlir::Value firstPanel; // element of it at which the first begins; null: 0
  mlir::Value firstRow;   // row of a panel that k = 0 goes to; null: 0
  int64_t panel = 0;      // elements from one panel to the next
  /// Elements from one k to the next in a panel; 0: the tile's width.
  int64_t rowWidth = 0;
  const Tiling *tiling = nullptr;
  mlir::Value firstTile, endTile;
  mlir::Value k; // steps
  /// Groups [firstGroup, endGroup), one product each: `strideGroup` apart in
  /// the source, `panelGroup` in the scratch.
  mlir::Value firstGroup, endGroup;
  int64_t strideGroup = 0, panelGroup = 0;
  /// Whether the last tile reaches beyond `size`.
  bool tail = false;
};

/// Panels of `contraction`'s operands: i32 for pairs, else as wide as the sums.
mlir::Type panelType(const Contraction &contraction);

/// Widths are rows: any. `kind` is Copy, Rows or Scalar.
void emitPackA(KernelBuilder &builder, const PackRequest &request);

/// Widths are columns: multiples of the lanes. `kind` is Copy, Transpose or
/// Scalar. Transpose writes rows up to k rounded up to the lanes.
void emitPackB(KernelBuilder &builder, const PackRequest &request);

/// Calls body for each tile of one of the tiling's classes within the block
/// [first, end) of tiles.
void forTilesOfClass(KernelBuilder &builder, const Tiling &tiling,
                     const TileClass &tiles, mlir::Value first, mlir::Value end,
                     llvm::function_ref<void(mlir::Value)> body);

/// The first row or column of a tile of the class, or of any.
mlir::Value tileStart(KernelBuilder &builder, const TileClass &tiles,
                      mlir::Value tile);
mlir::Value tileStart(KernelBuilder &builder, const Tiling &tiling,
                      mlir::Value tile);

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_GEMM_PACKEMITTER_H
