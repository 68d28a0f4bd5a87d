//===- TaskEmitter.cpp - The parallel loop of a matrix product ------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// What a task does:
//
//   for outer k, for chunks of k:
//     pack its block of B, of all its groups
//     for its blocks of rows, as a rule one:
//       pack the block of A, of all its groups
//       for tiles of rows, for groups: for tiles of columns: micro-kernel
//
// Rows are outside of columns, so that a tile's rows of A stay in L1 while the
// block of B passes by from L2. Where B's panels were made ahead a task may go
// through all of B, which L2 need not hold: then columns are outside. Groups
// are side by side in a row, so that rows read in place along k are outside of
// groups and memory is read along its rows; others have groups outside: packed
// rows are apart by group, and of rows read in place across k L1 keeps those of
// a group at most.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/gemm/TaskEmitter.h"

#include "compiler/lowering/gemm/IndexMath.h"
#include "compiler/lowering/gemm/MicroKernel.h"
#include "compiler/lowering/gemm/PackEmitter.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

#include <tuple>
#include <utility>

using namespace mlir;
using namespace foregrad::compiler;

namespace {

/// Where the current iteration of the loops stands in each operand.
struct Position {
  Value a, b, c, start;
  Value k; // steps before it
};

class TaskEmitter {
public:
  TaskEmitter(OpBuilder &builder, Location loc, const Contraction &contraction,
              const Blocking &blocking, bool overwrite, Bf16Products bf16)
      : b(loc, builder), x(contraction), blocking(blocking),
        overwrite(overwrite), bf16(bf16),
        vector(VectorType::get({blocking.lanes}, contraction.type)) {}

  scf::ForallOp emit();

private:
  int64_t tasks() const;
  Value allocate(int64_t elements, Type type);
  void allocateScratch();
  std::pair<Value, Value> share(Value number, int64_t perBlock, int64_t count);
  void decodeTask(Value task, Position &position);
  Position advance(const Position &from, const ContractionDim &dim, Value by);

  void loopOverOuterK(ArrayRef<ContractionDim> dims, Position at,
                      Value isFirst);
  void loopOverChunks(const Position &at, Value isFirst);
  void blocks(const Position &at, Value k, Value isFirst);
  void block(const Position &at, Value k, Value isFirst);
  void setRows(Value block);
  void packTilesOfA(const Position &at, Value k);
  void packTilesOfB(const Position &at, Value k, Value first, Value end);
  PackRequest packRequest(Value k);
  void tile(const Position &at, Value k, Value isFirst, Value group,
            const TileClass &rows, Value rowTile, const TileClass &columns,
            Value columnTile);
  Value nextTile(const MicroKernel &kernel, const TileClass &columns);
  /// Numbers in a step over k of panels of these columns.
  int64_t panelStep(const TileClass &columns) const {
    return columns.width * (blocking.packsPanels && x.isPaired ? 2 : 1);
  }
  /// Iterations of a tile that ask for what comes behind it.
  int64_t fetchingIterations() const { return blocking.kChunk / kUnroll; }
  int64_t fetchStep(const TileClass &columns) const;
  Value nextPanel(const Position &at, const MicroKernel &kernel,
                  const TileClass &columns, Value column, Value rowTile);
  void stageC(const Position &at, Value row, Value column,
              const TileClass &rows, const TileClass &columns, bool toScratch);

  /// The i1 `i == 0`, and'ed with `isFirst` (null: true).
  Value andIsZero(Value isFirst, Value i) {
    Value zero =
        b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::eq, i, b.index(0));
    return isFirst ? b.createOrFold<arith::AndIOp>(isFirst, zero) : zero;
  }

  KernelBuilder b;
  const Contraction &x;
  const Blocking &blocking;
  const bool overwrite;
  const Bf16Products bf16;
  const VectorType vector; // of C

  Value a, bMatrix, c, start;     // flat operands
  Value packedA, packedB, staged; // scratch of the task
  Value firstRow, endRow, firstColumn, endColumn, firstGroup, endGroup; // tiles
};

int64_t TaskEmitter::tasks() const {
  int64_t count =
      blocking.rowTasks() * blocking.columns.blocks() * blocking.groupBlocks(x);
  for (const ContractionDim &dim : x.batch)
    count *= dim.size;
  return count;
}

Value TaskEmitter::allocate(int64_t elements, Type type) {
  return memref::AllocaOp::create(b, MemRefType::get({elements}, type),
                                  b.getI64IntegerAttr(64));
}

void TaskEmitter::allocateScratch() {
  if (blocking.packA != PackKind::Direct)
    packedA = allocate(blocking.packedA(), panelType(x));
  if (blocking.packsB())
    packedB = allocate(blocking.packedB(x), panelType(x));
  if (blocking.stagedC)
    staged =
        allocate(blocking.rows.widest() * blocking.columns.widest(), x.type);
}

Position TaskEmitter::advance(const Position &from, const ContractionDim &dim,
                              Value by) {
  return {b.add(from.a, b.mul(by, dim.a)), b.add(from.b, b.mul(by, dim.b)),
          b.add(from.c, b.mul(by, dim.c)),
          b.add(from.start, b.mul(by, dim.start)), from.k};
}

/// The first of `count` that are in block `number` of `perBlock`, and the end.
std::pair<Value, Value> TaskEmitter::share(Value number, int64_t perBlock,
                                           int64_t count) {
  Value first = b.mul(number, perBlock);
  Value end = b.add(first, perBlock);
  return {first, count % perBlock == 0 ? end : b.min(end, b.index(count))};
}

void TaskEmitter::setRows(Value block) {
  std::tie(firstRow, endRow) =
      share(block, blocking.rows.tilesPerBlock, blocking.rows.count);
}

/// Task numbers count, fastest first: blocks of columns, of rows, of groups,
/// then the batch loops.
void TaskEmitter::decodeTask(Value task, Position &position) {
  int64_t remaining = tasks();
  auto take = [&](int64_t size) {
    remaining /= size;
    Value digit = remaining == 1 ? task : b.rem(task, size);
    task = b.div(task, size);
    return size == 1 ? b.index(0) : digit;
  };
  std::tie(firstColumn, endColumn) =
      share(take(blocking.columns.blocks()), blocking.columns.tilesPerBlock,
            blocking.columns.count);
  Value rowBlock = take(blocking.rowTasks());
  if (!blocking.rowBlocksInside)
    setRows(rowBlock);
  std::tie(firstGroup, endGroup) =
      share(take(blocking.groupBlocks(x)), blocking.groupsPerBlock,
            x.group ? x.group->size : 1);
  for (const ContractionDim &dim : llvm::reverse(x.batch))
    position = advance(position, dim, take(dim.size));
}

scf::ForallOp TaskEmitter::emit() {
  a = emitFlat(b, b.getLoc(), x.a);
  bMatrix = emitFlat(b, b.getLoc(), x.b);
  c = emitFlat(b, b.getLoc(), x.c);
  if (x.start)
    start = emitFlat(b, b.getLoc(), *x.start);
  SmallVector<OpFoldResult> bounds = {b.getIndexAttr(tasks())};
  auto forall = scf::ForallOp::create(b, bounds, ValueRange{}, std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(forall.getBody());
  allocateScratch();
  Value zero = b.index(0);
  Position position{zero, zero, zero, zero, zero};
  decodeTask(forall.getInductionVar(0), position);
  loopOverOuterK(x.outerK, position, Value());
  return forall;
}

void TaskEmitter::loopOverOuterK(ArrayRef<ContractionDim> dims, Position at,
                                 Value isFirst) {
  if (dims.empty())
    return loopOverChunks(at, isFirst);
  const ContractionDim &dim = dims.front();
  b.loop(b.index(0), b.index(dim.size), 1, [&](Value i) {
    loopOverOuterK(dims.drop_front(), advance(at, dim, i),
                   andIsZero(isFirst, i));
  });
}

void TaskEmitter::loopOverChunks(const Position &at, Value isFirst) {
  int64_t size = x.k.size, chunk = blocking.kChunk;
  b.loop(b.index(0), b.index(size), chunk, [&](Value k) {
    Value steps = size % chunk == 0
                      ? b.index(chunk)
                      : b.min(b.index(chunk), b.sub(b.index(size), k));
    Value first = size > chunk ? andIsZero(isFirst, k) : isFirst;
    Position chunkAt = advance(at, x.k, k);
    chunkAt.k = k;
    blocks(chunkAt, steps, first);
  });
}

PackRequest TaskEmitter::packRequest(Value k) {
  PackRequest request;
  request.type = panelType(x);
  request.isPaired = x.isPaired;
  request.lanes = blocking.lanes;
  request.k = k;
  request.firstGroup = firstGroup;
  request.endGroup = endGroup;
  return request;
}

void TaskEmitter::packTilesOfB(const Position &at, Value k, Value first,
                               Value end) {
  PackRequest request = packRequest(k);
  request.kind = blocking.packB;
  request.sourceType = x.typeB;
  request.roundedType = x.roundedTypeB;
  request.source = bMatrix;
  request.base = at.b;
  request.strideK = x.k.b;
  request.stridePair = x.pairB;
  request.strideI = x.n.b;
  request.sourceDepth = x.panelDepthB;
  request.firstSourceStep = at.k;
  request.strideGroup = x.group ? x.group->b : 0;
  request.size = x.n.size;
  request.panels = packedB;
  request.panel = blocking.packedPanelB(x);
  request.panelGroup = request.panel * blocking.columns.tilesPerBlock;
  request.tiling = &blocking.columns;
  request.firstTile = first;
  request.endTile = end;
  request.tail = blocking.columnTail;
  emitPackB(b, request);
}

void TaskEmitter::packTilesOfA(const Position &at, Value k) {
  PackRequest request = packRequest(k);
  request.kind = blocking.packA;
  request.sourceType = x.typeA;
  request.source = a;
  request.base = at.a;
  request.strideK = x.k.a;
  request.stridePair = x.pairA;
  request.strideI = x.m.a;
  request.strideGroup = x.group ? x.group->a : 0;
  request.size = x.m.size;
  if (blocking.packA == PackKind::Rows)
    request.rowWidth = blocking.packedRowA();
  request.panels = packedA;
  request.panel = blocking.packedPanelA();
  request.panelGroup = request.panel * blocking.rows.tilesPerBlock;
  request.tiling = &blocking.rows;
  request.firstTile = firstRow;
  request.endTile = endRow;
  emitPackA(b, request);
}

void TaskEmitter::blocks(const Position &at, Value k, Value isFirst) {
  if (blocking.packsB() && !blocking.packsPanels)
    packTilesOfB(at, k, firstColumn, endColumn);
  if (!blocking.rowBlocksInside)
    return block(at, k, isFirst);
  b.loop(b.index(0), b.index(blocking.rows.blocks()), 1, [&](Value number) {
    setRows(number);
    block(at, k, isFirst);
  });
}

void TaskEmitter::block(const Position &at, Value k, Value isFirst) {
  if (blocking.packA != PackKind::Direct)
    packTilesOfA(at, k);
  auto forGroups = [&](llvm::function_ref<void(Value)> body) {
    b.loop(firstGroup, endGroup, 1, body);
  };
  auto forRows = [&](llvm::function_ref<void(const TileClass &, Value)> body) {
    for (const TileClass &rows : blocking.rows.classes)
      forTilesOfClass(b, blocking.rows, rows, firstRow, endRow,
                      [&](Value rowTile) { body(rows, rowTile); });
  };
  auto forColumns =
      [&](llvm::function_ref<void(const TileClass &, Value)> body) {
        for (const TileClass &columns : blocking.columns.classes)
          forTilesOfClass(b, blocking.columns, columns, firstColumn, endColumn,
                          [&](Value tile) { body(columns, tile); });
      };
  auto rowTileOfGroup = [&](Value group, const TileClass &rows, Value rowTile) {
    forColumns([&](const TileClass &columns, Value columnTile) {
      tile(at, k, isFirst, group, rows, rowTile, columns, columnTile);
    });
  };
  if (blocking.columnsAreOutside(x))
    forColumns([&](const TileClass &columns, Value columnTile) {
      if (blocking.packsPanels)
        packTilesOfB(at, k, columnTile, b.add(columnTile, 1));
      forRows([&](const TileClass &rows, Value rowTile) {
        tile(at, k, isFirst, firstGroup, rows, rowTile, columns, columnTile);
      });
    });
  else if (blocking.packA == PackKind::Direct && x.kIsAlongA())
    forRows([&](const TileClass &rows, Value rowTile) {
      forGroups([&](Value group) { rowTileOfGroup(group, rows, rowTile); });
    });
  else
    forGroups([&](Value group) {
      forRows([&](const TileClass &rows, Value rowTile) {
        rowTileOfGroup(group, rows, rowTile);
      });
    });
}

void TaskEmitter::tile(const Position &block, Value k, Value isFirst,
                       Value group, const TileClass &rows, Value rowTile,
                       const TileClass &columns, Value columnTile) {
  Position at = x.group ? advance(block, *x.group, group) : block;
  Value groupNumber = b.sub(group, firstGroup);
  Value row = tileStart(b, rows, rowTile);
  Value column = tileStart(b, columns, columnTile);
  MicroKernel kernel;
  kernel.vector = vector;
  kernel.operand = VectorType::get({blocking.lanes}, panelType(x));
  kernel.bf16 = bf16;
  kernel.rows = rows.width;
  kernel.vectors = columns.width / blocking.lanes;
  if (blocking.packA == PackKind::Direct)
    kernel.a = {a, b.add(at.a, b.mul(row, x.m.a)), x.m.a, x.k.a};
  else
    kernel.a = {packedA,
                b.mul(b.add(b.mul(groupNumber, blocking.rows.tilesPerBlock),
                            b.sub(rowTile, firstRow)),
                      blocking.packedPanelA()),
                1, rows.width};
  if (blocking.packA == PackKind::Rows)
    kernel.a.rowStride = blocking.packedRowA(), kernel.a.columnStride = 1;

  Value mask;
  bool tail =
      blocking.columnTail && &columns == &blocking.columns.classes.back();
  bool inPlace = blocking.packB == PackKind::Direct;
  if (tail && (inPlace || !blocking.stagedC)) {
    Value lastVector = b.add(column, columns.width - blocking.lanes);
    mask = vector::CreateMaskOp::create(
        b, VectorType::get({blocking.lanes}, b.getI1Type()),
        b.sub(b.index(x.n.size), lastVector));
  }
  if (inPlace) {
    kernel.b = {bMatrix, b.add(at.b, b.mul(column, x.n.b)), x.k.b, 1};
    kernel.lastMaskB = mask;
  } else if (blocking.aheadB) {
    Value inPanel =
        b.add(b.mul(column, x.panelDepthB), b.mul(at.k, columns.width));
    kernel.b = {bMatrix, b.add(at.b, inPanel), columns.width, 1};
  } else if (blocking.packsPanels) {
    kernel.b = {packedB, b.index(0), columns.width, 1};
  } else {
    kernel.b = {packedB,
                b.mul(b.add(b.mul(groupNumber, blocking.columns.tilesPerBlock),
                            b.sub(columnTile, firstColumn)),
                      blocking.packedPanelB(x)),
                columns.width, 1};
  }

  Value inPanelC;
  if (blocking.stagedC) {
    kernel.c = {staged, b.index(0), columns.width, 1};
  } else if (x.panelDepthC != 0) {
    inPanelC = b.add(b.mul(column, x.panelDepthC), b.mul(row, columns.width));
    kernel.c = {c, b.add(at.c, inPanelC), columns.width, 1};
  } else {
    Value base = b.add(at.c, b.add(b.mul(row, x.m.c), column));
    kernel.c = {c, base, x.m.c, 1};
    kernel.lastMaskC = mask;
  }
  if (blocking.fetchesB) {
    kernel.fetchedB = bMatrix;
    kernel.fetchStepB = fetchStep(columns);
    kernel.nextB = nextPanel(at, kernel, columns, column, rowTile);
  }
  kernel.k = k;
  kernel.kIsUnrolled =
      x.k.size % kUnroll == 0 && blocking.kChunk % kUnroll == 0;
  // A null `isFirst` means that there is but one chunk.
  auto constant = [&](bool value) -> Value {
    return arith::ConstantOp::create(b, b.getBoolAttr(value));
  };
  if (!overwrite)
    kernel.begins = constant(false);
  else if (isFirst)
    kernel.begins = isFirst;
  if (blocking.fetchesC && kernel.begins)
    kernel.nextC = nextTile(kernel, columns);
  // What has a number of its own for each of C lies as C does.
  if (x.start && inPanelC && x.n.start == 1)
    kernel.start = {start, b.add(at.start, inPanelC), columns.width, 1};
  else if (x.start)
    kernel.start = {
        start,
        b.add(at.start, b.add(b.mul(row, x.m.start), b.mul(column, x.n.start))),
        x.m.start, x.n.start};

  if (blocking.stagedC && kernel.begins) {
    auto load = scf::IfOp::create(
        b, b.createOrFold<arith::XOrIOp>(kernel.begins, constant(true)),
        /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(load.thenBlock());
    stageC(at, row, column, rows, columns, /*toScratch=*/true);
  }
  emitMicroKernel(b, kernel);
  if (blocking.stagedC)
    stageC(at, row, column, rows, columns, /*toScratch=*/false);
}

/// Where the tile behind this one begins: along the inner loop.
Value TaskEmitter::nextTile(const MicroKernel &kernel,
                            const TileClass &columns) {
  int64_t step = blocking.columnsAreOutside(x)
                     ? kernel.rows * kernel.c.rowStride
                     : columns.width * std::max<int64_t>(x.panelDepthC, 1);
  int64_t tile = (kernel.rows - 1) * kernel.c.rowStride + columns.width;
  int64_t last = std::max<int64_t>(0, x.c.elements - tile);
  return b.min(b.add(kernel.c.base, step), b.index(last));
}

/// How many elements of the panel behind this one each kUnroll steps over k ask
/// for, so that a task's tiles of rows together ask for all of it.
int64_t TaskEmitter::fetchStep(const TileClass &columns) const {
  int64_t line = lineElements(getElementTypeOrSelf(bMatrix.getType()));
  int64_t times =
      std::max<int64_t>(1, blocking.rows.tilesPerBlock * fetchingIterations());
  return std::min(line, int64_t(llvm::divideCeil(
                            blocking.kChunk * panelStep(columns), times)));
}

/// Where in the panel of B behind this one, or of what B is packed from, the
/// share of a tile of rows begins. What none has asked for the first tile
/// behind it must wait for.
Value TaskEmitter::nextPanel(const Position &at, const MicroKernel &kernel,
                             const TileClass &columns, Value column,
                             Value rowTile) {
  int64_t share = fetchingIterations() * kernel.fetchStepB;
  Value chunk =
      b.add(b.mul(column, x.panelDepthB), b.mul(at.k, panelStep(columns)));
  Value next =
      b.add(b.add(at.b, chunk), b.add(b.index(columns.width * x.panelDepthB),
                                      b.mul(b.sub(rowTile, firstRow), share)));
  return b.min(next, b.index(std::max<int64_t>(0, x.b.elements - share)));
}

/// Moves a tile of C, whose columns are apart, from or to scratch.
void TaskEmitter::stageC(const Position &at, Value row, Value column,
                         const TileClass &rows, const TileClass &columns,
                         bool toScratch) {
  Value width = b.min(b.index(columns.width), b.sub(b.index(x.n.size), column));
  b.loop(b.index(0), b.index(rows.width), 1, [&](Value i) {
    b.loop(b.index(0), width, 1, [&](Value j) {
      Value inC = b.add(at.c, b.add(b.mul(b.add(row, i), x.m.c),
                                    b.mul(b.add(column, j), x.n.c)));
      Value inScratch = b.add(b.mul(i, columns.width), j);
      if (toScratch) {
        Value element = memref::LoadOp::create(b, c, inC);
        memref::StoreOp::create(b, element, staged, inScratch);
      } else {
        Value element = memref::LoadOp::create(b, staged, inScratch);
        memref::StoreOp::create(b, element, c, inC);
      }
    });
  });
}

} // namespace

scf::ForallOp foregrad::compiler::emitTasks(OpBuilder &builder, Location loc,
                                            const Contraction &contraction,
                                            const Blocking &blocking,
                                            bool overwrite, Bf16Products bf16) {
  return TaskEmitter(builder, loc, contraction, blocking, overwrite, bf16)
      .emit();
}
