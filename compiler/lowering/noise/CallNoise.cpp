//===- CallNoise.cpp - Functions that draw random numbers -----------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// A block of normal numbers is some 600 operations. The parameters of a model
// start from as many streams as there are parameters: written out for each, the
// code that draws them once would be larger than that of a training step.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/noise/CallNoise.h"

#include "compiler/lowering/noise/NoiseEmitter.h"
#include "dialects/fg/Fg.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Pass/Pass.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace foregrad::compiler {

namespace {

struct CallNoisePass
    : public PassWrapper<CallNoisePass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(CallNoisePass)

  StringRef getArgument() const final { return "fg-call-noise"; }
  StringRef getDescription() const final {
    return R"(Turn fg.noise_block into calls of functions that draw.

    %v:4 = fg.noise_block %seed, %step, %sample, %first site 7 law gaussian
      : vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>

  becomes

    %site = arith.constant 7 : i32
    %v:4 = call @draw_gaussian_16xf32(%seed, %step, %sample, %first, %site)
      : (i64, i64, index, index, i32)
      -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)

  where @draw_gaussian_16xf32 holds Philox and the transform, once.)";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, func::FuncDialect, LLVM::LLVMDialect,
                    math::MathDialect, vector::VectorDialect>();
  }

  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    llvm::DenseMap<std::pair<fg::Law, FunctionType>, func::FuncOp> functions;
    getOperation().walk([&](fg::NoiseBlockOp block) {
      OpBuilder builder(block);
      Location loc = block.getLoc();
      SmallVector<Value> operands(block.getOperands());
      operands.push_back(
          arith::ConstantOp::create(builder, loc, block.getSiteAttr()));
      auto type = builder.getFunctionType(ValueRange(operands).getTypes(),
                                          block.getResultTypes());
      func::FuncOp &function = functions[{block.getLaw(), type}];
      if (!function) {
        function = writeFunction(block, type);
        symbols.insert(function);
      }
      auto call = func::CallOp::create(builder, loc, function, operands);
      block.replaceAllUsesWith(call.getResults());
      block.erase();
    });
  }

private:
  /// Draws what `block` draws, for the operands of an op and its site.
  func::FuncOp writeFunction(fg::NoiseBlockOp block, FunctionType type) {
    OpBuilder builder(block.getContext());
    Location loc = getOperation().getLoc();
    auto vector = cast<VectorType>(type.getResult(0));
    std::string name =
        llvm::formatv("draw_{0}_{1}x{2}", fg::stringifyLaw(block.getLaw()),
                      vector.getNumElements(), vector.getElementType());
    auto function = func::FuncOp::create(builder, loc, name, type);
    function.setPrivate();
    function->setAttr(
        "llvm.linkage",
        LLVM::LinkageAttr::get(&getContext(), LLVM::Linkage::Internal));
    Block *body = function.addEntryBlock();
    builder.setInsertionPointToStart(body);
    NoiseStream stream{static_cast<fg::NoiseLaw>(block.getLaw()),
                       body->getArgument(4), body->getArgument(0),
                       body->getArgument(1)};
    SmallVector<Value> numbers = emitNoiseBlocks(
        builder, loc, stream, body->getArgument(2), body->getArgument(3),
        cast<FloatType>(vector.getElementType()), vector.getNumElements(),
        type.getNumResults());
    func::ReturnOp::create(builder, loc, numbers);
    return function;
  }
};

} // namespace

std::unique_ptr<Pass> createCallNoisePass() {
  return std::make_unique<CallNoisePass>();
}

void registerCallNoisePass() { PassRegistration<CallNoisePass>(); }

} // namespace foregrad::compiler
