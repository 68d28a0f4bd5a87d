//===- Placement.h - Offsets for buffers with known lifetimes -------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// The arithmetic of the memory planner, free of any IR: lifetimes and sizes in,
// offsets out.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_MEMORY_PLACEMENT_H
#define FOREGRAD_COMPILER_LOWERING_MEMORY_PLACEMENT_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>

namespace foregrad::compiler {

/// Every offset is a multiple of this many bytes (FG_ALIGNMENT of the ABI).
inline constexpr int64_t bufferAlignment = 64;

/// The use of a buffer by operations of a chain: their tasks do not wait for
/// each other between one operation and the next.
struct ChainUse {
  int64_t chain = 0;  // its number
  bool isCut = false; // each task keeps to its own, equal share of the bytes
};

/// A buffer that holds data from position `first` to position `last`, both
/// included, of a straight line of operations.
struct Lifetime {
  int64_t bytes = 0;
  int64_t first = 0;
  int64_t last = 0;
  int64_t offset = 0;                         // set by placeBuffers
  llvm::SmallVector<ChainUse, 2> chains = {}; // a chain at most once
};

/// Gives every buffer an offset such that no two buffers with a common position
/// overlap, and returns the bytes needed for all. Nor do two buffers that a
/// chain uses, but where both are cut in it and have the same size they may lie
/// in the same place: then a task meets nothing there but its own share of the
/// former buffer, which it is through with. Greedy: the largest buffer first,
/// each into the smallest gap that takes it. The result depends on the order of
/// `buffers` in nothing but ties. Sizes must be so that their sum, each rounded
/// up to bufferAlignment, fits in an int64_t.
int64_t placeBuffers(llvm::MutableArrayRef<Lifetime> buffers);

/// The largest sum of sizes of the buffers that hold data at one position: no
/// placement needs less.
int64_t peakLiveBytes(llvm::ArrayRef<Lifetime> buffers);

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_MEMORY_PLACEMENT_H
