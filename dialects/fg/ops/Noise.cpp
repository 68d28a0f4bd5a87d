//===- Noise.cpp - Counter-based random numbers ---------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// perturb, orthogonal_rows, noise_block. The scalar function of the first is in
// Noise.h.
//
//===----------------------------------------------------------------------===//

#include "dialects/fg/Noise.h"
#include "dialects/fg/Lowering.h"
#include "dialects/fg/Support.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include <cmath>
#include <numbers>

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

/// `type` with all axes but the samples' joined to one, where the last is too
/// short for a vector of random numbers: a long row is drawn block by block.
static ArrayType joinedIfShort(ArrayType type) {
  int64_t first = type.findAxis(kBatchAxis) + 1;
  ArrayRef<AxisAttr> axes = type.getAxes();
  bool isShort =
      axes.size() > 1 && axes.back().getSize() < int64_t(kNoiseLanes);
  // The samples' axis stands in front, or there is none.
  if (!isShort || first > 1)
    return type;
  SmallVector<AxisAttr> joined(axes.take_front(first));
  int64_t size = 1;
  for (AxisAttr axis : axes.drop_front(first))
    size *= axis.getSize();
  joined.push_back(
      AxisAttr::get(type.getContext(), axes.back().getName(), size));
  return ArrayType::get(type.getContext(), joined, type.getElementType());
}

SmallVector<Value> PerturbOp::lower(OpBuilder &builder, ValueRange operands) {
  ArrayType type = joinedIfShort(getType());
  ArrayType scalar = arrayType(getSeed());
  Value drawn = lowerElementwise(
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
      });
  if (type.getRank() == getType().getRank())
    return {drawn};
  SmallVector<ReassociationIndices> groups(type.getRank());
  for (int64_t axis = 0; axis < getType().getRank(); ++axis)
    groups[std::min(axis, type.getRank() - 1)].push_back(axis);
  return {tensor::ExpandShapeOp::create(
      builder, getLoc(), getType().getTensorType(), drawn, groups)};
}

//===----------------------------------------------------------------------===//
// orthogonal_rows
//===----------------------------------------------------------------------===//

/// Rows below this stay exact in all index arithmetic: row times column.
static constexpr int64_t kMostFrame = int64_t(1) << 31;

LogicalResult OrthogonalRowsOp::verify() {
  if (failed(verifyFloats(*this, {getType()})))
    return failure();
  if (getType().getRank() < 1)
    return emitOpError() << "has no axis of rows";
  int64_t columns =
      getType().getNumElements() / getType().getAxes()[0].getSize();
  int64_t offset = static_cast<int64_t>(getOffset());
  int64_t frame = static_cast<int64_t>(getFrame());
  if (offset < 0 || frame < 1 || frame >= kMostFrame ||
      offset > frame - columns)
    return emitOpError() << columns << " columns from " << offset
                         << " on do not lie within a frame of " << frame;
  return success();
}

/// How the rows are numbered: whole frames first, then a part of one. Of the
/// `singles` first rows of a frame's part (row 0, then the middle one), each
/// has squares of 1; the others come in pairs whose squares add up to 2.
namespace {
struct RowOrder {
  int64_t frame;
  int64_t whole;        // directions in whole frames
  int64_t wholeSingles; // singles of a whole frame
  int64_t partSingles;  // singles of the last part

  RowOrder(int64_t frame, int64_t directions)
      : frame(frame), whole(directions / frame * frame),
        wholeSingles(frame % 2 == 0 ? 2 : 1) {
    int64_t part = directions - whole;
    // An odd number has row 0; an even one row 0 and the middle row, or neither
    // where there is no middle row.
    partSingles = part % 2 == 1 ? 1 : (frame % 2 == 0 ? 2 : 0);
  }

  int64_t operator()(int64_t direction) const {
    int64_t singles = direction < whole ? wholeSingles : partSingles;
    int64_t place = direction % frame;
    if (place < singles)
      return place * (frame / 2);
    int64_t pair = (place - singles) / 2 + 1;
    return (place - singles) % 2 == 0 ? pair : frame - pair;
  }
};
} // namespace

/// cas(2 pi t) = sqrt(2) cos(2 pi (t - 1/8)): one function call.
static constexpr double kCasShift = 0.125;

SmallVector<Tensor> OrthogonalRowsOp::evaluate(ArrayRef<Tensor>) {
  ArrayType type = getType();
  int64_t directions = type.getAxes()[0].getSize();
  int64_t columns = type.getNumElements() / directions;
  auto frame = static_cast<int64_t>(getFrame());
  RowOrder order(frame, directions);
  Tensor result(type.getShape());
  size_t position = 0;
  for (int64_t k = 0; k < directions; ++k)
    for (int64_t i = 0; i < columns; ++i) {
      int64_t product =
          order(k) * (static_cast<int64_t>(getOffset()) + i) % frame;
      double turns =
          static_cast<double>(product) / static_cast<double>(frame) - kCasShift;
      result.values[position++] =
          std::numbers::sqrt2 * std::cos(2.0 * std::numbers::pi * turns);
    }
  return {result};
}

SmallVector<Value> OrthogonalRowsOp::lower(OpBuilder &builder, ValueRange) {
  ArrayType type = getType();
  Type element = type.getElementType();
  RowOrder order(static_cast<int64_t>(getFrame()), type.getAxes()[0].getSize());
  return {lowerElementwise(
      builder, getLoc(), type, {}, {},
      [&](OpBuilder &inner, Location loc, ValueRange) -> Value {
        ImplicitLocOpBuilder b(loc, inner);
        auto number = [&](int64_t value) -> Value {
          return arith::ConstantIndexOp::create(b, value);
        };
        auto less = [&](Value lhs, int64_t rhs) -> Value {
          return arith::CmpIOp::create(b, arith::CmpIPredicate::ult, lhs,
                                       number(rhs));
        };
        auto mul = [&](Value lhs, Value rhs) -> Value {
          return arith::MulIOp::create(b, lhs, rhs);
        };
        auto select = [&](Value condition, Value yes, Value no) -> Value {
          return arith::SelectOp::create(b, condition, yes, no);
        };
        Value direction = linalg::IndexOp::create(b, 0);
        Value column = number(0);
        for (auto [position, axis] :
             llvm::enumerate(type.getAxes().drop_front()))
          column = arith::AddIOp::create(
              b, mul(column, number(axis.getSize())),
              linalg::IndexOp::create(b, static_cast<int64_t>(position) + 1));
        column = arith::AddIOp::create(
            b, column, number(static_cast<int64_t>(getOffset())));

        Value singles =
            select(less(direction, order.whole), number(order.wholeSingles),
                   number(order.partSingles));
        Value place = arith::RemUIOp::create(b, direction, number(order.frame));
        // Meant for places behind the singles; others do not use it.
        Value behind = arith::SubIOp::create(b, place, singles);
        Value pair = arith::AddIOp::create(
            b, arith::ShRUIOp::create(b, behind, number(1)), number(1));
        Value isFirst = arith::CmpIOp::create(
            b, arith::CmpIPredicate::eq,
            arith::AndIOp::create(b, behind, number(1)), number(0));
        Value paired = select(
            isFirst, pair, arith::SubIOp::create(b, number(order.frame), pair));
        Value isSingle =
            arith::CmpIOp::create(b, arith::CmpIPredicate::ult, place, singles);
        Value row =
            select(isSingle, mul(place, number(order.frame / 2)), paired);
        Value product =
            arith::RemUIOp::create(b, mul(row, column), number(order.frame));
        Value integer = arith::IndexCastOp::create(b, b.getI64Type(), product);
        Value turns = arith::SIToFPOp::create(b, element, integer);
        auto real = [&](double value) {
          return createScalar(inner, loc, element, value);
        };
        Value angle = createArith<arith::MulFOp>(
            inner, loc, turns,
            real(2.0 * std::numbers::pi / static_cast<double>(order.frame)));
        angle = createArith<arith::SubFOp>(
            inner, loc, angle, real(2.0 * std::numbers::pi * kCasShift));
        return createArith<arith::MulFOp>(inner, loc,
                                          math::CosOp::create(b, angle),
                                          real(std::numbers::sqrt2));
      })};
}

LogicalResult NoiseBlockOp::verify() {
  if (getNumbers().empty() || !llvm::all_equal(getNumbers().getTypes()))
    return emitOpError("has vectors of one type for results");
  auto type = cast<VectorType>(getNumbers().front().getType());
  auto lanes = static_cast<uint64_t>(type.getNumElements());
  uint64_t count = lanes * getNumbers().size();
  if (kNoiseLanes % lanes != 0 || count != kNoiseBlock)
    return emitOpError() << "draws " << kNoiseBlock
                         << " numbers, in vectors that divide " << kNoiseLanes
                         << ", not " << count << " in " << type;
  if (getSite() > kMaxNoiseSite)
    return emitOpError() << "site " << getSite() << " is above the largest, "
                         << kMaxNoiseSite;
  return success();
}
