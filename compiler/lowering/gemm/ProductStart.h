//===- ProductStart.h - What the sums of a product begin at -----*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// A product adds to what its output holds. Where an op before it has put 0
// there, or the same values into each row (a bias), the product can begin at
// them itself: one pass over the output less.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_GEMM_PRODUCTSTART_H
#define FOREGRAD_COMPILER_LOWERING_GEMM_PRODUCTSTART_H

#include "compiler/lowering/gemm/Contraction.h"

namespace foregrad::compiler {

/// Whether `op`, or anything inside of it, may write to `buffer` or a view of
/// it.
bool mayWrite(mlir::Operation *op, mlir::Value buffer);

/// The op that writes what `op`'s output holds before the product, if that is 0
/// or repeated values, it writes nothing else, and nothing touches the output
/// in between; else null. Notes in `product` where the values lie (nothing for
/// 0). The caller erases the op.
mlir::Operation *absorbStart(mlir::linalg::GenericOp op, Contraction &product);

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_GEMM_PRODUCTSTART_H
