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
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace foregrad::compiler;

namespace {

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
                               SmallVector<Value> sums);
  void step(Value addressA, Value addressB, SmallVector<Value> &sums);

  SmallVector<Value> startTile();
  SmallVector<Value> loadTile();
  Value load(Value memref, Value address, bool last, Value mask);
  Value addressInC(int64_t row, int64_t vector) {
    return b.add(kernel.c.base, row * kernel.c.rowStride + vector * lanes);
  }

  KernelBuilder &b;
  const MicroKernel &kernel;
  const int64_t lanes;
};

Value TileEmitter::load(Value memref, Value address, bool last, Value mask) {
  if (!last || !mask)
    return vector::LoadOp::create(b, kernel.vector, memref, address);
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(kernel.vector));
  return vector::MaskedLoadOp::create(b, kernel.vector, memref, address, mask,
                                      zero);
}

SmallVector<Value> TileEmitter::loadTile() {
  SmallVector<Value> tile;
  for (int64_t row = 0; row < kernel.rows; ++row)
    for (int64_t vector = 0; vector < kernel.vectors; ++vector)
      tile.push_back(load(kernel.c.memref, addressInC(row, vector),
                          vector + 1 == kernel.vectors, kernel.lastMaskC));
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
        tile.push_back(load(start.memref, address, vector + 1 == kernel.vectors,
                            kernel.lastMaskC));
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

/// One step of k: a row of B into registers, an element of A at a time.
void TileEmitter::step(Value addressA, Value addressB,
                       SmallVector<Value> &sums) {
  SmallVector<Value> rowOfB;
  for (int64_t vector = 0; vector < kernel.vectors; ++vector)
    rowOfB.push_back(load(kernel.b.memref, b.add(addressB, vector * lanes),
                          vector + 1 == kernel.vectors, kernel.lastMaskB));
  for (int64_t row = 0; row < kernel.rows; ++row) {
    Value element = memref::LoadOp::create(
        b, kernel.a.memref, b.add(addressA, row * kernel.a.rowStride));
    Value broadcast = vector::BroadcastOp::create(b, kernel.vector, element);
    for (int64_t vector = 0; vector < kernel.vectors; ++vector) {
      Value &sum = sums[row * kernel.vectors + vector];
      sum = vector::FMAOp::create(b, broadcast, rowOfB[vector], sum);
    }
  }
}

SmallVector<Value> TileEmitter::loopOverK(Value begin, Value end,
                                          int64_t unroll,
                                          SmallVector<Value> sums) {
  auto loop = scf::ForOp::create(b, begin, end, b.index(unroll), sums);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value k = loop.getInductionVar();
  SmallVector<Value> carried(loop.getRegionIterArgs());
  Value startA = b.add(kernel.a.base, b.mul(k, kernel.a.columnStride));
  Value startB = b.add(kernel.b.base, b.mul(k, kernel.b.rowStride));
  for (int64_t u = 0; u < unroll; ++u)
    step(b.add(startA, u * kernel.a.columnStride),
         b.add(startB, u * kernel.b.rowStride), carried);
  scf::YieldOp::create(b, carried);
  return SmallVector<Value>(loop.getResults());
}

SmallVector<Value> TileEmitter::sumOverK(SmallVector<Value> sums) {
  Value zero = b.index(0);
  if (kernel.kIsUnrolled)
    return loopOverK(zero, kernel.k, kUnroll, std::move(sums));
  Value unrolled = b.sub(kernel.k, b.rem(kernel.k, kUnroll));
  if (getConstantIntValue(unrolled) != 0)
    sums = loopOverK(zero, unrolled, kUnroll, std::move(sums));
  return loopOverK(unrolled, kernel.k, 1, std::move(sums));
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
