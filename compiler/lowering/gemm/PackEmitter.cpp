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

Value foregrad::compiler::tileStart(KernelBuilder &b, const Tiling &tiling,
                                    Value tile) {
  Value start = tileStart(b, tiling.classes.front(), tile);
  // The second class has narrower tiles: of what the two say it is the lesser.
  if (tiling.classes.size() > 1)
    start = b.min(start, tileStart(b, tiling.classes.back(), tile));
  return start;
}

namespace {

/// Steps of k between asking for numbers and reading them.
constexpr int64_t kFetchAhead = 8;

class Packer {
public:
  Packer(KernelBuilder &builder, const PackRequest &request)
      : b(builder), r(request),
        vector(VectorType::get({request.lanes}, request.type)),
        mask(VectorType::get({request.lanes}, builder.getI1Type())) {}

  void copyRowsOfA();
  void copyAlongK();
  void copyRowsOfB();
  void transposeB();
  void copyElements();

private:
  /// Where a tile of a group begins in the source, at k = 0, and in scratch.
  struct Place {
    Value source, panel, start; // start: the tile's first row or column
  };
  /// The same for k of B's columns in the source, as far as they lie side by
  /// side.
  struct Row {
    Value first;
    int64_t stridePair;
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
              Value panel = b.add(panels, b.mul(number, r.panel));
              if (r.firstRow)
                panel = b.add(panel, b.mul(r.firstRow, rowWidth(tiles)));
              body(tiles, {source, panel, tileStart(b, tiles, tile)});
            });
    });
  }
  Value sourceAt(const Place &place, Value k, Value i) {
    return b.add(place.source, b.add(b.mul(k, r.strideK), b.mul(i, r.strideI)));
  }
  Row rowOfB(const TileClass &tiles, const Place &place, Value k);
  bool isLastClass(const TileClass &tiles) const {
    return &tiles == &r.tiling->classes.back();
  }
  int64_t rowWidth(const TileClass &tiles) const {
    return r.rowWidth ? r.rowWidth : tiles.width;
  }
  Value maskOf(Value count) {
    return vector::CreateMaskOp::create(b, mask, count);
  }
  /// A vector of `count` numbers of the source; with a mask, 0 where it is not
  /// set.
  Value load(int64_t count, Value from, Value where);
  /// What was loaded, as numbers of the operand.
  Value rounded(Value numbers);
  /// Numbers of the operand as wide as those of the panel.
  Value widened(Value numbers);
  /// What a vector of the panel holds for neighbours along i. A mask has as
  /// many elements as the vector.
  Value acrossK(Row row, Value where = {});
  /// The same for neighbours along k: `left` of them at most, if that is not
  /// null.
  Value alongK(Value from, Value left);
  /// One element of the panel.
  Value element(Value from);
  void transposeBlock(SmallVector<Value> &rows);
  void fetchAhead(Value k);

  KernelBuilder &b;
  const PackRequest &r;
  const VectorType vector, mask;
};

Value Packer::load(int64_t count, Value from, Value where) {
  auto type = VectorType::get({count}, r.sourceType);
  if (!where)
    return rounded(vector::LoadOp::create(b, type, r.source, from));
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(type));
  return rounded(
      vector::MaskedLoadOp::create(b, type, r.source, from, where, zero));
}

/// A number's type, or that of a vector of as many as `numbers` are.
static Type asMany(Type number, Value numbers) {
  auto lanes = dyn_cast<VectorType>(numbers.getType());
  return lanes ? lanes.clone(number) : number;
}

Value Packer::rounded(Value numbers) {
  if (!r.roundedType)
    return numbers;
  return arith::TruncFOp::create(b, asMany(r.roundedType, numbers), numbers);
}

Value Packer::widened(Value numbers) {
  if (getElementTypeOrSelf(numbers.getType()) == r.type)
    return numbers;
  return arith::ExtFOp::create(b, asMany(r.type, numbers), numbers);
}

Packer::Row Packer::rowOfB(const TileClass &tiles, const Place &place,
                           Value k) {
  if (!r.sourceDepth)
    return {sourceAt(place, k, place.start), r.stridePair};
  // A step of k is as many rows of the panel as it has numbers.
  int64_t step = tiles.width * (r.isPaired ? 2 : 1);
  Value row = b.mul(b.add(r.firstSourceStep, k), step);
  Value panel = b.mul(place.start, r.sourceDepth);
  return {b.add(place.source, b.add(panel, row)), tiles.width};
}

Value Packer::acrossK(Row row, Value where) {
  Value first = load(r.lanes, row.first, where);
  if (!r.isPaired)
    return widened(first);
  Value second = load(r.lanes, b.add(row.first, row.stridePair), where);
  SmallVector<int64_t> inTurn;
  for (int64_t i = 0; i < r.lanes; ++i)
    inTurn.append({i, r.lanes + i});
  return vector::BitCastOp::create(
      b, vector, vector::ShuffleOp::create(b, first, second, inTurn));
}

Value Packer::alongK(Value from, Value left) {
  int64_t count = r.isPaired ? 2 * r.lanes : r.lanes;
  Value where;
  if (left)
    where =
        vector::CreateMaskOp::create(b, VectorType::get({count}, b.getI1Type()),
                                     b.mul(left, count / r.lanes));
  Value numbers = load(count, from, where);
  if (r.isPaired)
    return vector::BitCastOp::create(b, vector, numbers);
  return widened(numbers);
}

Value Packer::element(Value from) {
  auto number = [&](Value at) {
    return rounded(memref::LoadOp::create(b, r.source, at));
  };
  Value first = number(from);
  if (!r.isPaired)
    return widened(first);
  Value second = number(b.add(from, r.stridePair));
  auto bits = [&](Value number) -> Value {
    return arith::ExtUIOp::create(
        b, r.type, arith::BitcastOp::create(b, b.getI16Type(), number));
  };
  Value half = arith::ConstantOp::create(b, b.getIntegerAttr(r.type, 16));
  return arith::OrIOp::create(b, bits(first),
                              arith::ShLIOp::create(b, bits(second), half));
}

/// Rows of the tile are contiguous in memory: for each k whole vectors, then
/// what is left, in pieces of powers of two where few do, else by a mask. What
/// a vector writes beyond its tile's width is overwritten by the next k, or
/// lies in the panel's slack.
void Packer::copyRowsOfA() {
  b.loop(b.index(0), r.k, 1, [&](Value k) {
    fetchAhead(k);
    forTiles([&](const TileClass &tiles, Place place) {
      Value from = sourceAt(place, k, place.start);
      Value to = b.add(place.panel, b.mul(k, tiles.width));
      int64_t i = 0;
      for (; i + r.lanes <= tiles.width; i += r.lanes)
        vector::StoreOp::create(b, acrossK({b.add(from, i), r.stridePair}),
                                r.panels, b.add(to, i));
      int64_t left = tiles.width - i;
      if (left == 0)
        return;
      if (r.sourceType == r.type && llvm::popcount(uint64_t(left)) <= 2) {
        for (int64_t piece = r.lanes / 2; piece > 0; piece /= 2)
          if (left & piece) {
            vector::StoreOp::create(b, load(piece, b.add(from, i), Value()),
                                    r.panels, b.add(to, i));
            i += piece;
          }
        return;
      }
      Value where =
          vector::ConstantMaskOp::create(b, mask, ArrayRef<int64_t>{left});
      vector::StoreOp::create(b, acrossK({b.add(from, i), r.stridePair}, where),
                              r.panels, b.add(to, i));
    });
  });
}

/// Asks for the numbers that copyRowsOfA reads some steps of k later: they lie
/// in as many places as there are steps, which no prefetcher guesses.
void Packer::fetchAhead(Value k) {
  Value later = b.min(b.add(k, kFetchAhead), b.sub(r.k, b.index(1)));
  auto rowOf = [&](Value tile) { return tileStart(b, *r.tiling, tile); };
  int64_t line = lineElements(r.sourceType);
  b.loop(r.firstGroup, r.endGroup, 1, [&](Value group) {
    Place place{b.add(r.base, b.mul(group, r.strideGroup)), Value(), Value()};
    b.loop(rowOf(r.firstTile), rowOf(r.endTile), line, [&](Value i) {
      memref::PrefetchOp::create(b, r.source, sourceAt(place, later, i),
                                 /*isWrite=*/false, /*localityHint=*/3,
                                 /*isDataCache=*/true);
    });
  });
}

/// k is contiguous in memory, and stays so.
void Packer::copyAlongK() {
  std::optional<int64_t> knownK = getConstantIntValue(r.k);
  bool kTail = !knownK || *knownK % r.lanes != 0;
  forTiles([&](const TileClass &tiles, Place place) {
    b.loop(b.index(0), b.index(tiles.width), 1, [&](Value i) {
      Value row = b.add(place.panel, b.mul(i, r.rowWidth));
      b.loop(b.index(0), r.k, r.lanes, [&](Value k) {
        Value left = kTail ? b.sub(r.k, k) : Value();
        Value from = sourceAt(place, k, b.add(place.start, i));
        vector::StoreOp::create(b, alongK(from, left), r.panels, b.add(row, k));
      });
    });
  });
}

/// Columns are contiguous in memory, which is read in its order: along rows of
/// all tiles, with k outside, or one panel after another.
void Packer::copyRowsOfB() {
  auto copyRow = [&](const TileClass &tiles, const Place &place, Value k) {
    Row row = rowOfB(tiles, place, k);
    Value to = b.add(place.panel, b.mul(k, rowWidth(tiles)));
    for (int64_t i = 0; i < tiles.width; i += r.lanes) {
      bool partial = r.tail && isLastClass(tiles) && i + r.lanes >= tiles.width;
      Value where;
      if (partial)
        where = maskOf(b.sub(b.index(r.size), b.add(place.start, i)));
      Row part = {b.add(row.first, i), row.stridePair};
      vector::StoreOp::create(b, acrossK(part, where), r.panels, b.add(to, i));
    }
  };
  auto steps = [&](llvm::function_ref<void(Value)> body) {
    b.loop(b.index(0), r.k, 1, body);
  };
  if (r.sourceDepth)
    forTiles([&](const TileClass &tiles, Place place) {
      steps([&](Value k) { copyRow(tiles, place, k); });
    });
  else
    steps([&](Value k) {
      forTiles([&](const TileClass &tiles, Place place) {
        copyRow(tiles, place, k);
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
/// Where the number of steps is known, nothing is written beyond the last.
void Packer::transposeB() {
  std::optional<int64_t> knownK = getConstantIntValue(r.k);
  int64_t rest = knownK ? *knownK % r.lanes : 0;
  forTiles([&](const TileClass &tiles, Place place) {
    b.loop(b.index(0), b.index(tiles.width), r.lanes, [&](Value i) {
      auto square = [&](Value k, Value left, int64_t steps) {
        SmallVector<Value> rows;
        for (int64_t lane = 0; lane < r.lanes; ++lane) {
          Value column = b.add(b.add(place.start, i), lane);
          // Beyond the last column, the last one again.
          if (r.tail && isLastClass(tiles))
            column = b.min(column, b.index(r.size - 1));
          rows.push_back(alongK(sourceAt(place, k, column), left));
        }
        transposeBlock(rows);
        Value to = b.add(place.panel, b.add(b.mul(k, rowWidth(tiles)), i));
        for (int64_t step = 0; step < steps; ++step)
          vector::StoreOp::create(b, rows[step], r.panels,
                                  b.add(to, step * rowWidth(tiles)));
      };
      Value whole = knownK ? b.index(*knownK - rest) : r.k;
      if (!knownK || *knownK != rest)
        b.loop(b.index(0), whole, r.lanes, [&](Value k) {
          square(k, knownK ? Value() : b.sub(r.k, k), r.lanes);
        });
      if (rest != 0)
        square(whole, b.index(rest), rest);
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
        memref::StoreOp::create(
            b, element(sourceAt(place, k, at)), r.panels,
            b.add(place.panel, b.add(b.mul(k, rowWidth(tiles)), i)));
      });
    });
  });
}

} // namespace

Type foregrad::compiler::panelType(const Contraction &contraction) {
  if (contraction.isPaired)
    return IntegerType::get(contraction.type.getContext(), 32);
  return contraction.type;
}

void foregrad::compiler::emitPackA(KernelBuilder &builder,
                                   const PackRequest &request) {
  Packer packer(builder, request);
  if (request.kind == PackKind::Copy)
    packer.copyRowsOfA();
  else if (request.kind == PackKind::Rows)
    packer.copyAlongK();
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
  case PackKind::Rows:
  case PackKind::Scalar:
    return packer.copyElements();
  }
}
