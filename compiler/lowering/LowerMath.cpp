//===- LowerMath.cpp - Elementary functions for a processor ---------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// The pass --fg-lower-math. What it leaves (square roots, roundings, functions
// that LLVM has an intrinsic for) is converted with the rest of a kernel.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/LowerMath.h"

#include "mlir/Conversion/MathToLibm/MathToLibm.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Transforms/DialectConversion.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace foregrad::compiler {

namespace {

/// Multiplies and adds apart, with a licence to fuse.
struct SplitFma : public OpRewritePattern<math::FmaOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::FmaOp op,
                                PatternRewriter &rewriter) const override {
    auto flags = op.getFastmath() | arith::FastMathFlags::contract;
    Value product = arith::MulFOp::create(rewriter, op.getLoc(), op.getA(),
                                          op.getB(), flags);
    rewriter.replaceOpWithNewOp<arith::AddFOp>(op, product, op.getC(), flags);
    return success();
  }
};

struct LowerMathPass
    : public PassWrapper<LowerMathPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerMathPass)

  explicit LowerMathPass(bool hasFma) { this->hasFma = hasFma; }
  LowerMathPass(const LowerMathPass &other) : PassWrapper(other) {
    hasFma = other.hasFma;
  }

  StringRef getArgument() const final { return "fg-lower-math"; }
  StringRef getDescription() const final {
    return R"(Expand elementary functions to polynomials or libm calls.

    %0 = math.tanh %x : vector<16xf32>
    %1 = math.log1p %y : f64

  becomes

    %0 = ... arith.mulf, math.fma, arith.divf ... : vector<16xf32>
    %1 = func.call @log1p(%y) : (f64) -> f64)";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, func::FuncDialect, math::MathDialect,
                    vector::VectorDialect>();
  }

  void runOnOperation() override {
    static const llvm::StringSet<> withPolynomial = {
        "math.acos", "math.asin",  "math.atan", "math.atan2", "math.cos",
        "math.erf",  "math.erfc",  "math.exp",  "math.expm1", "math.log",
        "math.log2", "math.log1p", "math.sin",  "math.tanh"};
    MLIRContext *context = &getContext();
    // Folding is the emitters' business: it must not merge what they kept
    // apart.
    GreedyRewriteConfig config;
    config.enableFolding(false)
        .enableConstantCSE(false)
        .setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);

    RewritePatternSet polynomials(context);
    populateMathPolynomialApproximationPatterns(
        polynomials,
        [](StringRef name) { return withPolynomial.contains(name); });
    arith::populateCeilFloorDivExpandOpsPatterns(polynomials);
    arith::populateExpandBFloat16Patterns(polynomials);
    if (!hasFma)
      polynomials.add<SplitFma>(context);
    if (failed(applyPatternsGreedily(getOperation(), std::move(polynomials),
                                     config)))
      return signalPassFailure();

    RewritePatternSet libm(context);
    populateMathToLibmConversionPatterns(libm);
    ConversionTarget target(*context);
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    // LLVM has no intrinsic for these. log(1 + x) and exp(x) - 1, which could
    // stand in for two of them, lose all digits near zero.
    target.addIllegalOp<math::AcoshOp, math::AsinhOp, math::AtanhOp,
                        math::CbrtOp, math::ErfOp, math::ErfcOp, math::ExpM1Op,
                        math::Log1pOp>();
    if (failed(applyPartialConversion(getOperation(), target, std::move(libm))))
      signalPassFailure();
  }

  Option<bool> hasFma{*this, "fma",
                      llvm::cl::desc("the processor has fused multiply-add"),
                      llvm::cl::init(true)};
};

} // namespace

std::unique_ptr<Pass> createLowerMathPass(bool hasFma) {
  return std::make_unique<LowerMathPass>(hasFma);
}

void registerLowerMathPass() {
  PassRegistration<LowerMathPass>(
      [] { return std::make_unique<LowerMathPass>(true); });
}

} // namespace foregrad::compiler
