//===- RoundAsRead.h - Ops that round what they read ------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_LINALG_ROUNDASREAD_H
#define FOREGRAD_COMPILER_LOWERING_LINALG_ROUNDASREAD_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace foregrad::compiler {

/// Lets `op` read the numbers that the memref of `operand` has by now, which
/// are wider than those that its body takes, and round them to these. Returns
/// the rounding.
mlir::arith::TruncFOp roundAsRead(mlir::linalg::GenericOp op,
                                  mlir::OpOperand &operand);

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_LINALG_ROUNDASREAD_H
