//===- LowerToLLVM.cpp - Kernels to the LLVM dialect ----------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// The pipeline from kernels in scf, vector and memref to the LLVM dialect, and
// the two passes of it that upstream does not have in this form:
// --fg-expand-copies and
// --fg-convert-to-llvm.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/LowerToLLVM.h"

#include "compiler/lowering/Bf16AsBits.h"
#include "compiler/lowering/LowerMath.h"
#include "compiler/lowering/abi/OutlineKernels.h"
#include "compiler/lowering/noise/CallNoise.h"

#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/Conversion/VectorToSCF/VectorToSCF.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/Transforms/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace foregrad::compiler {

namespace {

/// Copies element by element; LLVM makes vectors of the innermost loop.
LogicalResult expandCopy(memref::CopyOp copy) {
  auto from = dyn_cast<MemRefType>(copy.getSource().getType());
  auto to = dyn_cast<MemRefType>(copy.getTarget().getType());
  if (!from || !to || !from.hasStaticShape())
    return copy.emitOpError("copies a buffer whose size is not known");
  if (from.getLayout().isIdentity() && to.getLayout().isIdentity())
    return success(); // becomes a memcpy

  OpBuilder builder(copy);
  Location loc = copy.getLoc();
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  SmallVector<Value> indices;
  for (int64_t size : from.getShape()) {
    Value bound = arith::ConstantIndexOp::create(builder, loc, size);
    auto loop = scf::ForOp::create(builder, loc, zero, bound, one);
    builder.setInsertionPointToStart(loop.getBody());
    indices.push_back(loop.getInductionVar());
  }
  Value element =
      memref::LoadOp::create(builder, loc, copy.getSource(), indices);
  memref::StoreOp::create(builder, loc, element, copy.getTarget(), indices);
  copy.erase();
  return success();
}

struct ExpandCopiesPass
    : public PassWrapper<ExpandCopiesPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ExpandCopiesPass)

  StringRef getArgument() const final { return "fg-expand-copies"; }
  StringRef getDescription() const final {
    return R"(Turn copies between strided buffers into loops.

    memref.copy %a, %b : memref<4xf32, strided<[2]>> to memref<4xf32>

  becomes

    scf.for %i = %c0 to %c4 step %c1 {
      %x = memref.load %a[%i] : memref<4xf32, strided<[2]>>
      memref.store %x, %b[%i] : memref<4xf32>
    })";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry
        .insert<arith::ArithDialect, memref::MemRefDialect, scf::SCFDialect>();
  }
  void runOnOperation() override {
    WalkResult result = getOperation().walk([](memref::CopyOp copy) {
      return failed(expandCopy(copy)) ? WalkResult::interrupt()
                                      : WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};

struct ConvertToLLVMDialectPass
    : public PassWrapper<ConvertToLLVMDialectPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ConvertToLLVMDialectPass)

  StringRef getArgument() const final { return "fg-convert-to-llvm"; }
  StringRef getDescription() const final {
    return R"(Convert what is left of a kernel to the LLVM dialect.

    func.func private @k(%x: memref<8xf32> {llvm.noalias}, %i: index) {
      %v = memref.load %x[%i] : memref<8xf32>

  becomes

    llvm.func @k(%x: !llvm.ptr {llvm.noalias}, %i: i64) {
      %p = llvm.getelementptr %x[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
      %v = llvm.load %p : !llvm.ptr -> f32)";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<LLVM::LLVMDialect>();
  }

  void runOnOperation() override {
    MLIRContext *context = &getContext();
    LowerToLLVMOptions options(context);
    options.useBarePtrCallConv = true;
    LLVMTypeConverter types(context, options);

    RewritePatternSet patterns(context);
    arith::populateArithToLLVMConversionPatterns(types, patterns);
    cf::populateControlFlowToLLVMConversionPatterns(types, patterns);
    index::populateIndexToLLVMConversionPatterns(types, patterns);
    populateFinalizeMemRefToLLVMConversionPatterns(types, patterns);
    populateFuncToLLVMConversionPatterns(types, patterns);
    populateMathToLLVMConversionPatterns(types, patterns,
                                         /*approximateLog1p=*/false);
    populateVectorToLLVMConversionPatterns(types, patterns);
    ub::populateUBToLLVMConversionPatterns(types, patterns);

    LLVMConversionTarget target(*context);
    target.addLegalOp<ModuleOp>();
    if (failed(applyPartialConversion(getOperation(), target,
                                      std::move(patterns))))
      return signalPassFailure();

    getOperation().walk([](LLVM::LLVMFuncOp function) {
      if (function->removeAttr(kernelAttr))
        function.setNoInline(true);
    });
  }
};

/// After everything: says which operation was not understood, in place of an
/// error from the depths of the translation.
struct CheckLoweredPass
    : public PassWrapper<CheckLoweredPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(CheckLoweredPass)

  StringRef getArgument() const final { return "fg-check-lowered"; }
  StringRef getDescription() const final {
    return "Fail if an operation outside of the LLVM dialect is left";
  }
  void runOnOperation() override {
    bool clean = true;
    getOperation().walk([&](Operation *op) {
      if (isa<ModuleOp>(op) ||
          isa_and_nonnull<LLVM::LLVMDialect>(op->getDialect()))
        return;
      op->emitOpError("has no lowering to machine code");
      clean = false;
    });
    if (!clean)
      signalPassFailure();
  }
};

bool hasFma(const TargetDescription &target) {
  // Every 64-bit ARM processor has it.
  return StringRef(target.triple).starts_with("aarch64") ||
         llvm::is_contained(target.features, "+fma");
}

bool roundsToBf16(const TargetDescription &target) {
  return llvm::is_contained(target.features, "+avx512bf16");
}

} // namespace

std::unique_ptr<Pass> createExpandCopiesPass() {
  return std::make_unique<ExpandCopiesPass>();
}

std::unique_ptr<Pass> createConvertToLLVMDialectPass() {
  return std::make_unique<ConvertToLLVMDialectPass>();
}

void buildLowerToLLVMPipeline(OpPassManager &passes,
                              const TargetDescription &target) {
  passes.addPass(createCallNoisePass());
  // Blocks of one shape have kernels in common, and so have entries: each is
  // worth lowering once.
  passes.addPass(func::createDuplicateFunctionEliminationPass());
  passes.addPass(createExpandCopiesPass());
  // What needs nothing of the module is done function by function: on all
  // threads.
  passes.nestAny().addPass(createConvertVectorToSCFPass(
      VectorTransferToSCFOptions().enableFullUnroll()));
  passes.addPass(createLowerMathPass(hasFma(target), roundsToBf16(target)));
  passes.addPass(createBf16AsBitsPass());
  OpPassManager &functions = passes.nestAny();
  functions.addPass(memref::createExpandStridedMetadataPass());
  functions.addPass(createLowerAffinePass());
  functions.addPass(createCSEPass());
  functions.addPass(createSCFToControlFlowPass());
  functions.addPass(createConvertVectorToLLVMPass());
  passes.addPass(createConvertToLLVMDialectPass());
  passes.addPass(createReconcileUnrealizedCastsPass());
  passes.addPass(std::make_unique<CheckLoweredPass>());
}

void registerLowerToLLVMPasses() {
  PassRegistration<ExpandCopiesPass>();
  PassRegistration<ConvertToLLVMDialectPass>();
  PassRegistration<CheckLoweredPass>();
  registerBf16AsBitsPass();
  registerCallNoisePass();
  registerLowerMathPass();
}

} // namespace foregrad::compiler
