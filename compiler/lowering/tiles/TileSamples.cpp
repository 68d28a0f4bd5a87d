//===- TileSamples.cpp - A step goes tile by tile through memory ----------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// The pass --fg-tile-samples. What an entry computes for a sample needs nothing
// of the other samples, but for sums over all of them (gradients, the loss),
// and these need no sample twice. So the line of ops becomes
//
//   stage 0: what needs no sample (fills, noise of weights)
//   stage 1: for each tile of samples: all that is computed for samples
//   stage 2: what needs the sums (updates of parameters)
//
// and what is computed for samples takes memory for one tile only, which stays
// in the caches. Where something for samples needs sums over all of them, a
// second loop follows (stage 3), and what passes from one to the other is kept
// whole.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/tiles/TileSamples.h"

#include "compiler/lowering/tiles/SampleDims.h"
#include "compiler/lowering/tiles/SumInLanes.h"
#include "dialects/fg/Fg.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/DebugLog.h"

#include <cmath>
#include <map>

#define DEBUG_TYPE "fg-tile-samples"

using namespace mlir;

namespace foregrad::compiler {

namespace {

/// What a tile may take, in units of a core's L2: a tile is shared by all
/// cores, and lies in the next cache as far as it exceeds theirs.
constexpr int64_t kTileOfL2 = 2;

/// Each tile reads all weights again and adds to all gradients: at most such a
/// part of what it reads and writes for its samples, or the tile is made larger
/// than the caches would have it. Measured: M/8/16 goes by 4 samples, in bf16
/// too, whose copies make a sample's part larger.
constexpr double kMostOfWeights = 0.14;

/// Samples of a tile at least, as far as there are: loops over the samples of a
/// lane then stay loops, in which ops are fused and random numbers drawn in
/// whole blocks. Not where that takes more than some times what a tile may
/// take: with many directions a sample has rows enough.
constexpr int64_t kLeastSamples = 2 * kSumLanes;
constexpr int64_t kMostForLeast = 6;

/// The buffer that `value` is a view of.
Value rootOf(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isKnownView(op))
      break;
    value = op->getOperand(0);
  }
  return value;
}

/// Whether an op computes or copies; others define.
bool isStep(Operation *op) { return isa<linalg::LinalgOp>(op) || copiedBy(op); }

/// What an op does to a buffer.
struct Access {
  Value root;
  bool writes;
  bool bySample; // only its own sample's part
  bool adds;     // a sum over samples goes on
};

struct Step {
  Operation *op;
  bool tiled; // runs for a part of the samples
  SmallVector<Access, 4> accesses;
  int64_t stage = 0;              // odd: in a loop over tiles
  SmallVector<unsigned, 4> later; // steps that must not come before
};

class Tiler {
public:
  Tiler(func::FuncOp function, SampleDims dims, int64_t wanted,
        int64_t tileBytes, int64_t bf16Bytes)
      : function(function), dims(std::move(dims)), wanted(wanted),
        tileBytes(tileBytes), bf16Bytes(bf16Bytes) {}

  /// Returns why nothing was done, or an empty string.
  std::string run();

private:
  std::string collect();
  void addStep(Operation *op);
  void findStages();
  void findInside();
  int64_t bytesOf(Value buffer) const;
  int64_t bytesOfSample() const;
  int64_t samplesForWeights() const;
  int64_t chooseTile() const;

  void hoistDefinitions();
  void emitStage(int64_t stage, int64_t tile);
  void emitLoop(ArrayRef<unsigned> inLoop, int64_t begin, int64_t end,
                int64_t tile);
  Value inTile(OpBuilder &builder, Value value, Value first, int64_t tile,
               IRMapping &mapping);

  Block &body() { return function.getBody().front(); }

  func::FuncOp function;
  SampleDims dims;
  const int64_t wanted, tileBytes, bf16Bytes;
  std::vector<Step> steps;
  llvm::DenseSet<Value> inside; // allocations of one loop alone
};

void Tiler::addStep(Operation *op) {
  Step step{op, dims.loopOf(op).has_value(), {}, 0, {}};
  auto add = [&](Value buffer, bool writes, bool adds) {
    step.accesses.push_back({rootOf(buffer), writes,
                             step.tiled && dims.dimOf(buffer).has_value(),
                             adds});
  };
  if (auto loops = dyn_cast<linalg::LinalgOp>(op)) {
    for (OpOperand &operand : op->getOpOperands()) {
      if (!isa<MemRefType>(operand.get().getType()))
        continue;
      bool writes = loops.isDpsInit(&operand);
      add(operand.get(), writes,
          writes && loops.payloadUsesValueFromOperand(&operand));
    }
    op->walk([&](memref::LoadOp load) {
      add(load.getMemRef(), /*writes=*/false, /*adds=*/false);
    });
  } else {
    auto [from, to] = *copiedBy(op);
    add(from, /*writes=*/false, /*adds=*/false);
    add(to, /*writes=*/true, /*adds=*/false);
  }
  steps.push_back(std::move(step));
}

std::string Tiler::collect() {
  for (Operation &op : body().without_terminator()) {
    if (isStep(&op)) {
      addStep(&op);
      continue;
    }
    bool definition = isa<memref::AllocOp>(op) ||
                      (isMemoryEffectFree(&op) && op.getNumRegions() == 0);
    if (!definition)
      return ("'" + op.getName().getStringRef() + "' stands between loop nests")
          .str();
  }
  if (llvm::none_of(steps, [](const Step &step) { return step.tiled; }))
    return "nothing is computed for samples";
  return "";
}

/// By how many stages a later step must come after an earlier one that touches
/// the same buffer.
int64_t distance(const Step &step, const Access &first, const Step &next,
                 const Access &second) {
  if (!step.tiled || !next.tiled)
    return step.tiled || next.tiled ? 1 : 0;
  bool apart = first.bySample && second.bySample;
  bool sums = first.adds && second.adds;
  return apart || sums ? 0 : 2;
}

/// Each step into the first stage that it can be in; those that no loop needs,
/// into the last one, so that nothing is kept through a loop without need.
void Tiler::findStages() {
  llvm::DenseMap<Value, SmallVector<std::pair<unsigned, Access>>> touched;
  for (unsigned i = 0; i < steps.size(); ++i) {
    Step &next = steps[i];
    next.stage = next.tiled ? 1 : 0;
    for (const Access &access : next.accesses)
      for (auto [number, before] : touched[access.root]) {
        if (number == i || !(before.writes || access.writes))
          continue;
        Step &step = steps[number];
        next.stage = std::max(
            next.stage, step.stage + distance(step, before, next, access));
        step.later.push_back(i);
      }
    for (const Access &access : next.accesses)
      touched[access.root].push_back({i, access});
  }
  for (Step &step : llvm::reverse(steps)) {
    if (step.tiled || step.later.empty())
      continue;
    int64_t latest = std::numeric_limits<int64_t>::max();
    for (unsigned later : step.later)
      latest =
          std::min(latest, steps[later].stage - (steps[later].tiled ? 1 : 0));
    step.stage = std::max(step.stage, latest);
  }
}

/// Allocations that only one loop uses, each sample its own part.
void Tiler::findInside() {
  llvm::MapVector<Value, std::optional<int64_t>> stages; // nothing: several
  for (const Step &step : steps)
    for (const Access &access : step.accesses) {
      bool fits =
          access.bySample && access.root.getDefiningOp<memref::AllocOp>();
      auto [found, isNew] = stages.try_emplace(
          access.root, fits ? std::optional(step.stage) : std::nullopt);
      if (!isNew && (!fits || found->second != step.stage))
        found->second = std::nullopt;
    }
  for (auto [root, stage] : stages)
    if (stage)
      inside.insert(root);
}

int64_t Tiler::bytesOf(Value buffer) const {
  auto type = cast<MemRefType>(buffer.getType());
  int64_t ofNumber = type.getElementType().isBF16()
                         ? bf16Bytes
                         : llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  return type.getNumElements() * ofNumber;
}

/// The bytes that are in use at once for one sample, at most.
int64_t Tiler::bytesOfSample() const {
  llvm::MapVector<Value, std::pair<size_t, size_t>> lives;
  for (auto [i, step] : llvm::enumerate(steps))
    for (const Access &access : step.accesses)
      if (inside.contains(access.root))
        lives.try_emplace(access.root, i, i).first->second.second = i;
  std::map<size_t, int64_t> changes;
  for (auto &[root, life] : lives) {
    int64_t bytes = bytesOf(root) / dims.samples();
    changes[life.first] += bytes;
    changes[life.second + 1] -= bytes;
  }
  int64_t now = 0, most = 0;
  for (auto [at, change] : changes)
    most = std::max(most, now += change);
  return most;
}

/// How many samples make up for reading the weights.
int64_t Tiler::samplesForWeights() const {
  double ofSample = 0, ofWeights = 0;
  for (const Step &step : steps)
    for (const Access &access : step.accesses) {
      if (!step.tiled)
        continue;
      auto bytes = static_cast<double>(bytesOf(access.root));
      if (access.bySample)
        ofSample += bytes / static_cast<double>(dims.samples());
      else
        ofWeights += access.writes ? 2 * bytes : bytes;
    }
  double enough = ofWeights / (kMostOfWeights * std::max(ofSample, 1.0));
  return static_cast<int64_t>(
      std::min(std::ceil(enough), static_cast<double>(dims.samples())));
}

int64_t Tiler::chooseTile() const {
  int64_t samples = dims.samples();
  if (wanted != 0)
    return std::min(wanted, samples);
  int64_t ofSample = std::max<int64_t>(bytesOfSample(), 1);
  int64_t room = tileBytes / ofSample;
  int64_t least =
      kLeastSamples * ofSample <= kMostForLeast * tileBytes ? kLeastSamples : 1;
  int64_t forWeights = samplesForWeights();
  LDBG() << "room for " << room << " samples; for the weights " << forWeights;
  int64_t most = std::min(std::max({room, forWeights, least}), samples);
  // Two tiles would gain little.
  if (2 * most > samples)
    return samples;
  // Equal tiles, even if they are larger or smaller by a third. (By more, bp of
  // L/8/64 would go by 16 samples, which takes 1.19 of the time with 8.)
  for (int64_t tile = most; tile < samples && tile * 3 <= most * 4; ++tile)
    if (samples % tile == 0)
      return tile;
  for (int64_t tile = most; tile * 3 > most * 2; --tile)
    if (samples % tile == 0)
      return tile;
  return llvm::divideCeil(samples, llvm::divideCeil(samples, most));
}

/// Allocations, views and constants go to the top, in their order.
void Tiler::hoistDefinitions() {
  Operation *first = &body().front();
  for (Operation &op : llvm::make_early_inc_range(body().without_terminator()))
    if (!isStep(&op)) {
      if (&op == first)
        first = op.getNextNode();
      else
        op.moveBefore(first);
    }
}

/// What `value` is for the samples from `first` on.
Value Tiler::inTile(OpBuilder &builder, Value value, Value first, int64_t tile,
                    IRMapping &mapping) {
  std::optional<int64_t> dim =
      isa<MemRefType>(value.getType()) ? dims.dimOf(value) : std::nullopt;
  if (!dim)
    return value;
  if (Value known = mapping.lookupOrNull(value))
    return known;
  Location loc = value.getLoc();
  auto type = cast<MemRefType>(value.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape[*dim] = tile;

  Value result;
  Operation *op = value.getDefiningOp();
  if (op && isKnownView(op)) {
    Value source = inTile(builder, op->getOperand(0), first, tile, mapping);
    if (auto expand = dyn_cast<memref::ExpandShapeOp>(op)) {
      result = memref::ExpandShapeOp::create(builder, loc, shape, source,
                                             expand.getReassociationIndices());
    } else if (auto collapse = dyn_cast<memref::CollapseShapeOp>(op)) {
      result = memref::CollapseShapeOp::create(
          builder, loc, source, collapse.getReassociationIndices());
    } else {
      auto part = cast<memref::SubViewOp>(op);
      SmallVector<OpFoldResult> sizes = part.getMixedSizes();
      sizes[*dim] = builder.getIndexAttr(tile);
      result = memref::SubViewOp::create(builder, loc, source,
                                         part.getMixedOffsets(), sizes,
                                         part.getMixedStrides());
    }
  } else if (inside.contains(value)) {
    auto alloc = cast<memref::AllocOp>(op);
    result = memref::AllocOp::create(
        builder, loc, MemRefType::get(shape, type.getElementType()),
        alloc.getAlignmentAttr());
  } else {
    int64_t stride = 1;
    for (int64_t size : type.getShape().drop_front(*dim + 1))
      stride *= size;
    Value by = arith::MulIOp::create(
        builder, loc, first,
        arith::ConstantIndexOp::create(builder, loc, stride));
    Value shifted = fg::ShiftOp::create(builder, loc, type, value, by);
    SmallVector<OpFoldResult> sizes =
        getAsIndexOpFoldResult(builder.getContext(), shape);
    SmallVector<OpFoldResult> offsets(shape.size(), builder.getIndexAttr(0));
    SmallVector<OpFoldResult> strides(shape.size(), builder.getIndexAttr(1));
    result = memref::SubViewOp::create(builder, loc, shifted, offsets, sizes,
                                       strides);
  }
  mapping.map(value, result);
  return result;
}

void Tiler::emitLoop(ArrayRef<unsigned> inLoop, int64_t begin, int64_t end,
                     int64_t tile) {
  OpBuilder builder(body().getTerminator());
  Location loc = function.getLoc();
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  auto loop =
      scf::ForOp::create(builder, loc, index(begin), index(end), index(tile));
  builder.setInsertionPointToStart(loop.getBody());
  Value first = loop.getInductionVar();

  IRMapping mapping;
  for (unsigned number : inLoop) {
    Operation *op = steps[number].op;
    IRMapping operands;
    auto fetch = dyn_cast<fg::FetchOp>(op);
    for (Value operand : op->getOperands())
      if (!fetch || operand != fetch.getBatch())
        operands.map(operand, inTile(builder, operand, first, tile, mapping));
    Operation *copy = builder.clone(*op, operands);
    if (fetch)
      cast<fg::FetchOp>(copy).getFirstMutable().assign(first);
    copy->walk([&](linalg::IndexOp position) {
      if (static_cast<int64_t>(position.getDim()) != dims.loopOf(op))
        return;
      OpBuilder inner(position->getContext());
      inner.setInsertionPointAfter(position);
      auto sample = arith::AddIOp::create(inner, position.getLoc(),
                                          position.getResult(), first);
      position.getResult().replaceAllUsesExcept(sample, sample);
    });
  }
}

void Tiler::emitStage(int64_t stage, int64_t tile) {
  SmallVector<unsigned> numbers;
  for (auto [i, step] : llvm::enumerate(steps))
    if (step.stage == stage)
      numbers.push_back(static_cast<unsigned>(i));
  if (stage % 2 == 0) {
    for (unsigned number : numbers)
      steps[number].op->moveBefore(body().getTerminator());
    return;
  }
  if (numbers.empty())
    return;
  int64_t even = dims.samples() / tile * tile;
  emitLoop(numbers, 0, even, tile);
  if (even != dims.samples())
    emitLoop(numbers, even, dims.samples(), dims.samples() - even);
  for (unsigned number : numbers)
    steps[number].op->erase();
}

std::string Tiler::run() {
  if (std::string why = collect(); !why.empty())
    return why;
  findStages();
  findInside();
  int64_t tile = chooseTile();
  if (tile == dims.samples())
    return "";
  int64_t stages = 0;
  for (const Step &step : steps)
    stages = std::max(stages, step.stage + 1);
  hoistDefinitions();
  for (int64_t stage = 0; stage < stages; ++stage)
    emitStage(stage, tile);
  // Views and allocations that only the loops used.
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body())))
    if (op.use_empty() && (isa<memref::AllocOp>(op) || isOpTriviallyDead(&op)))
      op.erase();
  return "";
}

struct TileSamplesPass
    : public PassWrapper<TileSamplesPass, OperationPass<func::FuncOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(TileSamplesPass)

  TileSamplesPass() = default;
  TileSamplesPass(const TileSamplesPass &other) : PassWrapper(other) {}
  TileSamplesPass(int64_t tile, const TargetDescription &target) {
    samples = tile;
    bytes = kTileOfL2 * target.l2Bytes;
    // They are kept as f32 (--fg-keep-wide).
    if (target.bf16 == Bf16Products::Widened)
      bf16Bytes = sizeof(float);
  }

  StringRef getArgument() const final { return "fg-tile-samples"; }
  StringRef getDescription() const final {
    return R"(Run what is computed for samples tile by tile.

    %h = memref.alloc() : memref<128x512xf32>
    linalg.generic ins(%x : memref<128x48xf32>, ...) outs(%h : memref<128x512xf32>)
    linalg.generic ins(%x, %h) outs(%gradient : memref<48x512xf32>)

  becomes

    scf.for %first = %c0 to %c128 step %c4 {
      %from = fg.shift %x by %first * 48
      %tile = memref.subview %from[0, 0] [4, 48] [1, 1]
      %h = memref.alloc() : memref<4x512xf32>
      linalg.generic ins(%tile, ...) outs(%h : memref<4x512xf32>)
      linalg.generic ins(%tile, %h) outs(%gradient : memref<48x512xf32>)
    }

  Nothing changes where a tile would be all samples.)";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, fg::FgDialect, memref::MemRefDialect,
                    scf::SCFDialect>();
  }

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal() || !llvm::hasSingleElement(function.getBody()))
      return;
    std::string why;
    std::optional<SampleDims> dims = SampleDims::analyze(function, why);
    if (dims)
      why = Tiler(function, std::move(*dims), samples, bytes, bf16Bytes).run();
    if (!why.empty())
      LDBG() << function << " is not tiled: " << why;
  }

  Option<int64_t> samples{
      *this, "samples",
      llvm::cl::desc("of a tile; 0: as many as `bytes` allows"),
      llvm::cl::init(0)};
  Option<int64_t> bytes{*this, "bytes", llvm::cl::desc("that a tile may take"),
                        llvm::cl::init(4 << 20)};
  Option<int64_t> bf16Bytes{
      *this, "bf16-bytes",
      llvm::cl::desc("that a bf16 number will take in a tile"),
      llvm::cl::init(2)};
};

} // namespace

std::unique_ptr<Pass> createTileSamplesPass(const TargetDescription &target,
                                            int64_t samples) {
  return std::make_unique<TileSamplesPass>(samples, target);
}

void registerTileSamplesPass() { PassRegistration<TileSamplesPass>(); }

} // namespace foregrad::compiler
