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
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Matchers.h"
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

/// Rounds a register of f32 numbers by one instruction.
struct RoundToBf16 : public OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::TruncFOp op,
                                PatternRewriter &rewriter) const override {
    auto to = dyn_cast<VectorType>(op.getType());
    auto from = dyn_cast<VectorType>(op.getIn().getType());
    if (!to || !to.getElementType().isBF16() ||
        !from.getElementType().isF32() || to.getRank() != 1 ||
        (to.getNumElements() != 8 && to.getNumElements() != 16))
      return failure();
    Location loc = op.getLoc();
    auto name = rewriter.getStringAttr("llvm.x86.avx512bf16.cvtneps2bf16." +
                                       llvm::Twine(to.getNumElements() * 32));
    Value rounded = LLVM::CallIntrinsicOp::create(rewriter, loc, to, name,
                                                  ValueRange{op.getIn()})
                        .getResult(0);
    // All but instructions take them for bits (--fg-bf16-as-bits).
    Value bits = LLVM::BitcastOp::create(
        rewriter, loc, to.clone(rewriter.getI16Type()), rounded);
    rewriter.replaceOpWithNewOp<arith::BitcastOp>(op, to, bits);
    return success();
  }
};

/// The constant that all elements of `value` are.
std::optional<APFloat> constantOf(Value value) {
  if (auto broadcast = value.getDefiningOp<vector::BroadcastOp>())
    value = broadcast.getSource();
  APFloat number(0.0);
  if (!matchPattern(value, m_ConstantFloat(&number)))
    return std::nullopt;
  return number;
}

/// x / c = q + (x - q c) / c, where q = x / c by the reciprocal of c
/// (Markstein, Computation of elementary functions on the IBM RISC System/6000
/// processor, 1990): the rounded quotient itself, at the price of three
/// multiplications. A byte has but 256 values, so that this need not be
/// believed.
struct DivideBytes : public OpRewritePattern<arith::DivFOp> {
  using OpRewritePattern::OpRewritePattern;

  static bool isExact(const APFloat &divisor, const APFloat &reciprocal) {
    constexpr auto nearest = APFloat::rmNearestTiesToEven;
    for (uint64_t byte = 0; byte < 256; ++byte) {
      APFloat x(divisor.getSemantics(), byte), exact = x;
      exact.divide(divisor, nearest);
      APFloat quotient = x;
      quotient.multiply(reciprocal, nearest);
      APFloat rest = -quotient;
      rest.fusedMultiplyAdd(divisor, x, nearest);
      rest.fusedMultiplyAdd(reciprocal, quotient, nearest);
      if (!rest.bitwiseIsEqual(exact))
        return false;
    }
    return true;
  }

  LogicalResult matchAndRewrite(arith::DivFOp op,
                                PatternRewriter &rewriter) const override {
    auto bytes = op.getLhs().getDefiningOp<arith::UIToFPOp>();
    std::optional<APFloat> divisor = constantOf(op.getRhs());
    if (!bytes || !divisor ||
        !getElementTypeOrSelf(bytes.getIn().getType()).isInteger(8))
      return failure();
    APFloat reciprocal(divisor->getSemantics(), 1);
    reciprocal.divide(*divisor, APFloat::rmNearestTiesToEven);
    if (!isExact(*divisor, reciprocal))
      return failure();
    Location loc = op.getLoc();
    auto constant = [&](const APFloat &value) -> Value {
      TypedAttr number =
          rewriter.getFloatAttr(getElementTypeOrSelf(op.getType()), value);
      if (auto vector = dyn_cast<VectorType>(op.getType()))
        number = SplatElementsAttr::get(vector, number);
      return arith::ConstantOp::create(rewriter, loc, number);
    };
    Value x = bytes.getOut();
    Value by = constant(reciprocal), minus = constant(-*divisor);
    Value quotient = arith::MulFOp::create(rewriter, loc, x, by);
    Value rest = math::FmaOp::create(rewriter, loc, quotient, minus, x);
    rewriter.replaceOpWithNewOp<math::FmaOp>(op, rest, by, quotient);
    return success();
  }
};

struct LowerMathPass
    : public PassWrapper<LowerMathPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerMathPass)

  LowerMathPass(bool hasFma, bool roundsToBf16) {
    this->hasFma = hasFma;
    this->roundsToBf16 = roundsToBf16;
  }
  LowerMathPass(const LowerMathPass &other) : PassWrapper(other) {
    hasFma = other.hasFma;
    roundsToBf16 = other.roundsToBf16;
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
    registry.insert<arith::ArithDialect, func::FuncDialect, LLVM::LLVMDialect,
                    math::MathDialect, vector::VectorDialect>();
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
    if (roundsToBf16)
      polynomials.add<RoundToBf16>(context, /*benefit=*/2);
    if (hasFma)
      polynomials.add<DivideBytes>(context);
    else
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
  Option<bool> roundsToBf16{*this, "rounds-to-bf16",
                            llvm::cl::desc("the processor has vcvtneps2bf16"),
                            llvm::cl::init(false)};
};

} // namespace

std::unique_ptr<Pass> createLowerMathPass(bool hasFma, bool roundsToBf16) {
  return std::make_unique<LowerMathPass>(hasFma, roundsToBf16);
}

void registerLowerMathPass() {
  PassRegistration<LowerMathPass>(
      [] { return std::make_unique<LowerMathPass>(true, false); });
}

} // namespace foregrad::compiler
