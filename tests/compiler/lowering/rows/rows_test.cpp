//===- rows_test.cpp - Kernels of rows against plain loops ----------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Each program is compiled twice and run on the same random data: through
// fg-rows-to-kernels for several vector widths, with and without fusion, and
// through scalar loops. All buffers must agree, and nothing may be written
// outside of them.
//
//===----------------------------------------------------------------------===//

#include "RowCases.h"

#include "compiler/lowering/LowerToLLVM.h"
#include "compiler/lowering/linalg/LowerToLinalg.h"
#include "compiler/lowering/noise/NoiseEmitter.h"
#include "compiler/lowering/rows/RowsToKernels.h"
#include "dialects/fg/Fg.h"
#include "dialects/fg/Noise.h"

#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/ExecutionEngine/OptUtils.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"

#include "llvm/Support/TargetSelect.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <memory>
#include <random>

using namespace mlir;
using namespace foregrad::compiler;
namespace fg = foregrad::fg;
using foregrad::test::RowCase;
using foregrad::test::rowCases;

namespace {

/// The data of one memref argument, with guards on both sides.
struct Buffer {
  static constexpr size_t guard = 256;
  std::vector<unsigned char> bytes;
  size_t size = 0;
  Type element;

  unsigned char *data() { return bytes.data() + guard; }
};

using Buffers = std::vector<Buffer>;

std::string withType(std::string text, const std::string &type) {
  for (size_t at; (at = text.find("$T")) != std::string::npos;)
    text.replace(at, 2, type);
  return text;
}

/// Random numbers for each argument; integers are small labels.
Buffers makeData(func::FuncOp function) {
  std::mt19937 random(17);
  std::normal_distribution<double> normal;
  Buffers buffers;
  for (Type type : function.getArgumentTypes()) {
    auto memref = cast<MemRefType>(type);
    Buffer buffer;
    buffer.element = memref.getElementType();
    size_t width = (memref.getElementTypeBitWidth() + 7) / 8;
    size_t count = memref.getNumElements();
    buffer.size = width * count;
    buffer.bytes.assign(buffer.size + 2 * Buffer::guard, 0xA5);
    for (size_t i = 0; i < count; ++i) {
      unsigned char *at = buffer.data() + i * width;
      if (buffer.element.isF32()) {
        auto value = float(normal(random));
        std::memcpy(at, &value, width);
      } else if (buffer.element.isF64()) {
        double value = normal(random);
        std::memcpy(at, &value, width);
      } else {
        uint64_t value = random() % 8; // little endian: low bytes first
        std::memcpy(at, &value, width);
      }
    }
    buffers.push_back(std::move(buffer));
  }
  return buffers;
}

/// What a scalar fg.noise lowers to in the reference.
struct ScalarNoise : PassWrapper<ScalarNoise, OperationPass<func::FuncOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ScalarNoise)
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<vector::VectorDialect>();
  }
  void runOnOperation() override {
    getOperation().walk([](foregrad::fg::NoiseOp op) {
      OpBuilder builder(op);
      Value site =
          arith::ConstantOp::create(builder, op.getLoc(), op.getSiteAttr());
      NoiseStream stream{foregrad::fg::NoiseLaw(op.getLaw()), site,
                         op.getSeed(), op.getStep()};
      op.replaceAllUsesWith(emitNoiseVector(builder, op.getLoc(), stream,
                                            op.getSample(), op.getElement(),
                                            cast<FloatType>(op.getType())));
      op.erase();
    });
  }
};

class KernelsTest : public testing::Test {
protected:
  static void SetUpTestSuite() {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
  }

  KernelsTest() {
    DialectRegistry registry;
    registry.insert<
        affine::AffineDialect, arith::ArithDialect, foregrad::fg::FgDialect,
        func::FuncDialect, linalg::LinalgDialect, LLVM::LLVMDialect,
        memref::MemRefDialect, scf::SCFDialect, vector::VectorDialect>();
    registerBuiltinDialectTranslation(registry);
    registerLLVMDialectTranslation(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }

  OwningOpRef<ModuleOp> parse(const std::string &source) {
    return parseSourceString<ModuleOp>(source, &context);
  }

  /// Lowers `module`, all of it to kernels of rows, and runs it as below.
  std::optional<Buffers> runKernels(ModuleOp module, const Buffers &data,
                                    int64_t vectorBytes, bool fuse) {
    TargetDescription target;
    target.vectorBytes = vectorBytes;
    target.vectorRegisters = vectorBytes == 64 ? 32 : 16;
    PassManager toKernels(&context);
    toKernels.addNestedPass<func::FuncOp>(
        createRowsToKernelsPass(target, fuse));
    if (failed(toKernels.run(module)))
      return std::nullopt;
    module->walk([](linalg::LinalgOp op) {
      ADD_FAILURE() << "left over: " << op->getName().getStringRef().str();
    });
    return run(module, data, target);
  }

  /// Lowers and runs `module` on a copy of `data`.
  std::optional<Buffers> run(ModuleOp module, const Buffers &data,
                             const TargetDescription &target) {
    PassManager passes(&context);
    passes.addNestedPass<func::FuncOp>(std::make_unique<ScalarNoise>());
    passes.addNestedPass<func::FuncOp>(createForallToForLoopPass());
    passes.addPass(createLowerAffinePass());
    buildLowerToLLVMPipeline(passes, target);
    if (failed(passes.run(module)))
      return std::nullopt;
    ExecutionEngineOptions options;
    std::function<llvm::Error(llvm::Module *)> optimize =
        makeOptimizingTransformer(2, 0, nullptr);
    options.transformer = optimize;
    auto engine = ExecutionEngine::create(module, options);
    if (!engine) {
      ADD_FAILURE() << llvm::toString(engine.takeError());
      return std::nullopt;
    }
    Buffers copy = data;
    std::vector<void *> pointers;
    for (Buffer &buffer : copy)
      pointers.push_back(buffer.data());
    llvm::SmallVector<void *> packed;
    for (void *&pointer : pointers)
      packed.push_back(&pointer);
    if (auto error = (*engine)->invokePacked("main", packed)) {
      ADD_FAILURE() << llvm::toString(std::move(error));
      return std::nullopt;
    }
    return copy;
  }

  MLIRContext context;
};

class RowsTest : public KernelsTest,
                 public testing::WithParamInterface<RowCase> {};

template <typename T> void compareNumbers(Buffer &got, Buffer &want) {
  double tolerance = sizeof(T) == 4 ? 5e-5 : 1e-10;
  size_t count = want.size / sizeof(T);
  double scale = 0;
  for (size_t i = 0; i < count; ++i) {
    T w;
    std::memcpy(&w, want.data() + i * sizeof(T), sizeof(T));
    if (std::isfinite(w))
      scale = std::max(scale, double(std::abs(w)));
  }
  for (size_t i = 0; i < count; ++i) {
    T g, w;
    std::memcpy(&g, got.data() + i * sizeof(T), sizeof(T));
    std::memcpy(&w, want.data() + i * sizeof(T), sizeof(T));
    ASSERT_NEAR(g, w, tolerance * (1 + scale)) << "element " << i;
  }
}

void compare(Buffers &got, Buffers &want) {
  for (size_t i = 0; i < want.size(); ++i) {
    SCOPED_TRACE("argument " + std::to_string(i));
    if (want[i].element.isF32())
      compareNumbers<float>(got[i], want[i]);
    else if (want[i].element.isF64())
      compareNumbers<double>(got[i], want[i]);
    else
      ASSERT_EQ(got[i].bytes, want[i].bytes);
    for (size_t k = 0; k < Buffer::guard; ++k) {
      ASSERT_EQ(got[i].bytes[k], 0xA5) << "written before the buffer";
      ASSERT_EQ(got[i].bytes[Buffer::guard + want[i].size + k], 0xA5)
          << "written behind the buffer";
    }
  }
}

TEST_P(RowsTest, AgreesWithLoops) {
  for (const char *type : {"f32", "f64"}) {
    std::string source = withType(GetParam().source, type);
    OwningOpRef<ModuleOp> reference = parse(source);
    ASSERT_TRUE(reference) << source;
    Buffers data = makeData(reference->lookupSymbol<func::FuncOp>("main"));
    PassManager toLoops(&context);
    toLoops.addNestedPass<func::FuncOp>(createConvertLinalgToLoopsPass());
    ASSERT_TRUE(succeeded(toLoops.run(*reference)));
    std::optional<Buffers> want = run(*reference, data, TargetDescription());
    ASSERT_TRUE(want);

    for (int64_t vectorBytes : {16, 32, 64})
      for (bool fuse : {false, true}) {
        SCOPED_TRACE(std::string(type) + ", vectors of " +
                     std::to_string(vectorBytes) +
                     (fuse ? ", fused" : ", not fused"));
        OwningOpRef<ModuleOp> module = parse(source);
        std::optional<Buffers> got =
            runKernels(*module, data, vectorBytes, fuse);
        ASSERT_TRUE(got);
        compare(*got, *want);
        if (HasFatalFailure())
          return;
      }
  }
}

TEST_F(KernelsTest, RareEntriesGetTheSameNumbers) {
  auto run = [&](const std::string &source, int64_t vectorBytes, bool rare) {
    OwningOpRef<ModuleOp> module = parse(source);
    auto main = module->lookupSymbol<func::FuncOp>("main");
    if (rare)
      main->setAttr(kRareAttr, UnitAttr::get(&context));
    return runKernels(*module, makeData(main), vectorBytes, /*fuse=*/true);
  };
  for (const RowCase &rowCase : rowCases()) {
    if (!StringRef(rowCase.source).contains("fg.noise"))
      continue;
    for (const char *type : {"f32", "f64"})
      for (int64_t vectorBytes : {16, 32, 64}) {
        SCOPED_TRACE(rowCase.name + ", " + type + ", vectors of " +
                     std::to_string(vectorBytes));
        std::string source = withType(rowCase.source, type);
        std::optional<Buffers> want = run(source, vectorBytes, false);
        std::optional<Buffers> got = run(source, vectorBytes, true);
        ASSERT_TRUE(want && got);
        for (size_t i = 0; i < want->size(); ++i)
          EXPECT_EQ((*got)[i].bytes, (*want)[i].bytes) << "argument " << i;
      }
  }
}

/// The cases above compare the emitter with itself. Here it meets the
/// definition: of the radius that Box and Muller give a pair of numbers f32 may
/// be off by a few roundings, however near to 0 or to 6.8 that is.
TEST_F(KernelsTest, NormalNumbersAreThoseOfTheDefinition) {
  constexpr int64_t samples = 4, elements = 1 << 16;
  constexpr double tolerance = 5e-7; // of the radius
  const std::string source = R"(
    func.func @main(%seed: memref<i64>, %step: memref<i64>,
                    %y: memref<4x65536xf32>) {
      linalg.generic {indexing_maps = [affine_map<(b, e) -> ()>,
                                       affine_map<(b, e) -> ()>,
                                       affine_map<(b, e) -> (b, e)>],
                      iterator_types = ["parallel", "parallel"]}
          ins(%seed, %step : memref<i64>, memref<i64>)
          outs(%y : memref<4x65536xf32>) {
      ^bb0(%a: i64, %s: i64, %o: f32):
        %n = linalg.index 0 : index
        %e = linalg.index 1 : index
        %u = fg.noise %a, %s, %n, %e site 7 law gaussian : f32
        linalg.yield %u : f32
      }
      return
    })";
  for (int64_t vectorBytes : {16, 32, 64}) {
    SCOPED_TRACE("vectors of " + std::to_string(vectorBytes));
    OwningOpRef<ModuleOp> module = parse(source);
    ASSERT_TRUE(module);
    Buffers data = makeData(module->lookupSymbol<func::FuncOp>("main"));
    uint64_t seed, step;
    std::memcpy(&seed, data[0].data(), sizeof(seed));
    std::memcpy(&step, data[1].data(), sizeof(step));
    std::optional<Buffers> got =
        runKernels(*module, data, vectorBytes, /*fuse=*/false);
    ASSERT_TRUE(got);
    double worst = 0;
    for (int64_t sample = 0; sample < samples; ++sample)
      for (int64_t element = 0; element < elements; ++element) {
        // Its partner is made of the same two words.
        auto want = [&](int64_t which) {
          return fg::noise(fg::NoiseLaw::Gaussian, seed, step, 7, sample,
                           which);
        };
        float number;
        std::memcpy(&number,
                    (*got)[2].data() + (sample * elements + element) * 4, 4);
        double expected = want(element);
        double radius = std::hypot(expected, want(element ^ 16));
        worst = std::max(worst, std::abs(number - expected) / radius);
      }
    EXPECT_LT(worst, tolerance);
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, RowsTest, testing::ValuesIn(rowCases()),
                         [](const auto &info) { return info.param.name; });

} // namespace
