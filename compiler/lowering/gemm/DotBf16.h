//===- DotBf16.h - Pairs of bf16 products in one instruction ----*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_GEMM_DOTBF16_H
#define FOREGRAD_COMPILER_LOWERING_GEMM_DOTBF16_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace foregrad::compiler {

/// vdpbf16ps: in each lane sum + x0 * y0 + x1 * y1. `sum` has f32 lanes, `x`
/// and `y` i32 ones with a pair of bf16 numbers in each.
inline mlir::Value createDotBf16(mlir::OpBuilder &builder, mlir::Location loc,
                                 mlir::Value sum, mlir::Value x,
                                 mlir::Value y) {
  auto type = mlir::cast<mlir::VectorType>(sum.getType());
  auto name = builder.getStringAttr("llvm.x86.avx512bf16.dpbf16ps." +
                                    llvm::Twine(type.getNumElements() * 32));
  auto pairs =
      mlir::VectorType::get({2 * type.getNumElements()}, builder.getBF16Type());
  auto numbers = [&](mlir::Value bits) -> mlir::Value {
    return mlir::LLVM::BitcastOp::create(builder, loc, pairs, bits);
  };
  return mlir::LLVM::CallIntrinsicOp::create(
             builder, loc, type, name,
             mlir::ValueRange{sum, numbers(x), numbers(y)})
      .getResult(0);
}

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_GEMM_DOTBF16_H
