//===- ChainKernels.cpp - Kernels that need not wait for each other -------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// The pass --fg-chain-kernels. All threads wait at the end of a kernel until
// the last one is through: for a kernel of ten microseconds that is a good part
// of its time, the more the further apart cores are. But kernels cut the rows
// of a tile at the same places, and what a task of one kernel reads was mostly
// written by the same task of the kernel before. Where all of it was, the two
// become a chain, whose tasks do one after the other; and so on with the next.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/chains/ChainKernels.h"

#include "compiler/lowering/chains/Footprint.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Pass/Pass.h"
#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "fg-chain-kernels"

using namespace mlir;

namespace foregrad::compiler {

namespace {

/// So many small kernels in a row are worth several threads.
constexpr size_t kEnoughKernels = 4;

/// A kernel, or several of which each task goes on with the next.
struct Chain {
  SmallVector<scf::ForallOp> kernels;
  Footprint footprint; // of all, in tasks of the chain
};

class Chainer {
public:
  explicit Chainer(int64_t enoughTasks) : enough(enoughTasks) {}

  /// Chains the kernels of a line of ops, and of the lines inside of it.
  void run(Block &line) {
    std::optional<Chain> chain;
    auto finish = [&] {
      if (chain) {
        if (chain->kernels.size() > 1)
          mark(*chain);
        if (chain->kernels.size() < kEnoughKernels)
          makeSerial(chain->kernels);
      }
      chain.reset();
    };
    for (Operation &op : line) {
      if (auto kernel = dyn_cast<scf::ForallOp>(op)) {
        std::optional<Footprint> own = Footprint::of(kernel);
        if (chain && own && extend(*chain, kernel, *own))
          continue;
        finish();
        if (own)
          chain = Chain{{kernel}, std::move(*own)};
        else
          makeSerial(kernel);
        continue;
      }
      if (isa<memref::AllocOp, memref::DeallocOp>(op) ||
          (op.getNumRegions() == 0 && isMemoryEffectFree(&op) &&
           !op.hasTrait<OpTrait::IsTerminator>()))
        continue;
      finish();
      for (Region &region : op.getRegions())
        for (Block &inner : region)
          run(inner);
    }
    finish();
  }

private:
  bool extend(Chain &chain, scf::ForallOp kernel, const Footprint &own) {
    int64_t before = chain.footprint.tasks(), after = own.tasks();
    int64_t tasks = std::min(before, after);
    if (before % tasks != 0 || after % tasks != 0 ||
        tasks < std::min(enough, std::max(before, after)))
      return false;
    Footprint both = chain.footprint.inTasks(tasks), next = own.inTasks(tasks);
    if (Footprint::conflict(both, next))
      return false;
    both.include(next);
    chain.footprint = std::move(both);
    chain.kernels.push_back(kernel);
    return true;
  }

  /// Where all kernels are small, to start the threads would take longer.
  void makeSerial(ArrayRef<scf::ForallOp> kernels) {
    if (llvm::all_of(kernels, [](Operation *kernel) {
          return kernel->hasAttr(smallAttr);
        }))
      for (Operation *kernel : kernels)
        kernel->setAttr(serialAttr, UnitAttr::get(kernel->getContext()));
  }

  void mark(const Chain &chain) {
    scf::ForallOp first = chain.kernels.front();
    LDBG() << "chains " << chain.kernels.size() << " kernels in "
           << chain.footprint.tasks() << " tasks";
    auto number =
        IntegerAttr::get(IntegerType::get(first.getContext(), 64), chains++);
    for (scf::ForallOp kernel : chain.kernels)
      kernel->setAttr(chainAttr, number);
    for (Value buffer : chain.footprint.cutBuffers()) {
      auto alloc = buffer.getDefiningOp<memref::AllocOp>();
      if (!alloc)
        continue;
      SmallVector<int64_t> all;
      if (auto former = alloc->getAttrOfType<DenseI64ArrayAttr>(cutAttr))
        all.append(former.asArrayRef().begin(), former.asArrayRef().end());
      all.push_back(number.getInt());
      alloc->setAttr(cutAttr, DenseI64ArrayAttr::get(first.getContext(), all));
    }
  }

  int64_t chains = 0;
  const int64_t enough;
};

struct ChainKernelsPass
    : public PassWrapper<ChainKernelsPass, OperationPass<func::FuncOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ChainKernelsPass)

  ChainKernelsPass() = default;
  ChainKernelsPass(const ChainKernelsPass &other) : PassWrapper(other) {}
  explicit ChainKernelsPass(const TargetDescription &target) {
    tasks = target.enoughTasks();
  }

  StringRef getArgument() const final { return "fg-chain-kernels"; }
  StringRef getDescription() const final {
    return R"(Let each task go on with the next kernel where it needs nothing of other tasks.

    scf.forall (%i) in (8) { writes rows 4 * %i .. 4 * %i + 3 of %h }
    scf.forall (%i) in (16) { reads rows 2 * %i and 2 * %i + 1 of %h }

  become

    scf.forall (%i) in (8) { writes .. } {fg.chain = 0 : i64}
    scf.forall (%i) in (16) { reads .. } {fg.chain = 0 : i64}

  which --fg-outline-kernels makes one kernel of 8 tasks.)";
  }

  void runOnOperation() override {
    Chainer chainer(tasks);
    for (Block &block : getOperation().getBody())
      chainer.run(block);
  }

  Option<int64_t> tasks{*this, "tasks",
                        llvm::cl::desc("that a chain should have at least"),
                        llvm::cl::init(8)};
};

} // namespace

std::unique_ptr<Pass> createChainKernelsPass(const TargetDescription &target) {
  return std::make_unique<ChainKernelsPass>(target);
}

void registerChainKernelsPass() { PassRegistration<ChainKernelsPass>(); }

} // namespace foregrad::compiler
