//===- ContractionsToKernels.cpp - Matrix products as kernels -------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/gemm/ContractionsToKernels.h"

#include "compiler/lowering/Buffers.h"
#include "compiler/lowering/TargetPass.h"
#include "compiler/lowering/abi/OutlineKernels.h"
#include "compiler/lowering/chains/ChainKernels.h"
#include "compiler/lowering/gemm/Contraction.h"
#include "compiler/lowering/gemm/PackAhead.h"
#include "compiler/lowering/gemm/ProductStart.h"
#include "compiler/lowering/gemm/TaskEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/DebugLog.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

#define DEBUG_TYPE "fg-contractions-to-kernels"

using namespace mlir;
using namespace foregrad;
using namespace foregrad::compiler;

namespace {

/// "product 256 x 512 x 512": rows, columns and what is summed, of how many.
std::string describe(const Contraction &product) {
  int64_t summed = product.k.size, times = 1;
  for (const ContractionDim &dim : product.outerK)
    summed *= dim.size;
  for (const ContractionDim &dim : product.batch)
    times *= dim.size;
  if (product.group)
    times *= product.group->size;
  std::string text = llvm::formatv("product {0} x {1} x {2}", product.m.size,
                                   product.n.size, summed);
  return times == 1 ? text : text + ", " + std::to_string(times) + " times";
}

/// Of all three operands, each element once.
int64_t bytesOf(const Contraction &product) {
  auto elements = [&](int64_t ContractionDim::*stride) {
    int64_t count = 1;
    auto add = [&](const ContractionDim &dim) {
      if (dim.*stride != 0)
        count *= dim.size;
    };
    for (const ContractionDim &dim : {product.m, product.n, product.k})
      add(dim);
    llvm::for_each(product.batch, add);
    llvm::for_each(product.outerK, add);
    if (product.group)
      add(*product.group);
    return count;
  };
  auto bytes = [](Type number) -> int64_t {
    return number.getIntOrFloatBitWidth() / 8;
  };
  return product.elementBytes() * elements(&ContractionDim::c) +
         bytes(product.typeA) * elements(&ContractionDim::a) +
         bytes(product.typeB) * elements(&ContractionDim::b);
}

struct ContractionsToKernelsPass
    : public TargetPass<ContractionsToKernelsPass, func::FuncOp> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ContractionsToKernelsPass)

  ContractionsToKernelsPass() = default;
  explicit ContractionsToKernelsPass(const TargetDescription &target)
      : TargetPass(target) {}

  StringRef getArgument() const final { return "fg-contractions-to-kernels"; }
  StringRef getDescription() const final {
    return R"(Turn matrix products on memrefs into parallel kernels of register tiles.

    linalg.fill ins(%zero : f32) outs(%c : memref<64x64xf32>)
    linalg.matmul ins(%a, %b : memref<64x128xf32>, memref<128x64xf32>)
                  outs(%c : memref<64x64xf32>)

  becomes

    scf.forall (%task) in (2) {
      %panels = memref.alloca() : memref<..xf32>
      scf.for %k = .. { copy rows of %b into %panels }
      scf.for %tile = .. {
        %sums:24 = scf.for %k = .. iter_args(..) -> (vector<16xf32>, ..) {
          memref.load %a, vector.load %panels, vector.fma ..
        }
        vector.store %sums#0, %c ..
      }
    } {fg.flops = 1048576 : i64})";
  }

  void getDependentDialects(DialectRegistry &registry) const override {
    registry
        .insert<arith::ArithDialect, LLVM::LLVMDialect, memref::MemRefDialect,
                scf::SCFDialect, vector::VectorDialect>();
  }

  void runOnOperation() override {
    if (!llvm::isPowerOf2_64(vectorBytes)) {
      getOperation().emitError("a vector register cannot have ")
          << vectorBytes.getValue() << " bytes: not a power of two";
      return signalPassFailure();
    }
    TargetDescription target = describedTarget();
    IRRewriter rewriter(&getContext());
    SmallVector<linalg::LinalgOp> named;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (!isa<linalg::GenericOp>(op.getOperation()) &&
          linalg::isaContractionOpInterface(op) && op.hasPureBufferSemantics())
        named.push_back(op);
    });
    for (linalg::LinalgOp op : named) {
      rewriter.setInsertionPoint(op);
      if (failed(linalg::generalizeNamedOp(rewriter, op)))
        LDBG() << "not generalized: " << op;
    }

    PackAhead ahead(rewriter);
    SmallVector<linalg::GenericOp> generics;
    getOperation().walk([&](linalg::GenericOp op) { generics.push_back(op); });
    for (linalg::GenericOp op : generics) {
      std::string why;
      std::optional<Contraction> product = analyzeContraction(op, why);
      if (!product) {
        LDBG() << "left alone, " << why << ": " << op;
        continue;
      }
      Value output = bufferBelow(product->c.memref);
      if (bufferBelow(product->a.memref) == output ||
          bufferBelow(product->b.memref) == output) {
        LDBG() << "left alone, the output is an input too: " << op;
        continue;
      }
      Operation *start = absorbStart(op, *product);
      int64_t bytes = bytesOf(*product);
      std::string what = describe(*product);
      std::optional<Panels> panelsB = panelsOf(bufferBelow(product->b.memref));
      bool isInPanelsB = panelsB && readFromPanels(*product, *panelsB);
      std::optional<Panels> panelsC = panelsOf(output);
      if (panelsC)
        writeToPanels(*product, *panelsC);
      int64_t lanes = target.lanes(product->elementBytes());
      for (int64_t width : product->panelWidths)
        if (width % lanes != 0) {
          op.emitError("a panel of ")
              << width << " columns is not made of vectors of " << lanes;
          return signalPassFailure();
        }
      if (target.bf16 != Bf16Products::Widened)
        product->pairUp();
      Blocking blocking =
          chooseBlocking(*product, target, lifeOfB(op, *product));
      if (panelsB && !isInPanelsB && !blocking.aheadB) {
        op.emitError("cannot read the panels that its second input lies in");
        return signalPassFailure();
      }
      product->cutRows(blocking.rowParts);
      if (blocking.aheadB && !product->readsPanelsB())
        ahead.pack(op, *product, blocking,
                   isInPanelsB ? std::nullopt : panelsB);
      rewriter.setInsertionPoint(op);
      scf::ForallOp forall = emitTasks(rewriter, op.getLoc(), *product,
                                       blocking, start != nullptr, target.bf16);
      forall->setAttr(flopsAttr, rewriter.getI64IntegerAttr(
                                     2 * product->multiplications()));
      forall->setAttr(whatAttr, rewriter.getStringAttr(what));
      if (blocking.isSmall)
        forall->setAttr(smallAttr, rewriter.getUnitAttr());
      forall->setAttr(bytesAttr, rewriter.getI64IntegerAttr(bytes));
      op.erase();
      // If it is a generic it stands earlier in the list: it was visited.
      if (start)
        start->erase();
    }
  }
};

} // namespace

std::unique_ptr<Pass> foregrad::compiler::createContractionsToKernelsPass(
    const TargetDescription &target) {
  return std::make_unique<ContractionsToKernelsPass>(target);
}

void foregrad::compiler::registerContractionsToKernelsPass() {
  PassRegistration<ContractionsToKernelsPass>();
}
