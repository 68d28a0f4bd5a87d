//===- Blocking.h - How a matrix product is cut into tasks ------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Register tiles, cache blocks and tasks of a contraction, chosen by a small
// cost model from the shape and the target's caches and registers. Results do
// not depend on the choice: each element's sum runs over k in order.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_GEMM_BLOCKING_H
#define FOREGRAD_COMPILER_LOWERING_GEMM_BLOCKING_H

#include "compiler/lowering/gemm/Contraction.h"
#include "compiler/targets/Target.h"

namespace foregrad::compiler {

/// Consecutive tiles of one width. Tile t begins at `origin + t * width`.
struct TileClass {
  int64_t begin = 0, end = 0; // tile numbers
  int64_t width = 0;          // rows, or columns
  int64_t origin = 0;
};

/// A dimension cut into tiles of at most two widths, so that a kernel needs at
/// most two micro-kernels a dimension and no tile is nearly empty.
struct Tiling {
  int64_t count = 0; // of tiles
  llvm::SmallVector<TileClass, 2> classes;
  int64_t tilesPerBlock = 0; // a task's share
  int64_t blocks() const { return (count + tilesPerBlock - 1) / tilesPerBlock; }
  int64_t widest() const { return classes.front().width; }
  /// What the widths add up to: the size, rounded up to the last tile's end.
  int64_t total() const;
  /// The width of each tile; and the tiling of at most two widths that has
  /// them.
  llvm::SmallVector<int64_t> widths() const;
  static Tiling ofWidths(llvm::ArrayRef<int64_t> widths);
  /// The share of the dimension that a task has at most.
  double largestShare() const;
};

/// How an operand reaches the micro-kernel.
enum class PackKind {
  Direct,    // read in place
  Copy,      // packed by copying vectors
  Transpose, // packed by transposing registers
  Scalar,    // packed element by element
  Rows,      // of A: packed along k, to wider numbers, or where rows that are a
             // power of two apart would push each other out of L1
};

struct Blocking {
  int64_t lanes = 1;
  /// Contraction::cutRows is to make of m; all else is about one of them. Where
  /// tasks are parts they are alike, and cores come to an end together.
  int64_t rowParts = 1;
  Tiling rows;    // widths in rows
  Tiling columns; // widths in columns, a multiple of lanes; the last tile of
                  // the last class may reach beyond n
  bool columnTail = false; // n is not a multiple of lanes
  int64_t kChunk = 0;      // of k, a multiple of 4 unless it is all of k
  int64_t groupsPerBlock = 1;
  /// A task goes through all blocks of rows, and packs its block of B once
  /// instead of once for each of them.
  bool rowBlocksInside = false;
  PackKind packA = PackKind::Direct, packB = PackKind::Copy;
  /// B's panels are made before all tasks, not by each, and hold all of k.
  bool aheadB = false;
  /// Each panel of B is packed when its turn comes, before the tiles of rows go
  /// through it. One is in scratch at a time, and memory brings the numbers of
  /// the next one meanwhile. Where panels are made of panels, of which each is
  /// one piece.
  bool packsPanels = false;
  bool stagedC = false; // columns of C are not contiguous: through scratch
  /// Tiles of C are worth fetching ahead where sums go on from them: a task has
  /// more of C than L1 keeps, and a tile takes long enough to fetch the next
  /// one meanwhile. What is only written waits for no line.
  bool fetchesC = false;
  /// The next panel of B, or of what it is packed from, is worth fetching
  /// ahead: panels are more than L2 keeps from one product to the next, and the
  /// tile of rows that is the first to read one would wait for all of it.
  bool fetchesB = false;
  /// All tasks together are less than threads are started for. They are there
  /// for kernels before and behind that cut their rows alike.
  bool isSmall = false;

  bool packsB() const { return packB != PackKind::Direct && !aheadB; }

  /// Whether all tiles of rows go through one panel of B before the next.
  bool columnsAreOutside(const Contraction &contraction) const;
  int64_t groupBlocks(const Contraction &contraction) const;
  /// Blocks of rows that are tasks of their own.
  int64_t rowTasks() const { return rowBlocksInside ? 1 : rows.blocks(); }
  /// The share of the rows that a task has at most.
  double largestRowShare() const {
    return rowBlocksInside ? 1 : rows.largestShare();
  }
  /// Elements of scratch.
  int64_t packedPanelA() const; // of one row tile
  int64_t packedRowA() const;   // of one row of PackKind::Rows
  /// Of one column tile.
  int64_t packedPanelB(const Contraction &contraction) const;
  int64_t packedA() const; // of a task
  int64_t packedB(const Contraction &contraction) const;
};

/// Unrolling of the micro-kernel's loop over k.
inline constexpr int64_t kUnroll = 4;

/// Steps over k that a tile must take for what comes behind it to arrive
/// meanwhile.
inline constexpr int64_t kLeastFetchDepth = 64;

/// A line of the caches: what packing keeps apart and prefetching asks for.
inline constexpr int64_t kLineBytes = 64;

/// Numbers of a line.
inline int64_t lineElements(mlir::Type number) {
  return kLineBytes * 8 / number.getIntOrFloatBitWidth();
}

/// What becomes of B beside one product.
struct LifeOfB {
  /// The same B serves many products, so that its panels may be made ahead.
  bool isInvariant = false;
  /// How often it is written anew for each product, as weights are that a step
  /// updates: 1 where one product a step reads them, 0 where none are.
  double updates = 0;
};

/// Where the contraction has panels (panelWidths), tiles of columns are theirs.
Blocking chooseBlocking(const Contraction &contraction,
                        const TargetDescription &target, const LifeOfB &lifeB);

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_GEMM_BLOCKING_H
