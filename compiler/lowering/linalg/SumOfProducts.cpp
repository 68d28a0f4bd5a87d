//===- SumOfProducts.cpp - The body of matrix products --------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/linalg/SumOfProducts.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

bool foregrad::compiler::isSumOfProducts(linalg::GenericOp op) {
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1)
    return false;
  Block &body = *op.getBody();
  auto other = [](Operation *sum, Value one) {
    return sum->getOperand(0) == one   ? sum->getOperand(1)
           : sum->getOperand(1) == one ? sum->getOperand(0)
                                       : Value();
  };
  auto add = body.getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  Value product = add ? other(add, body.getArgument(2)) : Value();
  auto multiply =
      product ? product.getDefiningOp<arith::MulFOp>() : arith::MulFOp();
  if (!multiply)
    return false;
  size_t ops = 3; // with the yield
  auto input = [&](Value factor) {
    auto widen = factor.getDefiningOp<arith::ExtFOp>();
    if (!widen)
      return factor;
    auto round = widen.getIn().getDefiningOp<arith::TruncFOp>();
    ops += round ? 2 : 1;
    return round ? round.getIn() : widen.getIn();
  };
  Value lhs = input(multiply.getLhs()), rhs = input(multiply.getRhs());
  Value first = body.getArgument(0), second = body.getArgument(1);
  return body.getOperations().size() == ops &&
         ((lhs == first && rhs == second) || (lhs == second && rhs == first));
}
