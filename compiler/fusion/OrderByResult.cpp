//===- OrderByResult.cpp - One result after the other ---------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// A rule writes the whole primal first. What a greedy block needs for its
// gradients would then wait, in memory, until all blocks are through. Here ops
// move to the result that first needs them, and results that need the fewest
// ops come first: block by block where blocks are greedy, from the last layer
// back under backpropagation.
//
//===----------------------------------------------------------------------===//

#include "compiler/fusion/Fusion.h"
#include "dialects/fg/Fg.h"
#include "llvm/ADT/BitVector.h"

using namespace mlir;

namespace foregrad::compiler {
namespace {

/// The ops of an entry in their order, and what each of them needs.
struct EntryOps {
  explicit EntryOps(Block &block) {
    for (Operation &op : block) {
      number[&op] = static_cast<unsigned>(ops.size());
      ops.push_back(&op);
    }
  }

  /// All that `op` needs, itself included, as numbers.
  llvm::BitVector neededBy(Operation *op) const {
    llvm::BitVector needed(static_cast<unsigned>(ops.size()));
    SmallVector<Operation *> worklist = {op};
    needed.set(number.lookup(op));
    while (!worklist.empty())
      for (Value operand : worklist.pop_back_val()->getOperands())
        if (Operation *definition = operand.getDefiningOp();
            definition && !needed.test(number.lookup(definition))) {
          needed.set(number.lookup(definition));
          worklist.push_back(definition);
        }
    return needed;
  }

  SmallVector<Operation *> ops;
  llvm::DenseMap<Operation *, unsigned> number;
};

/// Reads come first, and writes stay where they are: the order of both is that
/// of the entry's buffers.
void orderByResult(fg::EntryOp entry) {
  Block &block = entry.getBody().front();
  EntryOps all(block);
  SmallVector<llvm::BitVector> results;
  SmallVector<std::pair<unsigned, size_t>> cheapest; // ops needed, result
  for (fg::WriteOp write : block.getOps<fg::WriteOp>())
    if (Operation *value = write.getValue().getDefiningOp()) {
      cheapest.push_back({0, results.size()});
      results.push_back(all.neededBy(value));
      cheapest.back().first = results.back().count();
    }
  llvm::sort(cheapest);

  SmallVector<Operation *> order;
  llvm::BitVector placed(static_cast<unsigned>(all.ops.size()));
  for (auto [number, op] : llvm::enumerate(all.ops))
    if (isa<fg::ReadOp>(op)) {
      placed.set(static_cast<unsigned>(number));
      order.push_back(op);
    }
  for (auto [count, result] : cheapest)
    for (unsigned number : results[result].set_bits())
      if (!placed.test(number)) {
        placed.set(number);
        order.push_back(all.ops[number]);
      }
  for (Operation *op : llvm::reverse(order))
    op->moveBefore(&block, block.begin());
}

struct OrderByResultPass
    : PassWrapper<OrderByResultPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(OrderByResultPass)

  StringRef getArgument() const override { return "fg-order-by-result"; }
  StringRef getDescription() const override {
    return R"(Compute an entry's results one after the other, those that need least first.

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
    getOperation().walk([](fg::EntryOp entry) { orderByResult(entry); });
  }
};

} // namespace

std::unique_ptr<Pass> createOrderByResultPass() {
  return std::make_unique<OrderByResultPass>();
}

} // namespace foregrad::compiler
