//===- LimitEntry.cpp - Code that measures its machine --------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Part of the artifact and not of the runtime, since only the compiler knows
// which instructions and registers the kernels beside it use: the limit of AVX2
// code is another one than that of its machine.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/limit/LimitEntry.h"

#include "compiler/lowering/TargetPass.h"
#include "compiler/lowering/abi/OutlineKernels.h"
#include "compiler/lowering/gemm/DotBf16.h"
#include "compiler/lowering/noise/NoiseEmitter.h"
#include "dialects/fg/Fg.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Pass/PassRegistry.h"

using namespace mlir;

namespace foregrad::compiler {

namespace {

/// Pieces of each kernel: a multiple of most numbers of workers, so that all of
/// them work to the end.
constexpr int64_t kPieces = 960;

/// Operations of a piece, about: some microseconds, beside which handing a
/// piece out takes nothing.
constexpr int64_t kPieceFlops = 1 << 20;

/// Random numbers of a piece: it takes some microseconds too, and f32 numbers
/// leave half of a first-level cache free.
constexpr int64_t kPieceDraws = 64 * int64_t(fg::kNoiseBlock);

class LimitWriter {
public:
  LimitWriter(ModuleOp module, const TargetDescription &description,
              bool isDouble, bool dots, std::optional<fg::NoiseLaw> law)
      : b(module.getLoc(), OpBuilder::atBlockEnd(module.getBody())),
        target(description), dots(dots), law(law),
        element(isDouble ? FloatType(b.getF64Type())
                         : FloatType(b.getF32Type())) {}

  void write() {
    auto function =
        func::FuncOp::create(b, kLimitEntry, b.getFunctionType({}, {}));
    b.setInsertionPointToStart(function.addEntryBlock());
    writeMultiplyAdds();
    writeCopies();
    if (law)
      writeDraws();
    func::ReturnOp::create(b);
  }

private:
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, value);
  }
  Value splat(VectorType type, double value) {
    return arith::ConstantOp::create(
        b, DenseElementsAttr::get(
               type, b.getFloatAttr(type.getElementType(), value)));
  }
  Value pairs(int32_t bits) {
    return arith::ConstantOp::create(
        b, DenseElementsAttr::get(
               VectorType::get({target.lanes(4)}, b.getI32Type()),
               b.getI32IntegerAttr(bits)));
  }
  /// A kernel of kPieces; `body` gets the number of the piece.
  scf::ForallOp kernel(StringRef what, int64_t flops, int64_t bytes,
                       llvm::function_ref<void(Value)> body);
  void writeMultiplyAdds();
  void writeCopies();
  void writeDraws();

  ImplicitLocOpBuilder b;
  const TargetDescription &target;
  const bool dots;
  const std::optional<fg::NoiseLaw> law;
  FloatType element;
};

scf::ForallOp LimitWriter::kernel(StringRef what, int64_t flops, int64_t bytes,
                                  llvm::function_ref<void(Value)> body) {
  auto forall =
      scf::ForallOp::create(b, ArrayRef<OpFoldResult>{b.getIndexAttr(kPieces)},
                            ValueRange(), std::nullopt);
  forall->setAttr(whatAttr, b.getStringAttr(what));
  forall->setAttr(flopsAttr, b.getI64IntegerAttr(flops * kPieces));
  forall->setAttr(bytesAttr, b.getI64IntegerAttr(bytes * kPieces));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(forall.getBody());
  body(forall.getInductionVar(0));
  return forall;
}

/// As many sums as the registers hold beside the factors, each needing its own
/// former value only: so many are on their way at once that no unit waits.
void LimitWriter::writeMultiplyAdds() {
  int64_t lanes = target.lanes(element.getIntOrFloatBitWidth() / 8);
  int64_t sums = target.vectorRegisters * 3 / 4;
  int64_t flopsOfRound = (dots ? 4 : 2) * lanes * sums;
  int64_t rounds = kPieceFlops / flopsOfRound;
  auto type = VectorType::get({lanes}, element);
  Value results =
      memref::AllocOp::create(b, MemRefType::get({kPieces * lanes}, element));
  kernel("multiply-adds in registers", flopsOfRound * rounds, 0,
         [&](Value piece) {
           // Towards 2, from different numbers: equal sums would be one. Dots
           // add the same number each time: pairs of 0.5 times pairs of 1.
           Value factor = dots ? pairs(0x3f003f00) : splat(type, 0.5),
                 addend = dots ? pairs(0x3f803f80) : splat(type, 1);
           SmallVector<Value> start;
           for (int64_t i = 0; i < sums; ++i)
             start.push_back(splat(type, static_cast<double>(i)));
           auto loop =
               scf::ForOp::create(b, index(0), index(rounds), index(1), start);
           {
             OpBuilder::InsertionGuard guard(b);
             b.setInsertionPointToStart(loop.getBody());
             SmallVector<Value> next;
             for (Value sum : loop.getRegionIterArgs())
               next.push_back(
                   dots ? createDotBf16(b, b.getLoc(), sum, factor, addend)
                        : vector::FMAOp::create(b, sum, factor, addend)
                              .getResult());
             scf::YieldOp::create(b, next);
           }
           Value all = loop.getResult(0);
           for (Value sum : loop.getResults().drop_front())
             all = arith::AddFOp::create(b, all, sum);
           Value at = arith::MulIOp::create(b, piece, index(lanes));
           vector::StoreOp::create(b, all, results, ValueRange(at));
         });
}

/// From one quarter of each worker's second-level cache to another one: where
/// tiles of samples keep what is between their kernels. As whole numbers, whose
/// speed does not depend on what lies there.
void LimitWriter::writeCopies() {
  int64_t lanes = target.lanes(4), step = 4 * lanes;
  int64_t count = target.l2Bytes / 16 / step * step;
  auto type = VectorType::get({lanes}, b.getI32Type());
  auto memory = MemRefType::get({count}, b.getI32Type());
  kernel("copies in L2", 0, 2 * 4 * count, [&](Value piece) {
    Value from = memref::AllocaOp::create(b, memory);
    Value to = memref::AllocaOp::create(b, memory);
    // Plain copies become calls of memcpy, which may go around the caches.
    Value number = arith::IndexCastOp::create(b, b.getI32Type(), piece);
    Value change = vector::BroadcastOp::create(b, type, number);
    auto loop = scf::ForOp::create(b, index(0), index(count), index(step));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    for (int64_t i = 0; i < step; i += lanes) {
      Value at = arith::AddIOp::create(b, loop.getInductionVar(), index(i));
      Value read = vector::LoadOp::create(b, type, from, ValueRange(at));
      vector::StoreOp::create(b, arith::XOrIOp::create(b, read, change), to,
                              ValueRange(at));
    }
  });
}

/// Whole blocks, as many side by side as kernels draw. Seed and step are
/// what happens to lie in memory: of constants, keys would be constants too.
void LimitWriter::writeDraws() {
  int64_t lanes = std::min(target.lanes(element.getIntOrFloatBitWidth() / 8),
                           int64_t(fg::kNoiseLanes));
  int64_t step = noiseBlocksTogether(/*streams=*/1, lanes, target) *
                 int64_t(fg::kNoiseBlock);
  Value keys = memref::AllocOp::create(b, MemRefType::get({2}, b.getI64Type()));
  auto forall = kernel("draws", 0, 0, [&](Value piece) {
    Value site = arith::ConstantOp::create(b, b.getI32IntegerAttr(0));
    Value seed = memref::LoadOp::create(b, keys, index(0));
    Value number = memref::LoadOp::create(b, keys, index(1));
    NoiseStream stream{*law, site, seed, number};
    Value to =
        memref::AllocaOp::create(b, MemRefType::get({kPieceDraws}, element));
    auto loop =
        scf::ForOp::create(b, index(0), index(kPieceDraws), index(step));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value first = loop.getInductionVar();
    SmallVector<Value> numbers =
        emitNoiseBlocks(b, b.getLoc(), stream, piece, first, element, lanes,
                        size_t(step / lanes));
    for (auto [i, vector] : llvm::enumerate(numbers)) {
      Value at = arith::AddIOp::create(b, first, index(int64_t(i) * lanes));
      vector::StoreOp::create(b, vector, to, ValueRange(at));
    }
  });
  forall->setAttr(drawsAttr, b.getI64IntegerAttr(kPieceDraws * kPieces));
}

struct LimitEntryPass : TargetPass<LimitEntryPass, ModuleOp> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LimitEntryPass)

  LimitEntryPass() = default;
  LimitEntryPass(const LimitEntryPass &other) : TargetPass(other) {}
  LimitEntryPass(const TargetDescription &target, bool isDoublePrecision,
                 bool usesDots, std::optional<fg::NoiseLaw> law)
      : TargetPass(target) {
    isDouble = isDoublePrecision;
    dots = usesDots;
    if (law)
      draws = fg::stringifyLaw(static_cast<fg::Law>(*law)).str();
  }

  StringRef getArgument() const override { return "fg-limit-entry"; }
  StringRef getDescription() const override {
    return R"(Add the entry `limit`, which measures what the target can do at most.

    func.func @limit() {
      %results = memref.alloc() : memref<15360xf32>
      scf.forall (%piece) in (960) {
        %sums:24 = scf.for ... iter_args(%sum0 = ..., ...) {
          %next0 = vector.fma %sum0, %factor, %addend : vector<16xf32>
          ...
        }
        vector.store ..., %results
      } {fg.flops = ..., fg.what = "multiply-adds in registers"}
      scf.forall (%piece) in (960) {
        ... vector.load %from, vector.store %to ...
      } {fg.bytes = ..., fg.what = "copies in L2"}
      return
    }

  and with a law a third kernel, which draws random numbers.)";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, func::FuncDialect, LLVM::LLVMDialect,
                    math::MathDialect, memref::MemRefDialect, scf::SCFDialect,
                    vector::VectorDialect>();
  }
  void runOnOperation() override {
    std::optional<fg::NoiseLaw> law;
    if (!draws.empty()) {
      std::optional<fg::Law> known = fg::symbolizeLaw(draws);
      if (!known) {
        getOperation().emitError("no law '") << draws << "'";
        return signalPassFailure();
      }
      law = static_cast<fg::NoiseLaw>(*known);
    }
    LimitWriter(getOperation(), describedTarget(), isDouble, dots, law).write();
  }

  Option<bool> isDouble{*this, "double", llvm::cl::desc("f64 and not f32"),
                        llvm::cl::init(false)};
  Option<bool> dots{*this, "dots", llvm::cl::desc("pairs of bf16, in f32"),
                    llvm::cl::init(false)};
  Option<std::string> draws{
      *this, "draws",
      llvm::cl::desc("law of the random numbers to draw; empty: none")};
};

} // namespace

std::unique_ptr<Pass> createLimitEntryPass(const TargetDescription &target,
                                           bool isDouble, bool dots,
                                           std::optional<fg::NoiseLaw> law) {
  return std::make_unique<LimitEntryPass>(target, isDouble, dots, law);
}

void registerLimitEntryPass() {
  registerPass([] { return createLimitEntryPass(TargetDescription()); });
}

} // namespace foregrad::compiler
