//===- Bf16AsBits.cpp - bf16 numbers as what they are stored as -----------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/Bf16AsBits.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassRegistry.h"

using namespace mlir;

namespace foregrad::compiler {

namespace {

/// Whether the op computes with numbers, so that their type matters to it.
bool isArithmetic(Operation *op) {
  return isa<arith::ExtFOp, arith::TruncFOp, arith::AddFOp, arith::SubFOp,
             arith::MulFOp, arith::DivFOp, arith::NegFOp, arith::CmpFOp,
             arith::MaximumFOp, arith::MinimumFOp, arith::SIToFPOp,
             arith::UIToFPOp, arith::FPToSIOp, arith::FPToUIOp>(op);
}

struct Bf16AsBitsPass : PassWrapper<Bf16AsBitsPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(Bf16AsBitsPass)

  StringRef getArgument() const override { return "fg-bf16-as-bits"; }
  StringRef getDescription() const override {
    return R"(Takes bf16 numbers in memory and registers for i16.

    %x = vector.load %a[%i] : memref<64xbf16>, vector<8xbf16>
    %b = arith.bitcast %x : vector<8xbf16> to vector<8xi16>

  becomes

    %b = vector.load %a[%i] : memref<64xi16>, vector<8xi16>

  Arithmetic with them must have been expanded before (--fg-lower-math).)";
  }

  void runOnOperation() override {
    AttrTypeReplacer types;
    types.addReplacement([](BFloat16Type type) -> Type {
      return IntegerType::get(type.getContext(), 16);
    });
    types.addReplacement([](FloatAttr attr) -> std::optional<Attribute> {
      if (!attr.getType().isBF16())
        return std::nullopt;
      return IntegerAttr::get(IntegerType::get(attr.getContext(), 16),
                              attr.getValue().bitcastToAPInt());
    });
    types.addReplacement(
        [](DenseElementsAttr attr) -> std::optional<Attribute> {
          if (!attr.getElementType().isBF16())
            return std::nullopt;
          return attr.bitcast(IntegerType::get(attr.getContext(), 16));
        });
    SmallVector<Operation *> casts;
    WalkResult result = getOperation().walk([&](Operation *op) {
      // Its own types are those of instructions.
      if (isa_and_nonnull<LLVM::LLVMDialect>(op->getDialect()))
        return WalkResult::advance();
      if (isArithmetic(op) && (llvm::any_of(op->getOperandTypes(), isNumbers) ||
                               llvm::any_of(op->getResultTypes(), isNumbers))) {
        op->emitOpError("computes with bf16 numbers");
        return WalkResult::interrupt();
      }
      types.replaceElementsIn(op, /*replaceAttrs=*/true, /*replaceLocs=*/false,
                              /*replaceTypes=*/true);
      if (isa<arith::BitcastOp>(op))
        casts.push_back(op);
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      return signalPassFailure();
    for (Operation *cast : casts)
      if (cast->getOperand(0).getType() == cast->getResult(0).getType()) {
        cast->getResult(0).replaceAllUsesWith(cast->getOperand(0));
        cast->erase();
      }
  }

private:
  static bool isNumbers(Type type) {
    return getElementTypeOrSelf(type).isBF16();
  }
};

} // namespace

std::unique_ptr<Pass> createBf16AsBitsPass() {
  return std::make_unique<Bf16AsBitsPass>();
}

void registerBf16AsBitsPass() { registerPass(createBf16AsBitsPass); }

} // namespace foregrad::compiler
