//===- SumOfProducts.h - The body of matrix products ------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_LINALG_SUMOFPRODUCTS_H
#define FOREGRAD_COMPILER_LOWERING_LINALG_SUMOFPRODUCTS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace foregrad::compiler {

/// Whether `op` computes `out + lhs * rhs` of its two inputs and its output, in
/// any order, and nothing else. The inputs may be narrower numbers that are
/// made as wide as the output first, or be rounded to such numbers before.
bool isSumOfProducts(mlir::linalg::GenericOp op);

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_LINALG_SUMOFPRODUCTS_H
