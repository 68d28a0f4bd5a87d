//===- Noise.cpp - Counter-based random numbers ---------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// perturb. The scalar function is in Noise.h.
//
//===----------------------------------------------------------------------===//

#include "dialects/fg/Noise.h"
#include "dialects/fg/Lowering.h"
#include "dialects/fg/Support.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace foregrad::fg;

LogicalResult PerturbOp::verify() {
  ArrayType seed = arrayType(getSeed());
  if (failed(verifyFloats(*this, {getType()})))
    return failure();
  if (seed.getRank() != 0 || !seed.getElementType().isInteger(64))
    return emitOpError() << "seed and step are single i64 numbers, not "
                         << seed;
  if (getSite() > kMaxNoiseSite)
    return emitOpError() << "site " << getSite() << " is above the largest, "
                         << kMaxNoiseSite;
  return success();
}

SmallVector<Tensor> PerturbOp::evaluate(ArrayRef<Tensor> operands) {
  ArrayType type = getType();
  ArrayType rest = type.dropAxes({StringRef(kBatchAxis)});
  Locator element(rest, type);
  int64_t batch = type.findAxis(kBatchAxis);
  Tensor result(type.getShape());
  size_t position = 0;
  forEachIndex(type.getShape(), [&](ArrayRef<int64_t> index) {
    uint64_t sample = batch < 0 ? 0 : static_cast<uint64_t>(index[batch]);
    result.values[position++] =
        noise(static_cast<NoiseLaw>(getLaw()), operands[0].integer,
              operands[1].integer, getSite(), sample, element(index));
  });
  return {result};
}

SmallVector<Value> PerturbOp::lower(OpBuilder &builder, ValueRange operands) {
  ArrayType type = getType();
  ArrayType scalar = arrayType(getSeed());
  return {lowerElementwise(
      builder, getLoc(), type, operands, {scalar, scalar},
      [&](OpBuilder &inner, Location loc, ValueRange x) -> Value {
        Value sample, element;
        for (auto [position, axis] : llvm::enumerate(type.getAxes())) {
          Value index = linalg::IndexOp::create(inner, loc,
                                                static_cast<int64_t>(position));
          if (axis.getName() == kBatchAxis) {
            sample = index;
          } else if (!element) {
            element = index;
          } else {
            // row * size + index: seen to be contiguous in the innermost axis.
            Value size =
                arith::ConstantIndexOp::create(inner, loc, axis.getSize());
            Value row = arith::MulIOp::create(inner, loc, element, size);
            element = arith::AddIOp::create(inner, loc, row, index);
          }
        }
        if (!sample)
          sample = arith::ConstantIndexOp::create(inner, loc, 0);
        if (!element)
          element = arith::ConstantIndexOp::create(inner, loc, 0);
        return NoiseOp::create(inner, loc, type.getElementType(), x[0], x[1],
                               sample, element, getSite(), getLaw());
      })};
}
