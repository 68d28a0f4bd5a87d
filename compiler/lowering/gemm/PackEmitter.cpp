//===- PackEmitter.cpp - Panels for the register tile ---------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/gemm/PackEmitter.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace foregrad::compiler;

void foregrad::compiler::forTilesOfClass(KernelBuilder &b, const Tiling &tiling,
                                         const TileClass &tiles, Value first,
                                         Value end,
                                         llvm::function_ref<void(Value)> body) {
  // A block lies within [0, count): only inner limits need a comparison.
  Value begin = tiles.begin == 0 ? first : b.max(first, b.index(tiles.begin));
  Value stop = tiles.end == tiling.count ? end : b.min(end, b.index(tiles.end));
  b.loop(begin, stop, 1, body);
}

Value foregrad::compiler::tileStart(KernelBuilder &b, const TileClass &tiles,
                                    Value tile) {
  return b.add(b.mul(tile, tiles.width), tiles.origin);
}

namespace {

class Packer {
public:
  Packer(KernelBuilder &builder, const PackRequest &request)
      : b(builder), r(request),
        vector(VectorType::get({request.lanes}, request.type)),
        mask(VectorType::get({request.lanes}, builder.getI1Type())) {}

  void copyRowsOfA();
  void copyRowsOfB();
  void transposeB();
  void copyElements();

private:
  /// Where a tile of a group begins in the source, at k = 0, and in scratch.
  struct Place {
    Value source, panel, start; // start: the tile's first row or column
  };

  /// Calls body(class, place) for each tile of each group of the block.
  void forTiles(llvm::function_ref<void(const TileClass &, Place)> body) {
    b.loop(r.firstGroup, r.endGroup, 1, [&](Value group) {
      Value source = b.add(r.base, b.mul(group, r.strideGroup));
      Value panels = b.mul(b.sub(group, r.firstGroup), r.panelGroup);
      if (r.firstPanel)
        panels = b.add(panels, r.firstPanel);
      for (const TileClass &tiles : r.tiling->classes)
        forTilesOfClass(
            b, *r.tiling, tiles, r.firstTile, r.endTile, [&](Value tile) {
              Value number = b.sub(tile, r.firstTile);
              body(tiles, {source, b.add(panels, b.mul(number, r.panel)),
                           tileStart(b, tiles, tile)});
            });
    });
  }
  Value sourceAt(const Place &place, Value k, Value i) {
    return b.add(place.source, b.add(b.mul(k, r.strideK), b.mul(i, r.strideI)));
  }
  bool isLastClass(const TileClass &tiles) const {
    return &tiles == &r.tiling->classes.back();
  }
  int64_t rowWidth(const TileClass &tiles) const {
    return r.rowWidth ? r.rowWidth : tiles.width;
  }
  Value zero() { return arith::ConstantOp::create(b, b.getZeroAttr(vector)); }
  Value maskOf(Value count) {
    return vector::CreateMaskOp::create(b, mask, count);
  }
  void transposeBlock(SmallVector<Value> &rows);

  KernelBuilder &b;
  const PackRequest &r;
  const VectorType vector, mask;
};

/// Rows of the tile are contiguous in memory: for each k whole vectors, the
/// last by a mask. What a vector writes beyond its tile's width is overwritten
/// by the next k, or lies in the panel's slack.
void Packer::copyRowsOfA() {
  b.loop(b.index(0), r.k, 1, [&](Value k) {
    forTiles([&](const TileClass &tiles, Place place) {
      Value from = sourceAt(place, k, place.start);
      Value to = b.add(place.panel, b.mul(k, tiles.width));
      for (int64_t i = 0; i < tiles.width; i += r.lanes) {
        Value source = b.add(from, i), target = b.add(to, i);
        Value copied;
        if (tiles.width - i >= r.lanes)
          copied = vector::LoadOp::create(b, vector, r.source, source);
        else
          copied = vector::MaskedLoadOp::create(
              b, vector, r.source, source,
              vector::ConstantMaskOp::create(
                  b, mask, ArrayRef<int64_t>{tiles.width - i}),
              zero());
        vector::StoreOp::create(b, copied, r.panels, target);
      }
    });
  });
}

/// Columns are contiguous in memory: k outside, so that memory is read along
/// its rows.
void Packer::copyRowsOfB() {
  b.loop(b.index(0), r.k, 1, [&](Value k) {
    forTiles([&](const TileClass &tiles, Place place) {
      Value from = sourceAt(place, k, place.start);
      Value to = b.add(place.panel, b.mul(k, rowWidth(tiles)));
      for (int64_t i = 0; i < tiles.width; i += r.lanes) {
        Value source = b.add(from, i), target = b.add(to, i);
        bool partial =
            r.tail && isLastClass(tiles) && i + r.lanes >= tiles.width;
        Value copied;
        if (partial)
          copied = vector::MaskedLoadOp::create(
              b, vector, r.source, source,
              maskOf(b.sub(b.index(r.size), b.add(place.start, i))), zero());
        else
          copied = vector::LoadOp::create(b, vector, r.source, source);
        vector::StoreOp::create(b, copied, r.panels, target);
      }
    });
  });
}

/// Transposes a square of registers: log2(lanes) rounds, each of which
/// interleaves row i with row i + lanes / 2.
void Packer::transposeBlock(SmallVector<Value> &rows) {
  int64_t half = r.lanes / 2;
  SmallVector<int64_t> low, high;
  for (int64_t i = 0; i < half; ++i) {
    low.append({i, r.lanes + i});
    high.append({half + i, r.lanes + half + i});
  }
  for (int64_t round = 1; round < r.lanes; round *= 2) {
    SmallVector<Value> next;
    for (int64_t i = 0; i < half; ++i) {
      next.push_back(
          vector::ShuffleOp::create(b, rows[i], rows[i + half], low));
      next.push_back(
          vector::ShuffleOp::create(b, rows[i], rows[i + half], high));
    }
    rows = std::move(next);
  }
}

/// k is contiguous in memory: squares of lanes columns and lanes steps of k.
void Packer::transposeB() {
  std::optional<int64_t> knownK = getConstantIntValue(r.k);
  bool kTail = !knownK || *knownK % r.lanes != 0;
  forTiles([&](const TileClass &tiles, Place place) {
    b.loop(b.index(0), b.index(tiles.width), r.lanes, [&](Value i) {
      b.loop(b.index(0), r.k, r.lanes, [&](Value k) {
        SmallVector<Value> rows;
        Value left = kTail ? maskOf(b.sub(r.k, k)) : Value();
        for (int64_t lane = 0; lane < r.lanes; ++lane) {
          Value column = b.add(b.add(place.start, i), lane);
          // Beyond the last column, the last one again.
          if (r.tail && isLastClass(tiles))
            column = b.min(column, b.index(r.size - 1));
          Value from = sourceAt(place, k, column);
          if (kTail)
            rows.push_back(vector::MaskedLoadOp::create(b, vector, r.source,
                                                        from, left, zero()));
          else
            rows.push_back(vector::LoadOp::create(b, vector, r.source, from));
        }
        transposeBlock(rows);
        Value to = b.add(place.panel, b.add(b.mul(k, rowWidth(tiles)), i));
        for (int64_t lane = 0; lane < r.lanes; ++lane)
          vector::StoreOp::create(b, rows[lane], r.panels,
                                  b.add(to, lane * rowWidth(tiles)));
      });
    });
  });
}

/// No stride is one: element by element.
void Packer::copyElements() {
  forTiles([&](const TileClass &tiles, Place place) {
    b.loop(b.index(0), r.k, 1, [&](Value k) {
      b.loop(b.index(0), b.index(tiles.width), 1, [&](Value i) {
        Value at = b.add(place.start, i);
        if (r.tail && isLastClass(tiles))
          at = b.min(at, b.index(r.size - 1));
        Value element =
            memref::LoadOp::create(b, r.source, sourceAt(place, k, at));
        memref::StoreOp::create(
            b, element, r.panels,
            b.add(place.panel, b.add(b.mul(k, rowWidth(tiles)), i)));
      });
    });
  });
}

} // namespace

void foregrad::compiler::emitPackA(KernelBuilder &builder,
                                   const PackRequest &request) {
  Packer packer(builder, request);
  if (request.kind == PackKind::Copy)
    packer.copyRowsOfA();
  else
    packer.copyElements();
}

void foregrad::compiler::emitPackB(KernelBuilder &builder,
                                   const PackRequest &request) {
  Packer packer(builder, request);
  switch (request.kind) {
  case PackKind::Copy:
    return packer.copyRowsOfB();
  case PackKind::Transpose:
    return packer.transposeB();
  case PackKind::Direct:
  case PackKind::Scalar:
    return packer.copyElements();
  }
}
