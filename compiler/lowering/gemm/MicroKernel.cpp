//===- MicroKernel.cpp - The register tile of a matrix product ------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Accumulators are separate one-register values carried by the loop over k, so
// that the register allocator sees what it must keep. The tile is initialized,
// summed and stored in three steps; what is to be done with finished sums
// belongs into the third.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/gemm/MicroKernel.h"

#include "compiler/lowering/gemm/Blocking.h"
#include "compiler/lowering/gemm/DotBf16.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

#include <algorithm>
#include <optional>

using namespace mlir;
using namespace foregrad::compiler;

namespace {

// Steps of a product so flat that they are written out instead of a loop.
// Twice as many made products of 16 x 16 slower.
constexpr int64_t kMostUnrolled = 2 * kUnroll;

class TileEmitter {
public:
  TileEmitter(KernelBuilder &builder, const MicroKernel &kernel)
      : b(builder), kernel(kernel), lanes(kernel.vector.getNumElements()) {}

  void emit() { storeTile(sumOverK(initialTile())); }

private:
  SmallVector<Value> initialTile();
  SmallVector<Value> sumOverK(SmallVector<Value> sums);
  void storeTile(ArrayRef<Value> sums);

  /// One loop over k; `unroll` steps an iteration.
  SmallVector<Value> loopOverK(Value begin, Value end, int64_t unroll,
                               ArrayRef<Value> sums);
  void fetchAhead(Value iteration);
  /// `count` steps from k on, at most kUnroll.
  void stepsFrom(Value k, int64_t count, SmallVector<Value> &sums);
  void step(Value addressA, Value addressB, SmallVector<Value> &sums);
  /// An element of A in all lanes of a register like those of B.
  Value broadcastOfA(Value address);
  /// sum + a * b, or with pairs sum + a0 * b0 + a1 * b1.
  Value multiplyAdd(Value a, Value b, Value sum);

  SmallVector<Value> startTile();
  SmallVector<Value> loadTile();
  Value load(VectorType type, Value memref, Value address, bool last,
             Value mask);
  Value addressInC(int64_t row, int64_t vector) {
    return b.add(kernel.c.base, row * kernel.c.rowStride + vector * lanes);
  }

  KernelBuilder &b;
  const MicroKernel &kernel;
  const int64_t lanes;
};

Value TileEmitter::load(VectorType type, Value memref, Value address, bool last,
                        Value mask) {
  if (!last || !mask)
    return vector::LoadOp::create(b, type, memref, address);
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(type));
  return vector::MaskedLoadOp::create(b, type, memref, address, mask, zero);
}

SmallVector<Value> TileEmitter::loadTile() {
  SmallVector<Value> tile;
  for (int64_t row = 0; row < kernel.rows; ++row)
    for (int64_t vector = 0; vector < kernel.vectors; ++vector)
      tile.push_back(load(kernel.vector, kernel.c.memref,
                          addressInC(row, vector), vector + 1 == kernel.vectors,
                          kernel.lastMaskC));
  return tile;
}

/// What is the same in all rows is loaded once.
SmallVector<Value> TileEmitter::startTile() {
  const TileOperand &start = kernel.start;
  SmallVector<Value> tile;
  if (!start.memref)
    tile.assign(kernel.rows * kernel.vectors,
                arith::ConstantOp::create(b, b.getZeroAttr(kernel.vector)));
  for (int64_t row = tile.empty() ? 0 : kernel.rows; row < kernel.rows; ++row)
    for (int64_t vector = 0; vector < kernel.vectors; ++vector) {
      if (row > 0 && start.rowStride == 0) {
        tile.push_back(tile[vector]);
        continue;
      }
      Value address =
          b.add(start.base,
                row * start.rowStride + vector * lanes * start.columnStride);
      if (start.columnStride == 0)
        tile.push_back(vector::BroadcastOp::create(
            b, kernel.vector,
            memref::LoadOp::create(b, start.memref, address)));
      else
        tile.push_back(load(kernel.vector, start.memref, address,
                            vector + 1 == kernel.vectors, kernel.lastMaskC));
    }
  return tile;
}

SmallVector<Value> TileEmitter::initialTile() {
  if (!kernel.begins)
    return startTile();
  std::optional<int64_t> known = getConstantIntValue(kernel.begins);
  if (known)
    return *known ? startTile() : loadTile();
  SmallVector<Type> types(kernel.rows * kernel.vectors, kernel.vector);
  auto choice = scf::IfOp::create(b, types, kernel.begins,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(choice.thenBlock());
  scf::YieldOp::create(b, startTile());
  b.setInsertionPointToStart(choice.elseBlock());
  scf::YieldOp::create(b, loadTile());
  return SmallVector<Value>(choice.getResults());
}

/// Asks for an iteration's share of what comes behind this tile. All of C at
/// once would take all that L1 has to wait for memory with, and B would wait.
void TileEmitter::fetchAhead(Value iteration) {
  auto fetch = [&](Value memref, Value address, int level) {
    memref::PrefetchOp::create(b, memref, address, /*isWrite=*/false,
                               /*localityHint=*/level, /*isDataCache=*/true);
  };
  if (kernel.nextB)
    fetch(kernel.fetchedB,
          b.add(kernel.nextB, b.mul(iteration, kernel.fetchStepB)), 2);
  if (!kernel.nextC)
    return;
  int64_t line = lineElements(kernel.vector.getElementType());
  int64_t ofRow = llvm::divideCeil(kernel.vectors * lanes, line);
  int64_t lines = kernel.rows * ofRow;
  int64_t iterations =
      getConstantIntValue(kernel.k).value_or(kLeastFetchDepth) / kUnroll;
  int64_t share = llvm::divideCeil(lines, iterations);
  for (int64_t i = 0; i < share; ++i) {
    Value number = b.min(b.add(b.mul(iteration, share), i), b.index(lines - 1));
    Value inRow = b.mul(b.rem(number, ofRow), line);
    Value row = b.mul(b.div(number, ofRow), kernel.c.rowStride);
    fetch(kernel.c.memref, b.add(kernel.nextC, b.add(row, inRow)), 3);
  }
}

/// One step of k: a row of B into registers, an element of A at a time.
void TileEmitter::step(Value addressA, Value addressB,
                       SmallVector<Value> &sums) {
  SmallVector<Value> rowOfB;
  for (int64_t vector = 0; vector < kernel.vectors; ++vector)
    rowOfB.push_back(load(kernel.operand, kernel.b.memref,
                          b.add(addressB, vector * lanes),
                          vector + 1 == kernel.vectors, kernel.lastMaskB));
  for (int64_t row = 0; row < kernel.rows; ++row) {
    Value broadcast = broadcastOfA(b.add(addressA, row * kernel.a.rowStride));
    for (int64_t vector = 0; vector < kernel.vectors; ++vector) {
      Value &sum = sums[row * kernel.vectors + vector];
      sum = multiplyAdd(broadcast, rowOfB[vector], sum);
    }
  }
}

Value TileEmitter::broadcastOfA(Value address) {
  Type type = kernel.operand.getElementType();
  auto memref = cast<MemRefType>(kernel.a.memref.getType());
  if (memref.getElementType() == type)
    return vector::BroadcastOp::create(
        b, kernel.operand, memref::LoadOp::create(b, kernel.a.memref, address));
  // Two numbers side by side are a pair.
  Value numbers =
      vector::LoadOp::create(b, VectorType::get({2}, memref.getElementType()),
                             kernel.a.memref, address);
  Value pair =
      vector::BitCastOp::create(b, VectorType::get({1}, type), numbers);
  return vector::BroadcastOp::create(b, kernel.operand,
                                     vector::ExtractOp::create(b, pair, 0));
}

Value TileEmitter::multiplyAdd(Value a, Value bRow, Value sum) {
  if (kernel.operand == kernel.vector)
    return vector::FMAOp::create(b, a, bRow, sum);
  if (kernel.bf16 == Bf16Products::Dot)
    return createDotBf16(b, b.getLoc(), sum, a, bRow);
  // bf16 is the high half of f32.
  auto low = [&](Value pair) -> Value {
    Value half = arith::ConstantOp::create(
        b, DenseElementsAttr::get(kernel.operand, b.getI32IntegerAttr(16)));
    return vector::BitCastOp::create(b, kernel.vector,
                                     arith::ShLIOp::create(b, pair, half));
  };
  auto high = [&](Value pair) -> Value {
    Value upper = arith::ConstantOp::create(
        b, DenseElementsAttr::get(
               kernel.operand,
               b.getI32IntegerAttr(static_cast<int32_t>(0xffff0000u))));
    return vector::BitCastOp::create(b, kernel.vector,
                                     arith::AndIOp::create(b, pair, upper));
  };
  sum = vector::FMAOp::create(b, low(a), low(bRow), sum);
  return vector::FMAOp::create(b, high(a), high(bRow), sum);
}

SmallVector<Value> TileEmitter::loopOverK(Value begin, Value end,
                                          int64_t unroll,
                                          ArrayRef<Value> sums) {
  auto loop = scf::ForOp::create(b, begin, end, b.index(unroll), sums);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value k = loop.getInductionVar();
  SmallVector<Value> carried(loop.getRegionIterArgs());
  stepsFrom(k, unroll, carried);
  scf::YieldOp::create(b, carried);
  return SmallVector<Value>(loop.getResults());
}

void TileEmitter::stepsFrom(Value k, int64_t count, SmallVector<Value> &sums) {
  if (count == kUnroll)
    fetchAhead(b.div(k, kUnroll));
  Value startA = b.add(kernel.a.base, b.mul(k, kernel.a.columnStride));
  Value startB = b.add(kernel.b.base, b.mul(k, kernel.b.rowStride));
  for (int64_t u = 0; u < count; ++u)
    step(b.add(startA, u * kernel.a.columnStride),
         b.add(startB, u * kernel.b.rowStride), sums);
}

SmallVector<Value> TileEmitter::sumOverK(SmallVector<Value> sums) {
  std::optional<int64_t> depth = getConstantIntValue(kernel.k);
  if (depth && *depth <= kMostUnrolled) {
    for (int64_t k = 0; k < *depth; k += kUnroll)
      stepsFrom(b.index(k), std::min(kUnroll, *depth - k), sums);
    return sums;
  }
  Value zero = b.index(0);
  if (kernel.kIsUnrolled)
    return loopOverK(zero, kernel.k, kUnroll, sums);
  Value unrolled = b.sub(kernel.k, b.rem(kernel.k, kUnroll));
  sums = loopOverK(zero, unrolled, kUnroll, sums);
  if (!depth)
    return loopOverK(unrolled, kernel.k, 1, sums);
  stepsFrom(unrolled, *depth % kUnroll, sums);
  return sums;
}

void TileEmitter::storeTile(ArrayRef<Value> sums) {
  for (int64_t row = 0; row < kernel.rows; ++row)
    for (int64_t vector = 0; vector < kernel.vectors; ++vector) {
      Value sum = sums[row * kernel.vectors + vector];
      Value address = addressInC(row, vector);
      if (kernel.lastMaskC && vector + 1 == kernel.vectors)
        vector::MaskedStoreOp::create(b, kernel.c.memref, address,
                                      kernel.lastMaskC, sum);
      else
        vector::StoreOp::create(b, sum, kernel.c.memref, address);
    }
}

} // namespace

void foregrad::compiler::emitMicroKernel(KernelBuilder &builder,
                                         const MicroKernel &kernel) {
  TileEmitter(builder, kernel).emit();
}
