//===- Blocking.cpp - How a matrix product is cut into tasks --------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// All candidates (widths of the register tile, blocks of rows, columns and
// groups) are few enough to be tried in turn against the cost model.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/gemm/Blocking.h"

#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace mlir;
using namespace foregrad::compiler;

namespace {

/// Scratch of a task: at most this for each packed operand, whatever the L2.
constexpr int64_t kMostPackedB = 512 << 10;
constexpr int64_t kMostPackedA = 256 << 10;
/// More rows would need more broadcasts in flight than loads can feed.
constexpr int64_t kMostTileRows = 12;
/// What a vector costs that comes from beyond L2, in cycles.
constexpr double kOuterCycles = 20;
/// What a vector costs that the prefetcher brings from beyond L2, in cycles.
constexpr double kStreamCycles = 1;
/// What a byte of a panel of B costs that L1 does not keep from one tile of
/// rows to the next, in cycles beside the arithmetic. Then tiles of many rows
/// are best, which need the fewest bytes for a multiply-add: 5.3 with 12 x 2
/// vectors of 64 bytes, 7.1 with 9 x 3.
constexpr double kPanelByteCycles = 1.0 / 256;
/// Bytes of L1 that no two of share a set: a page, by which processors find
/// the set before they know the page.
constexpr int64_t kWayBytes = 4096;
/// What a number of A costs that L1 has lost since the step over k before, in
/// cycles beside the arithmetic.
constexpr double kLostCycles = 0.5;
/// What a line costs that a step over k reads from L2, because L1 has lost it
/// since the tile before, in cycles beside the arithmetic.
constexpr double kLineCycles = 0.1;
/// Ways of L2 at least, and at most: lines that share a set may be as many as
/// the one, and those do that are an L2 divided by the other apart.
constexpr int64_t kLeastWaysOfL2 = 8, kMostWaysOfL2 = 16;
/// What it costs to begin a row of PackKind::Rows, in cycles.
constexpr double kRowCycles = 12;
/// What a vector costs that another core has written, in cycles.
constexpr double kSharedCycles = 20;
/// Of rows: enough for many cores.
constexpr int64_t kMostParts = 64;
/// What it costs to hand out a task, in cycles.
constexpr double kTaskCycles = 2000;
/// Less is not worth a second thread.
constexpr double kSmallCycles = 4 * kTaskCycles;
/// What it costs that threads wait for one of them, twice.
constexpr double kWaitCycles = 8 * kTaskCycles;

int64_t ceilDiv(int64_t x, int64_t y) { return (x + y - 1) / y; }

/// `size` units in tiles of at most `most`, as even as possible: some of one
/// width, the rest one narrower.
Tiling evenTiling(int64_t size, int64_t most) {
  Tiling tiling;
  tiling.count = ceilDiv(size, most);
  int64_t width = ceilDiv(size, tiling.count);
  int64_t narrower = tiling.count * width - size;
  int64_t wide = tiling.count - narrower;
  tiling.classes.push_back({0, wide, width, 0});
  if (narrower > 0)
    tiling.classes.push_back({wide, tiling.count, width - 1, wide});
  return tiling;
}

/// Tiles of vectors as tiles of columns. Where the last vector is partial, the
/// last class is the one whose tiles take masks: it must not be all tiles.
Tiling columnTiling(int64_t columns, int64_t lanes, int64_t mostVectors) {
  Tiling tiling = evenTiling(ceilDiv(columns, lanes), mostVectors);
  if (columns % lanes != 0 && tiling.classes.size() == 1 && tiling.count > 1) {
    TileClass last = tiling.classes.front();
    tiling.classes.front().end = last.begin = tiling.count - 1;
    tiling.classes.push_back(last);
  }
  for (TileClass &tiles : tiling.classes) {
    tiles.width *= lanes;
    tiles.origin *= lanes;
  }
  return tiling;
}

/// The ways to cut the columns of a product: as its panels are, or as tiles of
/// at most some number of vectors.
SmallVector<Tiling> columnTilings(const Contraction &contraction, int64_t lanes,
                                  int64_t mostVectors) {
  if (!contraction.panelWidths.empty())
    return {Tiling::ofWidths(contraction.panelWidths)};
  SmallVector<Tiling> tilings;
  for (int64_t vectors = 1; vectors <= mostVectors; ++vectors) {
    Tiling tiling = columnTiling(contraction.n.size, lanes, vectors);
    if (tiling.widest() == vectors * lanes)
      tilings.push_back(tiling);
  }
  return tilings;
}

/// Cycles to bring one vector of a packed operand into its panel.
double packCycles(PackKind kind, int64_t lanes) {
  switch (kind) {
  case PackKind::Direct:
    return 0;
  case PackKind::Copy:
  case PackKind::Rows:
    return 3;
  case PackKind::Transpose:
    return 4 + 2 * std::log2(double(lanes));
  case PackKind::Scalar:
    return 2.5 * double(lanes);
  }
  return 0;
}

/// Cycles of one step over k of a tile: two multiply-adds and two loads a
/// cycle, and chains of dependent additions that must be covered.
double tileStepCycles(int64_t rows, int64_t vectors) {
  double arithmetic = double(rows * vectors) / 2;
  double loads = double(rows + vectors) / 2;
  return std::max({arithmetic, loads, 4.0});
}

/// Into how many sets of a cache, whose ways are `way` bytes, lines fall that
/// are `stride` bytes apart.
int64_t setsOf(int64_t stride, int64_t way) {
  return way / std::gcd(way, std::max(stride, kLineBytes));
}

/// Whether reading one number of each of `rows` rows, `stride` bytes apart, in
/// turn, finds their lines no longer in L1: there are as many in a set as it
/// has ways, of which those of B need one.
bool shareSets(int64_t rows, int64_t stride, int64_t l1Bytes) {
  return ceilDiv(rows, setsOf(stride, kWayBytes)) >=
         std::max<int64_t>(1, l1Bytes / kWayBytes);
}

class CostModel {
public:
  CostModel(const Contraction &contraction, const TargetDescription &target,
            double updatesOfB)
      : contraction(contraction), target(target), updatesOfB(updatesOfB) {
    for (const ContractionDim &dim : contraction.batch) {
      batch *= dim.size;
      batchA *= dim.a != 0 ? dim.size : 1;
      batchB *= dim.b != 0 ? dim.size : 1;
    }
    for (const ContractionDim &dim : contraction.outerK)
      outerK *= dim.size;
    groups = contraction.group ? contraction.group->size : 1;
    bytes = contraction.elementBytes();
  }

  /// False where a candidate's blocks do not fit their caches.
  bool fits(const Blocking &blocking) const;
  /// Estimated time, comparable between candidates of one contraction.
  double time(const Blocking &blocking) const;
  /// Cycles of all tasks together.
  double work(const Blocking &blocking) const;
  int64_t tasks(const Blocking &blocking) const {
    return batch * blocking.rowTasks() * blocking.columns.blocks() *
           blocking.groupBlocks(contraction);
  }

private:
  /// Cycles of a step over k for numbers that are read in place, `count` side
  /// by side and `stride` elements behind those of the step before, by one tile
  /// after another.
  double inPlaceCycles(int64_t count, int64_t stride, int64_t steps) const {
    double lines = 0.5 + double(count * bytes) / kLineBytes;
    int64_t sets = setsOf(stride * bytes, target.l2Bytes / kMostWaysOfL2);
    if (ceilDiv(steps, sets) > kLeastWaysOfL2)
      return lines * kOuterCycles;
    bool inL1 = !shareSets(steps, stride * bytes, target.l1Bytes) &&
                lines * kLineBytes * double(steps) < double(target.l1Bytes) / 2;
    return inL1 ? 0 : lines * kLineCycles;
  }

  /// Cycles to get a vector of an operand of `elements` elements, of which
  /// tasks read runs of `run` elements: what exceeds L2 comes from further out,
  /// the slower the shorter the runs.
  double sourceCycles(double elements, int64_t run) const {
    if (elements * double(bytes) <= double(target.l2Bytes) / 2)
      return 0;
    return kOuterCycles * (1 + 512 / double(run * bytes));
  }

  const Contraction &contraction;
  const TargetDescription &target;
  const double updatesOfB;
  int64_t batch = 1, batchA = 1, batchB = 1; // those that an operand has
  int64_t outerK = 1, groups = 1, bytes = 4;
};

bool CostModel::fits(const Blocking &blocking) const {
  // A single panel must fit whatever the cache, else nothing would.
  bool onePanel =
      blocking.columns.tilesPerBlock == 1 && blocking.groupsPerBlock == 1;
  bool oneTile =
      blocking.rows.tilesPerBlock == 1 && blocking.groupsPerBlock == 1;
  int64_t l2 = target.l2Bytes;
  int64_t blockB = blocking.packedB(contraction);
  if (blocking.packB == PackKind::Direct)
    blockB = blocking.rows.tilesPerBlock == 1
                 ? 0
                 : blocking.kChunk * blocking.columns.widest() *
                       blocking.columns.tilesPerBlock * blocking.groupsPerBlock;
  // The slack is for the rounding of panels.
  if (!onePanel && !blocking.aheadB &&
      blockB * bytes > std::min(kMostPackedB, l2 / 2) * 9 / 8)
    return false;
  return oneTile || blocking.packA == PackKind::Direct ||
         blocking.packedA() * bytes <= std::min(kMostPackedA, l2 / 4) * 9 / 8;
}

double CostModel::work(const Blocking &blocking) const {
  auto arrays = [&](int64_t batches) {
    return double(batches * groups * outerK);
  };
  double products = arrays(batch);
  double chunks = double(ceilDiv(contraction.k.size, blocking.kChunk));
  double k = double(contraction.k.size);
  double cycles = 0;
  for (const TileClass &rows : blocking.rows.classes)
    for (const TileClass &columns : blocking.columns.classes) {
      double tiles =
          double((rows.end - rows.begin) * (columns.end - columns.begin));
      int64_t vectors = columns.width / blocking.lanes;
      double turn = 12 + 1.5 * double(rows.width * vectors);
      double step = tileStepCycles(rows.width, vectors);
      int64_t rowBytes = columns.width * bytes;
      if (blocking.rows.tilesPerBlock > 1 &&
          blocking.kChunk * rowBytes > target.l1Bytes / 2)
        step += double(rowBytes) * kPanelByteCycles;
      if (blocking.packA == PackKind::Direct &&
          shareSets(rows.width, contraction.m.a * bytes, target.l1Bytes))
        step += double(rows.width) * kLostCycles;
      if (blocking.packA == PackKind::Direct && !contraction.kIsAlongA())
        step += inPlaceCycles(rows.width, contraction.k.a, blocking.kChunk);
      if (blocking.packB == PackKind::Direct)
        step += inPlaceCycles(columns.width, contraction.k.b, blocking.kChunk);
      cycles += tiles * (k * step + chunks * turn);
    }
  // Each task packs its block of B, each block of columns packs A again.
  double vectorsB = double(ceilDiv(contraction.n.size, blocking.lanes)) * k;
  // Runs go through a task's groups, or its columns or rows, or along k.
  auto run = [&](PackKind kind, const Tiling &tiling, int64_t groupStride) {
    if (contraction.group)
      return groupStride * blocking.groupsPerBlock;
    return kind == PackKind::Copy ? tiling.widest() * tiling.tilesPerBlock
                                  : blocking.kChunk;
  };
  double elementsB = double(contraction.n.size) * k;
  int64_t runB = run(blocking.packB, blocking.columns,
                     contraction.group ? contraction.group->b : 0);
  double perVectorB = blocking.aheadB
                          ? kStreamCycles
                          : packCycles(blocking.packB, blocking.lanes) +
                                sourceCycles(elementsB * arrays(batchB), runB);
  cycles += vectorsB * perVectorB * double(blocking.rowTasks());
  double vectorsA = 0;
  for (const TileClass &rows : blocking.rows.classes)
    vectorsA +=
        double((rows.end - rows.begin) * ceilDiv(rows.width, blocking.lanes)) *
        k;
  double elementsA = double(contraction.m.size) * k;
  int64_t runA = run(blocking.packA, blocking.rows,
                     contraction.group ? contraction.group->a : 0);
  if (blocking.packA == PackKind::Rows)
    cycles += double(contraction.m.size) * chunks * kRowCycles *
              double(blocking.columns.blocks());
  cycles += (vectorsA * packCycles(blocking.packA, blocking.lanes) +
             elementsA / double(blocking.lanes) *
                 sourceCycles(elementsA * arrays(batchA), runA)) *
            double(blocking.columns.blocks());
  // Where a row has several tasks, what they read and write of it comes from
  // other cores, or goes there. Not so where k counts samples, as in gradients
  // of weights: then rows are not what cores keep to.
  if (contraction.kIsAlongA() &&
      blocking.columns.blocks() * blocking.groupBlocks(contraction) > 1)
    cycles += (elementsA + double(contraction.m.size * contraction.n.size)) /
              double(blocking.lanes) * kSharedCycles;
  // Updates of weights leave each column with the core that sums its gradient.
  // Where tasks are blocks of rows, every core reads all of them.
  double sharedB = 0;
  if (blocking.rowParts * blocking.rowTasks() > 1)
    sharedB = updatesOfB * elementsB * arrays(batchB) / double(blocking.lanes) *
              kSharedCycles;
  return products * cycles + sharedB;
}

double CostModel::time(const Blocking &blocking) const {
  auto tasks = double(this->tasks(blocking));
  double total = work(blocking) + tasks * kTaskCycles;
  double largest = total / double(batch) * blocking.largestRowShare() *
                   blocking.columns.largestShare() *
                   double(blocking.groupsPerBlock) / double(groups);
  // Few threads matter most, many a little. More than the cores that there are
  // do not, but for twice as many: code goes to other machines.
  constexpr std::pair<double, double> threadsAndWeights[] = {
      {1, 4}, {2, 4}, {4, 2}, {8, 1}, {32, 0.5}};
  double sum = 0;
  for (auto [threads, weight] : threadsAndWeights)
    if (target.cores == 0 || threads <= 2 * double(target.cores))
      sum += weight * threads *
             std::min(total, std::ceil(tasks / threads) * largest);
  return sum;
}

/// 1, 2, 4, .. tiles of `count`, and all.
SmallVector<int64_t> blockSizes(int64_t count) {
  SmallVector<int64_t> sizes;
  for (int64_t blocks = 1; blocks < count; blocks *= 2)
    if (int64_t size = ceilDiv(count, blocks);
        sizes.empty() || sizes.back() != size)
      sizes.push_back(size);
  sizes.push_back(1);
  return sizes;
}

/// Into how many equal parts `size` rows may be cut.
SmallVector<int64_t> partCounts(int64_t size) {
  SmallVector<int64_t> counts;
  for (int64_t parts = 1; parts <= std::min(size, kMostParts); ++parts)
    if (size % parts == 0)
      counts.push_back(parts);
  return counts;
}

/// The size of a panel in scratch, from what it needs: an odd number of cache
/// lines, all in elements. Packing writes to all panels of a task in turn, and
/// panels some power of two apart would share a set of L1.
int64_t apart(int64_t elements, int64_t line) {
  return (llvm::divideCeil(elements, line) | 1) * line;
}

/// k in equal chunks of at most `most`, multiples of the unrolling.
int64_t chooseChunk(int64_t k, int64_t most) {
  int64_t chunks = ceilDiv(k, most);
  if (chunks == 1)
    return k;
  // A few more chunks are worth it where they divide k evenly.
  for (int64_t more = chunks; more <= chunks + chunks / 2 + 1; ++more)
    if (k % more == 0 && (k / more) % kUnroll == 0)
      return k / more;
  return llvm::alignTo(ceilDiv(k, chunks), kUnroll);
}

} // namespace

int64_t Tiling::total() const {
  const TileClass &last = classes.back();
  return last.origin + count * last.width;
}

SmallVector<int64_t> Tiling::widths() const {
  SmallVector<int64_t> all;
  for (const TileClass &tiles : classes)
    all.append(tiles.end - tiles.begin, tiles.width);
  return all;
}

Tiling Tiling::ofWidths(ArrayRef<int64_t> widths) {
  Tiling tiling;
  tiling.count = static_cast<int64_t>(widths.size());
  int64_t wide = llvm::count(widths, widths.front());
  int64_t narrow = widths.back();
  tiling.classes.push_back({0, wide, widths.front(), 0});
  if (wide < tiling.count)
    tiling.classes.push_back(
        {wide, tiling.count, narrow, wide * (widths.front() - narrow)});
  return tiling;
}

double Tiling::largestShare() const {
  int64_t all = 0, first = 0, left = tilesPerBlock;
  for (const TileClass &tiles : classes) {
    int64_t number = tiles.end - tiles.begin;
    all += number * tiles.width;
    first += std::min(number, left) * tiles.width;
    left -= std::min(number, left);
  }
  return double(first) / double(all);
}

bool Blocking::columnsAreOutside(const Contraction &contraction) const {
  return (aheadB || packsPanels) && !contraction.group;
}

int64_t Blocking::groupBlocks(const Contraction &contraction) const {
  int64_t groups = contraction.group ? contraction.group->size : 1;
  return ceilDiv(groups, groupsPerBlock);
}

int64_t Blocking::packedRowA() const { return apart(kChunk, lanes); }

int64_t Blocking::packedPanelA() const {
  if (packA == PackKind::Rows)
    return rows.widest() * packedRowA();
  // A vector of slack: the copy of a row may write beyond its end.
  return llvm::alignTo(rows.widest() * kChunk, lanes) + lanes;
}

int64_t Blocking::packedA() const {
  return packedPanelA() * rows.tilesPerBlock * groupsPerBlock;
}

int64_t Blocking::packedB(const Contraction &contraction) const {
  int64_t panels = packsPanels ? 1 : columns.tilesPerBlock * groupsPerBlock;
  return packedPanelB(contraction) * panels;
}

int64_t Blocking::packedPanelB(const Contraction &contraction) const {
  // Whole blocks of the transposition, which may write beyond the last k.
  return apart(columns.widest() * int64_t(llvm::alignTo(kChunk, lanes)),
               kLineBytes / contraction.elementBytes());
}

namespace {

/// The best blocking of a contraction whose rows are cut into parts.
struct Choice {
  std::optional<Blocking> blocking;
  double time = 0, work = 0;
  int64_t tasks = 0;
};

/// Tries all blocks of these tiles.
void chooseBlocks(Blocking blocking, const Contraction &contraction,
                  const CostModel &model, Choice &best) {
  int64_t groups = contraction.group ? contraction.group->size : 1;
  // Several chunks of k would each go through more of C than L2 keeps.
  bool isOneChunk =
      contraction.outerK.empty() && blocking.kChunk == contraction.k.size;
  bool mayBeInside = isOneChunk && blocking.packsB() && !blocking.packsPanels;
  for (int64_t rowTiles : blockSizes(blocking.rows.count))
    for (int64_t columnTiles : blockSizes(blocking.columns.count))
      for (int64_t groupCount : blockSizes(groups)) {
        blocking.rows.tilesPerBlock = rowTiles;
        blocking.columns.tilesPerBlock = columnTiles;
        blocking.groupsPerBlock = groupCount;
        if (!model.fits(blocking))
          continue;
        for (bool inside : {false, true}) {
          if (inside && (!mayBeInside || blocking.rows.blocks() == 1))
            continue;
          blocking.rowBlocksInside = inside;
          double time = model.time(blocking);
          if (!best.blocking || time < best.time)
            best = {blocking, time, model.work(blocking),
                    model.tasks(blocking)};
        }
      }
}

void chooseWithParts(Contraction contraction, int64_t parts,
                     const TargetDescription &target, const LifeOfB &lifeB,
                     Choice &best) {
  contraction.cutRows(parts);
  const ContractionDim &m = contraction.m, &n = contraction.n,
                       &k = contraction.k;
  int64_t bytes = contraction.elementBytes();
  Blocking common;
  common.rowParts = parts;
  common.lanes = target.lanes(bytes);
  common.columnTail = n.size % common.lanes != 0;
  common.stagedC = n.c != 1 && contraction.panelDepthC == 0;
  bool isAlongA = contraction.kIsAlongA();
  bool isAlongB = contraction.isPaired ? contraction.pairB == 1 : k.b == 1;
  bool isWidened = contraction.convertsA() && !contraction.isPaired;
  common.packA = isAlongA   ? isWidened ? PackKind::Rows : PackKind::Direct
                 : m.a == 1 ? PackKind::Copy
                            : PackKind::Scalar;
  PackKind packB = n.b == 1   ? PackKind::Copy
                   : isAlongB ? PackKind::Transpose
                              : PackKind::Scalar;

  CostModel model(contraction, target, lifeB.updates);
  int64_t mostVectors = target.vectorRegisters >= 32 ? 4 : 2;
  for (const Tiling &columns :
       columnTilings(contraction, common.lanes, mostVectors)) {
    Blocking blocking = common;
    blocking.columns = columns;
    int64_t vectors = columns.widest() / blocking.lanes;
    // Accumulators, one row of B and two broadcasts stay in registers.
    int64_t tileRows = (target.vectorRegisters - vectors - 2) / vectors;
    blocking.rows =
        evenTiling(m.size, std::clamp<int64_t>(tileRows, 1, kMostTileRows));
    int64_t panelRowBytes = blocking.columns.widest() * bytes;
    int64_t mostK = std::clamp<int64_t>(
        target.l2Bytes / 2 / (4 * panelRowBytes), 64, isAlongA ? 512 : 256);
    blocking.kChunk = chooseChunk(k.size, mostK);
    // B that is a panel already, or that is hardly used again, stays in place.
    bool isPanel = blocking.columns.count == 1 && k.b == n.size;
    blocking.packB = packB == PackKind::Copy && !contraction.convertsB() &&
                             (isPanel || (parts * blocking.rows.count <= 1 &&
                                          !lifeB.isInvariant))
                         ? PackKind::Direct
                         : packB;
    if (contraction.panelDepthB != 0)
      blocking.packB = PackKind::Copy;
    blocking.aheadB = contraction.readsPanelsB() ||
                      (lifeB.isInvariant && blocking.packB != PackKind::Direct);
    blocking.packsPanels =
        contraction.panelDepthB != 0 && !blocking.aheadB && !contraction.group;
    SmallVector<PackKind, 2> kindsA = {blocking.packA},
                             kindsB = {blocking.packB};
    if (blocking.packA == PackKind::Copy && !contraction.convertsA())
      kindsA.push_back(PackKind::Direct);
    if (blocking.packsB() && blocking.packB == PackKind::Copy &&
        !contraction.convertsB())
      kindsB.push_back(PackKind::Direct);
    for (PackKind kindA : kindsA)
      for (PackKind kindB : kindsB) {
        blocking.packA = kindA;
        blocking.packB = kindB;
        chooseBlocks(blocking, contraction, model, best);
      }
    blocking.packA = kindsA.front();
    blocking.packB = kindsB.front();
    if (blocking.packA != PackKind::Direct ||
        !shareSets(blocking.rows.widest(), m.a * bytes, target.l1Bytes))
      continue;
    blocking.packA = PackKind::Rows;
    chooseBlocks(blocking, contraction, model, best);
  }
}

} // namespace

Blocking foregrad::compiler::chooseBlocking(const Contraction &contraction,
                                            const TargetDescription &target,
                                            const LifeOfB &lifeB) {
  // Parts of rows would begin inside of a panel of C.
  bool cutsRows = contraction.panelDepthC == 0;
  Choice choice;
  for (int64_t parts :
       cutsRows ? partCounts(contraction.m.size) : SmallVector<int64_t>{1})
    chooseWithParts(contraction, parts, target, lifeB, choice);
  bool isSmall = choice.work < kSmallCycles;
  // With fewer tasks than threads the others wait, and so does what comes next.
  int64_t enough = target.enoughTasks();
  if (cutsRows && choice.tasks < enough && contraction.m.size % enough == 0) {
    Choice cut;
    chooseWithParts(contraction, enough, target, lifeB, cut);
    if (cut.work < choice.work + kWaitCycles)
      choice = cut;
  }
  if (!choice.blocking)
    llvm::reportFatalInternalError("a product of no tiles");
  Blocking best = *choice.blocking;
  best.isSmall = isSmall;
  int64_t taskC = best.rows.widest() * best.rows.tilesPerBlock *
                  best.columns.widest() * best.columns.tilesPerBlock;
  best.fetchesC = !best.stagedC && best.kChunk >= kLeastFetchDepth &&
                  taskC * contraction.elementBytes() > target.l1Bytes;
  best.fetchesB =
      best.columnsAreOutside(contraction) &&
      (best.packsPanels || best.kChunk >= kLeastFetchDepth) &&
      contraction.k.size * best.columns.total() * contraction.elementBytes() >
          target.l2Bytes / 2;
  return best;
}
