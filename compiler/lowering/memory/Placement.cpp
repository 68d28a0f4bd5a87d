//===- Placement.cpp - Offsets for buffers with known lifetimes -----------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/memory/Placement.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <limits>

namespace foregrad::compiler {

namespace {

int64_t aligned(int64_t bytes) {
  return static_cast<int64_t>(llvm::alignTo(
      static_cast<uint64_t>(bytes), static_cast<uint64_t>(bufferAlignment)));
}

bool coexist(const Lifetime &a, const Lifetime &b) {
  return a.first <= b.last && b.first <= a.last;
}

enum class Meeting {
  None,   // they may share bytes
  InCuts, // only in the very same place
  Full,   // they share nothing
};

Meeting meetingOf(const Lifetime &a, const Lifetime &b) {
  if (coexist(a, b))
    return Meeting::Full;
  Meeting meeting = Meeting::None;
  for (const ChainUse &use : a.chains)
    for (const ChainUse &other : b.chains) {
      if (use.chain != other.chain)
        continue;
      if (!use.isCut || !other.isCut || a.bytes != b.bytes)
        return Meeting::Full;
      meeting = Meeting::InCuts;
    }
  return meeting;
}

/// A buffer that is placed already, and meets the one that is to be placed.
struct Neighbour {
  int64_t offset, end;
  Meeting meeting;
};

/// The first place of a neighbour that the buffer may share, where no other is
/// in its way; -1 if there is none.
int64_t sharedPlace(llvm::ArrayRef<Neighbour> neighbours) {
  for (const Neighbour &place : neighbours) {
    if (place.meeting != Meeting::InCuts)
      continue;
    bool isFree = llvm::all_of(neighbours, [&](const Neighbour &other) {
      bool isApart = other.offset >= place.end || other.end <= place.offset;
      return isApart ||
             (other.meeting == Meeting::InCuts && other.offset == place.offset);
    });
    if (isFree)
      return place.offset;
  }
  return -1;
}

/// The start of the smallest gap of at least `bytes` between the neighbours,
/// which are sorted by offset; behind the last one if there is none.
int64_t bestGap(llvm::ArrayRef<Neighbour> neighbours, int64_t bytes) {
  int64_t best = -1;
  int64_t bestSize = std::numeric_limits<int64_t>::max();
  int64_t end = 0; // of everything placed so far
  for (const Neighbour &other : neighbours) {
    int64_t gap = other.offset - end;
    if (gap >= bytes && gap < bestSize) {
      best = end;
      bestSize = gap;
    }
    end = std::max(end, other.end);
  }
  return best >= 0 ? best : end;
}

} // namespace

int64_t placeBuffers(llvm::MutableArrayRef<Lifetime> buffers) {
  llvm::SmallVector<Lifetime *> order;
  for (Lifetime &buffer : buffers)
    order.push_back(&buffer);
  llvm::sort(order, [](const Lifetime *a, const Lifetime *b) {
    return a->bytes != b->bytes ? a->bytes > b->bytes : a < b;
  });

  llvm::SmallVector<Lifetime *> placed; // sorted by offset
  int64_t total = 0;
  for (Lifetime *buffer : order) {
    llvm::SmallVector<Neighbour> neighbours;
    for (const Lifetime *other : placed)
      if (Meeting meeting = meetingOf(*buffer, *other);
          meeting != Meeting::None)
        neighbours.push_back(
            {other->offset, other->offset + aligned(other->bytes), meeting});
    int64_t shared = sharedPlace(neighbours);
    buffer->offset =
        shared >= 0 ? shared : bestGap(neighbours, aligned(buffer->bytes));
    total = std::max(total, buffer->offset + aligned(buffer->bytes));
    auto *where = llvm::upper_bound(placed, buffer,
                                    [](const Lifetime *a, const Lifetime *b) {
                                      return a->offset < b->offset;
                                    });
    placed.insert(where, buffer);
  }
  return total;
}

int64_t peakLiveBytes(llvm::ArrayRef<Lifetime> buffers) {
  // The live set only grows where a buffer begins, so a peak is at a beginning.
  int64_t peak = 0;
  for (const Lifetime &moment : buffers) {
    int64_t live = 0;
    for (const Lifetime &other : buffers)
      if (other.first <= moment.first && moment.first <= other.last)
        live += aligned(other.bytes);
    peak = std::max(peak, live);
  }
  return peak;
}

} // namespace foregrad::compiler
