//===- IndexMath.h - Index arithmetic of the GEMM emitters ------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// A builder with the few index operations that address a product, folded where
// operands are constants, so that the emitted code holds no idle arithmetic.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_GEMM_INDEXMATH_H
#define FOREGRAD_COMPILER_LOWERING_GEMM_INDEXMATH_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace foregrad::compiler {

class KernelBuilder : public mlir::ImplicitLocOpBuilder {
public:
  using ImplicitLocOpBuilder::ImplicitLocOpBuilder;

  mlir::Value index(int64_t value) {
    return mlir::arith::ConstantIndexOp::create(*this, value);
  }
  mlir::Value add(mlir::Value x, mlir::Value y) {
    return createOrFold<mlir::arith::AddIOp>(x, y);
  }
  mlir::Value add(mlir::Value x, int64_t y) {
    return y == 0 ? x : add(x, index(y));
  }
  mlir::Value sub(mlir::Value x, mlir::Value y) {
    return createOrFold<mlir::arith::SubIOp>(x, y);
  }
  mlir::Value mul(mlir::Value x, int64_t y) {
    if (y == 1)
      return x;
    return y == 0 ? index(0) : createOrFold<mlir::arith::MulIOp>(x, index(y));
  }
  mlir::Value min(mlir::Value x, mlir::Value y) {
    return createOrFold<mlir::arith::MinUIOp>(x, y);
  }
  mlir::Value max(mlir::Value x, mlir::Value y) {
    return createOrFold<mlir::arith::MaxUIOp>(x, y);
  }
  mlir::Value div(mlir::Value x, int64_t y) {
    return y == 1 ? x : createOrFold<mlir::arith::DivUIOp>(x, index(y));
  }
  mlir::Value rem(mlir::Value x, int64_t y) {
    return y == 1 ? index(0) : createOrFold<mlir::arith::RemUIOp>(x, index(y));
  }

  /// for (i = begin; i < end; i += step) body(i). A loop that is known to run
  /// once or never is not written as one.
  void loop(mlir::Value begin, mlir::Value end, int64_t step,
            llvm::function_ref<void(mlir::Value)> body) {
    std::optional<int64_t> first = mlir::getConstantIntValue(begin);
    std::optional<int64_t> last = mlir::getConstantIntValue(end);
    if (first && last && *first >= *last)
      return;
    if (first && last && *first + step >= *last)
      return body(begin);
    auto op = mlir::scf::ForOp::create(*this, begin, end, index(step));
    mlir::OpBuilder::InsertionGuard guard(*this);
    setInsertionPointToStart(op.getBody());
    body(op.getInductionVar());
  }
};

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_GEMM_INDEXMATH_H
