//===- lowering_test.cpp - Lowered ops against the reference --------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Lowers entries to linalg on buffers, runs them as plain loops and compares
// what they write with the reference evaluation.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/linalg/LowerToLinalg.h"
#include "dialects/fg/Noise.h"
#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVMPass.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "tests/dialects/OpCases.h"
#include "llvm/Support/TargetSelect.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace foregrad;
using namespace foregrad::fg;
using namespace foregrad::fg::test;

static double noiseOfTest(uint64_t seed, uint64_t step, uint64_t sample,
                          uint64_t element, uint32_t site, uint32_t law) {
  return noise(static_cast<NoiseLaw>(law), seed, step, site, sample, element);
}

namespace {

/// A buffer of the program as native code sees it.
struct NativeBuffer {
  std::vector<double> floats;
  std::vector<int32_t> labels;
  uint64_t number = 0;
  std::vector<int64_t> descriptor; // pointers, offset, sizes, strides
  void *descriptorPointer = nullptr;

  void fill(MemRefType type, const Tensor *content) {
    int64_t count = type.getNumElements();
    void *data = nullptr;
    if (type.getElementType().isF64()) {
      floats.assign(count, -77.0);
      if (content)
        floats = content->values;
      data = floats.data();
    } else if (type.getElementType().isInteger(32)) {
      labels.assign(content->values.begin(), content->values.end());
      data = labels.data();
    } else {
      number = content->integer;
      data = &number;
    }
    descriptor = {reinterpret_cast<int64_t>(data),
                  reinterpret_cast<int64_t>(data), 0};
    llvm::append_range(descriptor, type.getShape());
    SmallVector<int64_t, 6> strides = Tensor(type.getShape()).strides();
    llvm::append_range(descriptor, strides);
    descriptorPointer = descriptor.data();
  }
};

class Lowering {
public:
  Lowering() {
    DialectRegistry registry;
    compiler::registerLinalgDialects(registry);
    registerBuiltinDialectTranslation(registry);
    registerLLVMDialectTranslation(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }

  OwningOpRef<ModuleOp> lower(llvm::StringRef program) {
    OwningOpRef<ModuleOp> module = parse(context, program);
    PassManager manager(&context);
    manager.addPass(compiler::createLowerToLinalgPass());
    compiler::buildBufferizePipeline(manager);
    EXPECT_TRUE(succeeded(manager.run(*module)));
    return module;
  }

  /// Runs the entry and returns every buffer that it may write.
  Buffers run(ModuleOp module, const Buffers &inputs);

  MLIRContext context;
};

/// The noise of a loop body becomes a call of the reference.
void callReferenceNoise(ModuleOp module) {
  OpBuilder builder(module.getBodyRegion());
  Type i64 = builder.getI64Type(), i32 = builder.getI32Type();
  auto callee = func::FuncOp::create(
      builder, module.getLoc(), "noise_of_test",
      builder.getFunctionType({i64, i64, i64, i64, i32, i32},
                              {builder.getF64Type()}));
  callee.setPrivate();
  module.walk([&](NoiseOp op) {
    builder.setInsertionPoint(op);
    Location loc = op.getLoc();
    Value sample =
        arith::IndexCastOp::create(builder, loc, i64, op.getSample());
    Value element =
        arith::IndexCastOp::create(builder, loc, i64, op.getElement());
    Value site = arith::ConstantOp::create(
        builder, loc, builder.getI32IntegerAttr(op.getSite()));
    Value law = arith::ConstantOp::create(
        builder, loc,
        builder.getI32IntegerAttr(static_cast<int32_t>(op.getLaw())));
    auto call = func::CallOp::create(
        builder, loc, callee,
        ValueRange{op.getSeed(), op.getStep(), sample, element, site, law});
    op.replaceAllUsesWith(call.getResult(0));
    op.erase();
  });
}

/// Copies become loops too: the runtime has no library of them.
void copyWithLoops(ModuleOp module) {
  OpBuilder builder(module.getContext());
  module.walk([&](memref::CopyOp op) {
    builder.setInsertionPoint(op);
    linalg::CopyOp::create(builder, op.getLoc(), op.getSource(),
                           op.getTarget());
    op.erase();
  });
}

Buffers Lowering::run(ModuleOp module, const Buffers &inputs) {
  callReferenceNoise(module);
  copyWithLoops(module);
  std::vector<std::string> names;
  std::vector<MemRefType> types;
  std::string name;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isPrivate())
      continue;
    name = "_mlir_ciface_" + function.getName().str();
    function->setAttr(LLVM::LLVMDialect::getEmitCWrapperAttrName(),
                      UnitAttr::get(&context));
    for (BlockArgument argument : function.getArguments()) {
      names.push_back(function
                          .getArgAttrOfType<StringAttr>(argument.getArgNumber(),
                                                        compiler::kNameAttr)
                          .str());
      types.push_back(cast<MemRefType>(argument.getType()));
    }
  }
  PassManager manager(&context);
  manager.addPass(createConvertLinalgToLoopsPass());
  manager.addPass(memref::createExpandStridedMetadataPass());
  manager.addPass(createLowerAffinePass());
  manager.addPass(createSCFToControlFlowPass());
  manager.addPass(createConvertMathToLLVMPass());
  manager.addPass(createArithToLLVMConversionPass());
  manager.addPass(createFinalizeMemRefToLLVMConversionPass());
  manager.addPass(createConvertFuncToLLVMPass());
  manager.addPass(createConvertControlFlowToLLVMPass());
  manager.addPass(createReconcileUnrealizedCastsPass());
  if (failed(manager.run(module))) {
    ADD_FAILURE() << "the loops do not convert to LLVM";
    return {};
  }
  llvm::Expected<std::unique_ptr<ExecutionEngine>> engine =
      ExecutionEngine::create(module);
  if (!engine) {
    ADD_FAILURE() << llvm::toString(engine.takeError());
    return {};
  }
  (*engine)->registerSymbols([](llvm::orc::MangleAndInterner interner) {
    llvm::orc::SymbolMap symbols;
    symbols[interner("noise_of_test")] = {
        llvm::orc::ExecutorAddr::fromPtr(&noiseOfTest),
        llvm::JITSymbolFlags::Exported};
    return symbols;
  });
  std::vector<NativeBuffer> native(names.size());
  llvm::SmallVector<void *> arguments;
  for (size_t i = 0; i < names.size(); ++i) {
    auto input = inputs.find(names[i]);
    native[i].fill(types[i], input == inputs.end() ? nullptr : &input->second);
    arguments.push_back(&native[i].descriptorPointer);
  }
  if (llvm::Error error = (*engine)->invokePacked(name, arguments))
    ADD_FAILURE() << llvm::toString(std::move(error));
  Buffers result;
  for (size_t i = 0; i < names.size(); ++i)
    if (types[i].getElementType().isF64()) {
      Tensor tensor(types[i].getShape());
      tensor.values = native[i].floats;
      result[names[i]] = std::move(tensor);
    }
  return result;
}

/// Lowers, runs and compares with the reference.
void expectSame(llvm::StringRef program, uint64_t seed = 11) {
  static const bool initialized = [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    return true;
  }();
  (void)initialized;
  Lowering lowering;
  OwningOpRef<ModuleOp> reference = parse(lowering.context, program);
  EntryOp entry = *reference->getOps<EntryOp>().begin();
  std::mt19937_64 random(seed);
  Buffers inputs = randomBuffers(entry, random);
  llvm::Expected<Buffers> expected = evaluateEntry(entry, inputs);
  ASSERT_TRUE(bool(expected)) << llvm::toString(expected.takeError());
  OwningOpRef<ModuleOp> module = lowering.lower(program);
  Buffers actual = lowering.run(*module, inputs);
  for (const auto &[name, tensor] : *expected) {
    ASSERT_EQ(actual[name].size(), tensor.size()) << name;
    for (int64_t i = 0; i < tensor.size(); ++i)
      EXPECT_NEAR(actual[name].values[i], tensor.values[i],
                  1e-12 * std::max(1.0, std::abs(tensor.values[i])))
          << name << " at " << i;
  }
}

class AnyOp : public testing::TestWithParam<OpCase> {};

std::string caseName(const testing::TestParamInfo<OpCase> &info) {
  return info.param.name;
}

} // namespace

TEST_P(AnyOp, LowersToWhatTheReferenceSays) { expectSame(GetParam().program); }

INSTANTIATE_TEST_SUITE_P(Differentiable, AnyOp,
                         testing::ValuesIn(differentiableCases()), caseName);
INSTANTIATE_TEST_SUITE_P(Other, AnyOp, testing::ValuesIn(otherCases()),
                         caseName);

// Programs of several ops: what fusion and writing in place might break.
TEST(LowerEntry, SwapsBuffers) {
  expectSame(R"(
    fg.entry "swap" {
      %a = fg.read "a" role state : !fg.array<[n = 3], f64>
      %b = fg.read "b" role state : !fg.array<[n = 3], f64>
      fg.write %a to "b" role state : !fg.array<[n = 3], f64>
      fg.write %b to "a" role state : !fg.array<[n = 3], f64>
    })");
}

TEST(LowerEntry, ReadsOldValuesAfterAnUpdateInPlace) {
  expectSame(R"(
    fg.entry "update" {
      %w = fg.read "w" role parameter : !fg.array<[n = 4], f64>
      %g = fg.read "g" role input : !fg.array<[n = 4], f64>
      %new = fg.sub %w, %g : (!fg.array<[n = 4], f64>, !fg.array<[n = 4], f64>)
               -> !fg.array<[n = 4], f64>
      fg.write %new to "w" role parameter : !fg.array<[n = 4], f64>
      %old = fg.mul %w, %w : (!fg.array<[n = 4], f64>, !fg.array<[n = 4], f64>)
               -> !fg.array<[n = 4], f64>
      %sum = fg.sum %old over ["n"] : !fg.array<[n = 4], f64>
               -> !fg.array<[], f64>
      fg.write %sum to "norm" role output : !fg.array<[], f64>
      fg.write %new to "copy" role output : !fg.array<[n = 4], f64>
    })");
}

TEST(LowerEntry, WritesABufferTwice) {
  expectSame(R"(
    fg.entry "twice" {
      %w = fg.read "w" role parameter : !fg.array<[n = 4], f64>
      %a = fg.scale %w by 2.0 : !fg.array<[n = 4], f64>
      %b = fg.scale %w by 3.0 : !fg.array<[n = 4], f64>
      fg.write %b to "w" role parameter : !fg.array<[n = 4], f64>
      fg.write %a to "w" role parameter : !fg.array<[n = 4], f64>
      fg.write %w to "old" role output : !fg.array<[n = 4], f64>
    })");
}

TEST(LowerEntry, WritesThroughReshapes) {
  expectSame(R"(
    fg.entry "reshapes" {
      %x = fg.read "x" role input : !fg.array<[batch = 2, c = 6], f64>
      %d = fg.scale %x by 2.0 : !fg.array<[batch = 2, c = 6], f64>
      %s = fg.split %d axis "c" into ["g", "u"]
        : !fg.array<[batch = 2, c = 6], f64>
          -> !fg.array<[batch = 2, g = 3, u = 2], f64>
      fg.write %s to "split" role output
        : !fg.array<[batch = 2, g = 3, u = 2], f64>
      %r = fg.relu %s site "s" : !fg.array<[batch = 2, g = 3, u = 2], f64>
      %m = fg.merge %r axes ["g", "u"] into "c"
        : !fg.array<[batch = 2, g = 3, u = 2], f64>
          -> !fg.array<[batch = 2, c = 6], f64>
      %e = fg.merge %m axes ["batch", "c"] into "n"
        : !fg.array<[batch = 2, c = 6], f64> -> !fg.array<[n = 12], f64>
      fg.write %e to "merged" role output : !fg.array<[n = 12], f64>
      fg.write %x to "same" role output : !fg.array<[batch = 2, c = 6], f64>
    })");
}

TEST(LowerEntry, ComputesALayerAndItsUpdate) {
  expectSame(R"(
    fg.entry "step" {
      %x = fg.read "image" role input : !fg.array<[batch = 4, pixel = 3], f64>
      %y = fg.read "class" role label : !fg.array<[batch = 4], i32>
      %w = fg.read "w" role parameter : !fg.array<[pixel = 3, c = 8], f64>
      %b = fg.read "b" role parameter : !fg.array<[c = 8], f64>
      %seed = fg.read "seed" role seed : !fg.array<[], i64>
      %step = fg.read "step" role step : !fg.array<[], i64>
      %q0 = fg.contract %x "np", %w "pc" -> "nc"
        : (!fg.array<[batch = 4, pixel = 3], f64>,
           !fg.array<[pixel = 3, c = 8], f64>)
          -> !fg.array<[batch = 4, c = 8], f64>
      %q = fg.add %q0, %b : (!fg.array<[batch = 4, c = 8], f64>,
                             !fg.array<[c = 8], f64>)
             -> !fg.array<[batch = 4, c = 8], f64>
      %z, %r = fg.norm %q over ["c"] epsilon 1.0e-05
        : !fg.array<[batch = 4, c = 8], f64>, !fg.array<[batch = 4], f64>
      %h = fg.relu %z site "l" : !fg.array<[batch = 4, c = 8], f64>
      %m = fg.positive %h : !fg.array<[batch = 4, c = 8], f64>
      %u = fg.perturb %seed, %step site 7 law gaussian
        : !fg.array<[], i64> -> !fg.array<[batch = 4, c = 8], f64>
      %t = fg.mul %u, %m : (!fg.array<[batch = 4, c = 8], f64>,
                            !fg.array<[batch = 4, c = 8], f64>)
             -> !fg.array<[batch = 4, c = 8], f64>
      %p = fg.softmax %h over "c" : !fg.array<[batch = 4, c = 8], f64>
      %o = fg.one_hot %y : !fg.array<[batch = 4], i32>
             -> !fg.array<[batch = 4, c = 8], f64>
      %e = fg.sub %p, %o : (!fg.array<[batch = 4, c = 8], f64>,
                            !fg.array<[batch = 4, c = 8], f64>)
             -> !fg.array<[batch = 4, c = 8], f64>
      %s = fg.contract %e "nc", %t "nc" -> "n"
        : (!fg.array<[batch = 4, c = 8], f64>,
           !fg.array<[batch = 4, c = 8], f64>) -> !fg.array<[batch = 4], f64>
      %su = fg.mul %u, %s : (!fg.array<[batch = 4, c = 8], f64>,
                             !fg.array<[batch = 4], f64>)
             -> !fg.array<[batch = 4, c = 8], f64>
      %g = fg.mul %su, %m : (!fg.array<[batch = 4, c = 8], f64>,
                             !fg.array<[batch = 4, c = 8], f64>)
             -> !fg.array<[batch = 4, c = 8], f64>
      %dq = fg.norm_jacobian %z, %r, %g over ["c"]
        : !fg.array<[batch = 4, c = 8], f64>, !fg.array<[batch = 4], f64>,
          !fg.array<[batch = 4, c = 8], f64>
      %dw = fg.contract %x "np", %dq "nc" -> "pc"
        : (!fg.array<[batch = 4, pixel = 3], f64>,
           !fg.array<[batch = 4, c = 8], f64>)
          -> !fg.array<[pixel = 3, c = 8], f64>
      %db = fg.sum %dq over ["batch"] : !fg.array<[batch = 4, c = 8], f64>
              -> !fg.array<[c = 8], f64>
      %nw = fg.sub %w, %dw : (!fg.array<[pixel = 3, c = 8], f64>,
                              !fg.array<[pixel = 3, c = 8], f64>)
              -> !fg.array<[pixel = 3, c = 8], f64>
      %nb = fg.sub %b, %db : (!fg.array<[c = 8], f64>, !fg.array<[c = 8], f64>)
              -> !fg.array<[c = 8], f64>
      fg.write %nw to "w" role parameter : !fg.array<[pixel = 3, c = 8], f64>
      fg.write %nb to "b" role parameter : !fg.array<[c = 8], f64>
      %l = fg.cross_entropy %h, %y over "c"
        : (!fg.array<[batch = 4, c = 8], f64>, !fg.array<[batch = 4], i32>)
          -> !fg.array<[batch = 4], f64>
      %mean = fg.sum %l over ["batch"] : !fg.array<[batch = 4], f64>
                -> !fg.array<[], f64>
      fg.write %mean to "loss" role output : !fg.array<[], f64>
      fg.write %h to "logits" role output : !fg.array<[batch = 4, c = 8], f64>
    })");
}

TEST(LowerEntry, UpdatesInPlaceWithoutTemporaries) {
  Lowering lowering;
  OwningOpRef<ModuleOp> module = lowering.lower(R"(
    fg.entry "update" {
      %w = fg.read "w" role parameter : !fg.array<[n = 4], f64>
      %m = fg.read "m" role state : !fg.array<[n = 4], f64>
      %g = fg.read "g" role input : !fg.array<[n = 4], f64>
      %d = fg.scale %m by 0.9 : !fg.array<[n = 4], f64>
      %s = fg.add %d, %g : (!fg.array<[n = 4], f64>, !fg.array<[n = 4], f64>)
             -> !fg.array<[n = 4], f64>
      %new = fg.sub %w, %s : (!fg.array<[n = 4], f64>, !fg.array<[n = 4], f64>)
               -> !fg.array<[n = 4], f64>
      fg.write %s to "m" role state : !fg.array<[n = 4], f64>
      fg.write %new to "w" role parameter : !fg.array<[n = 4], f64>
    })");
  unsigned allocations = 0, copies = 0, loops = 0;
  module->walk([&](Operation *op) {
    allocations += isa<memref::AllocOp>(op);
    copies += isa<memref::CopyOp>(op);
    loops += isa<linalg::GenericOp>(op);
  });
  EXPECT_EQ(allocations, 0u);
  EXPECT_EQ(copies, 0u);
  EXPECT_EQ(loops, 2u);
}
