//===- OrderByResult.cpp - One result after the other ---------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// A rule writes the whole primal first. What a greedy block needs for its
// gradients would then wait, in memory, until all blocks are through. Here ops
// move to the result that first needs them, and next comes the result after
// which the least is kept for the others: block by block where blocks are
// greedy, from the last layer back under backpropagation. What only goes on
// with sums over samples (updates of parameters) comes last: who reads a
// parameter has read it before it changes in place.
//
//===----------------------------------------------------------------------===//

#include "compiler/fusion/Fusion.h"
#include "dialects/fg/Fg.h"
#include "llvm/ADT/BitVector.h"

#include <limits>
#include <vector>

using namespace mlir;

namespace foregrad::compiler {
namespace {

/// Results that are looked at for the next place, those that need the fewest
/// more ops: with all of them the time would grow with the cube of their
/// number.
constexpr size_t kMostCandidates = 16;

class Orderer {
public:
  explicit Orderer(Block &block) : block(block) {
    for (Operation &op : block) {
      number[&op] = static_cast<unsigned>(ops.size());
      ops.push_back(&op);
    }
    placed.resize(static_cast<unsigned>(ops.size()));
    last.resize(static_cast<unsigned>(ops.size()));
    for (Operation *op : llvm::reverse(ops))
      if (comesLast(op))
        last.set(number.lookup(op));
    waiting.resize(ops.size());
    for (Operation &op : block)
      if (!isa<fg::WriteOp>(op))
        for (Operation *definition : operandsOf(&op))
          ++waiting[number.lookup(definition)];
  }

  /// Reads come first, and writes stay where they are: the order of both is
  /// that of the entry's buffers.
  void run() {
    for (Operation *op : ops)
      if (isa<fg::ReadOp>(op))
        place(op);
    for (fg::WriteOp write : block.getOps<fg::WriteOp>())
      if (Operation *value = write.getValue().getDefiningOp())
        results.push_back(neededBy(value).reset(last));
    while (!results.empty())
      placeNext();
    for (unsigned at : last.set_bits())
      place(ops[at]);
    for (Operation *op : llvm::reverse(order))
      op->moveBefore(&block, block.begin());
  }

private:
  static SmallVector<Operation *> operandsOf(Operation *op) {
    SmallVector<Operation *> definitions;
    for (Value operand : op->getOperands())
      if (Operation *definition = operand.getDefiningOp())
        definitions.push_back(definition);
    return definitions;
  }

  /// All that `op` needs, itself included, as numbers.
  llvm::BitVector neededBy(Operation *op) const {
    llvm::BitVector needed(static_cast<unsigned>(ops.size()));
    SmallVector<Operation *> worklist = {op};
    needed.set(number.lookup(op));
    while (!worklist.empty())
      for (Operation *definition : operandsOf(worklist.pop_back_val()))
        if (unsigned at = number.lookup(definition); !needed.test(at)) {
          needed.set(at);
          worklist.push_back(definition);
        }
    return needed;
  }

  static bool isForSamples(Value value) {
    auto type = dyn_cast<fg::ArrayType>(value.getType());
    return type && type.findAxis(fg::kBatchAxis) >= 0;
  }

  /// Whether neither `op` nor what needs its results has to do with samples.
  bool comesLast(Operation *op) const {
    return !isa<fg::ReadOp, fg::WriteOp>(op) &&
           llvm::none_of(op->getOperands(), isForSamples) &&
           llvm::none_of(op->getResults(), isForSamples) &&
           llvm::all_of(op->getUsers(), [&](Operation *user) {
             return isa<fg::WriteOp>(user) || last.test(number.lookup(user));
           });
  }

  /// What an op's results take for the samples of a batch. Other arrays do not
  /// grow with the batch, and sums over samples go on until the last one.
  static int64_t sampleBytes(Operation *op) {
    int64_t bytes = 0;
    for (Value result : op->getResults())
      if (isForSamples(result) && !isa<fg::ReadOp>(op)) {
        auto type = fg::arrayType(result);
        bytes +=
            type.getNumElements() *
            llvm::divideCeil(type.getElementType().getIntOrFloatBitWidth(), 8);
      }
    return bytes;
  }

  void place(Operation *op) {
    placed.set(number.lookup(op));
    order.push_back(op);
    for (Operation *definition : operandsOf(op))
      --waiting[number.lookup(definition)];
  }

  /// By how many bytes more is kept for other results once the ops `fresh`,
  /// which are not placed yet, are through.
  int64_t keptMore(const llvm::BitVector &fresh) const {
    llvm::SmallDenseMap<unsigned, unsigned> used;
    for (unsigned at : fresh.set_bits())
      for (Operation *definition : operandsOf(ops[at]))
        ++used[number.lookup(definition)];
    int64_t bytes = 0;
    for (unsigned at : fresh.set_bits())
      if (waiting[at] > used.lookup(at))
        bytes += sampleBytes(ops[at]);
    for (auto [at, uses] : used)
      if (placed.test(at) && waiting[at] == uses)
        bytes -= sampleBytes(ops[at]);
    return bytes;
  }

  void placeNext() {
    SmallVector<std::pair<unsigned, size_t>> cheapest; // ops, result
    for (auto [i, result] : llvm::enumerate(results)) {
      result.reset(placed);
      cheapest.push_back({result.count(), i});
    }
    llvm::sort(cheapest);
    cheapest.truncate(std::min(cheapest.size(), kMostCandidates));
    size_t best = 0;
    int64_t least = std::numeric_limits<int64_t>::max();
    for (auto [count, i] : cheapest)
      if (int64_t kept = keptMore(results[i]); kept < least) {
        best = i;
        least = kept;
      }
    llvm::BitVector chosen = std::move(results[best]);
    results.erase(results.begin() + static_cast<ptrdiff_t>(best));
    for (unsigned at : chosen.set_bits())
      place(ops[at]);
  }

  Block &block;
  SmallVector<Operation *> ops, order;
  llvm::DenseMap<Operation *, unsigned> number;
  std::vector<unsigned> waiting; // uses by ops that are not placed yet
  llvm::BitVector placed, last;
  std::vector<llvm::BitVector> results; // what each of them still needs
};

struct OrderByResultPass
    : PassWrapper<OrderByResultPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(OrderByResultPass)

  StringRef getArgument() const override { return "fg-order-by-result"; }
  StringRef getDescription() const override {
    return R"(Compute an entry's results one after the other, so that little is kept for later ones.

    %h1 = fg.relu %z1
    %h2 = fg.relu %z2          // needs %h1
    %g1 = fg.contract %h1, %e1
    %g2 = fg.contract %h2, %e2

  becomes, where %g1 and %g2 are written to buffers,

    %h1 = fg.relu %z1
    %g1 = fg.contract %h1, %e1
    %h2 = fg.relu %z2
    %g2 = fg.contract %h2, %e2

  so that %h1 need not be kept any longer.)";
  }

  void runOnOperation() override {
    getOperation().walk(
        [](fg::EntryOp entry) { Orderer(entry.getBody().front()).run(); });
  }
};

} // namespace

std::unique_ptr<Pass> createOrderByResultPass() {
  return std::make_unique<OrderByResultPass>();
}

} // namespace foregrad::compiler
