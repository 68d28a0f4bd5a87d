//===- RoundAsRead.cpp - Ops that round what they read --------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/linalg/RoundAsRead.h"

#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

arith::TruncFOp foregrad::compiler::roundAsRead(linalg::GenericOp op,
                                                OpOperand &operand) {
  BlockArgument number = op.getMatchingBlockArgument(&operand);
  Type narrow = number.getType();
  number.setType(getElementTypeOrSelf(operand.get().getType()));
  OpBuilder builder = OpBuilder::atBlockBegin(op.getBody());
  auto round = arith::TruncFOp::create(builder, op.getLoc(), narrow, number);
  number.replaceAllUsesExcept(round, round);
  return round;
}
