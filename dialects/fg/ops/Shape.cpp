//===- Shape.cpp - Splitting, merging, reordering and repeating axes ------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// split, merge, reorder, broadcast, identity. All but the last are linear, so
// each one's tangent is the same op and its cotangent the opposite one.
//
//===----------------------------------------------------------------------===//

#include "dialects/fg/Lowering.h"
#include "dialects/fg/Support.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace foregrad::fg;

/// The array with `replaced.size()` axes from `first` on replaced by `pieces`.
static ArrayType replaceAxes(ArrayType type, size_t first, size_t count,
                             ArrayRef<AxisAttr> pieces) {
  SmallVector<AxisAttr> axes(type.getAxes().take_front(first));
  axes.append(pieces.begin(), pieces.end());
  llvm::append_range(axes, type.getAxes().drop_front(first + count));
  return type.cloneWith(axes);
}

/// Which axes of the array with the pieces make up which of the array with the
/// whole.
static SmallVector<ReassociationIndices>
reassociation(ArrayType whole, size_t axis, size_t pieces) {
  SmallVector<ReassociationIndices> groups;
  int64_t next = 0;
  for (size_t i = 0; i < whole.getAxes().size(); ++i) {
    ReassociationIndices group;
    for (size_t j = 0; j < (i == axis ? pieces : 1); ++j)
      group.push_back(next++);
    groups.push_back(group);
  }
  return groups;
}

/// An op whose result has the numbers of `operand` in the same order, and thus
/// the same constants.
static OpFoldResult foldReshape(Operation *op, Attribute operand) {
  if (operand)
    return operand;
  // Two ops that move nothing and end in the first type are the identity.
  Operation *source = op->getOperand(0).getDefiningOp();
  if (isa_and_present<SplitOp, MergeOp>(source) &&
      source->getOperand(0).getType() == op->getResult(0).getType())
    return source->getOperand(0);
  return {};
}

/// The `fg.constant` value if it is one number.
static OpFoldResult foldSplat(Attribute operand) {
  auto values = dyn_cast_or_null<DenseF64ArrayAttr>(operand);
  return values && values.size() == 1 ? OpFoldResult(operand) : OpFoldResult();
}

/// A loop nest that copies each element to where its axes are in the result.
static Value lowerCopy(Operation *op, OpBuilder &builder, Value operand) {
  return lowerElementwise(
      builder, op->getLoc(), arrayType(op->getResult(0)), operand,
      {arrayType(op->getOperand(0))},
      [](OpBuilder &, Location, ValueRange x) { return x[0]; });
}

static LogicalResult verifySameElements(Operation *op) {
  Type from = arrayType(op->getOperand(0)).getElementType();
  Type to = arrayType(op->getResult(0)).getElementType();
  if (from != to)
    return op->emitOpError() << "gives elements of type " << to
                             << " from elements of type " << from;
  return success();
}

//===----------------------------------------------------------------------===//
// split
//===----------------------------------------------------------------------===//

static SmallVector<AxisAttr> piecesOf(SplitOp op) {
  SmallVector<AxisAttr> pieces;
  for (StringRef name : stringValues(op.getInto()))
    pieces.push_back(op.getType().getAxes()[op.getType().findAxis(name)]);
  return pieces;
}

LogicalResult SplitOp::verify() {
  ArrayType input = arrayType(getInput()), result = getType();
  SmallVector<StringRef> into = stringValues(getInto());
  if (failed(verifySameElements(*this)) ||
      failed(verifyAxisNames(*this, input, {getAxis()})))
    return failure();
  if (into.empty())
    return emitOpError() << "splits '" << getAxis() << "' into no axes";
  if (failed(verifyAxisNames(*this, result, into)))
    return failure();
  int64_t position = input.findAxis(getAxis());
  SmallVector<AxisAttr> pieces = piecesOf(*this);
  int64_t product = 1;
  for (AxisAttr piece : pieces)
    product *= piece.getSize();
  int64_t size = input.getAxes()[position].getSize();
  if (product != size)
    return emitOpError() << "axis '" << getAxis() << "' has size " << size
                         << " but the axes it is split into have " << product
                         << " elements";
  SmallVector<AxisAttr> expected(input.getAxes().take_front(position));
  llvm::append_range(expected, pieces);
  llvm::append_range(expected, input.getAxes().drop_front(position + 1));
  if (ArrayRef<AxisAttr>(expected) != result.getAxes())
    return emitOpError() << "the new axes must stand in the place of '"
                         << getAxis() << "' and the others stay as they are";
  return success();
}

OpFoldResult SplitOp::fold(FoldAdaptor adaptor) {
  return foldReshape(*this, adaptor.getInput());
}

SmallVector<Tensor> SplitOp::evaluate(ArrayRef<Tensor> operands) {
  Tensor result = operands[0];
  result.shape.assign(getType().getShape());
  return {result};
}

SmallVector<Value> SplitOp::lower(OpBuilder &builder, ValueRange operands) {
  ArrayType input = arrayType(getInput());
  if (getInto().size() == 1)
    return {operands[0]};
  return {tensor::ExpandShapeOp::create(
      builder, getLoc(), getType().getTensorType(), operands[0],
      reassociation(input, input.findAxis(getAxis()), getInto().size()))};
}

Value SplitOp::tangent(OpBuilder &builder, ArrayRef<Value> tangents) {
  if (!tangents[0])
    return {};
  ArrayType type = arrayType(tangents[0]);
  ArrayType result =
      replaceAxes(type, type.findAxis(getAxis()), 1, piecesOf(*this));
  return SplitOp::create(builder, getLoc(), result, tangents[0], getAxis(),
                         getInto());
}

SmallVector<Value> SplitOp::cotangents(OpBuilder &builder, Value cotangent,
                                       ArrayRef<bool> wanted) {
  if (!wanted[0])
    return {Value()};
  ArrayType type =
      derivativeType(arrayType(getInput()), extraAxes(cotangent, getType()));
  return {
      MergeOp::create(builder, getLoc(), type,
                      createCanonical(builder, getLoc(), cotangent, getType()),
                      getInto(), getAxis())};
}

std::optional<AxisPart> SplitOp::traceAxis(unsigned, AxisPart part) {
  unsigned first =
      static_cast<unsigned>(arrayType(getInput()).findAxis(getAxis()));
  unsigned pieces = static_cast<unsigned>(getInto().size());
  if (part.axis < first)
    return part;
  if (part.axis >= first + pieces) {
    part.axis -= pieces - 1;
    return part;
  }
  for (unsigned later = part.axis + 1; later < first + pieces; ++later)
    part.inner *= getType().getAxes()[later].getSize();
  part.axis = first;
  return part;
}

//===----------------------------------------------------------------------===//
// merge
//===----------------------------------------------------------------------===//

LogicalResult MergeOp::verify() {
  ArrayType input = arrayType(getInput()), result = getType();
  SmallVector<StringRef> axes = stringValues(getAxes());
  if (axes.empty())
    return emitOpError() << "names no axis to merge";
  if (failed(verifySameElements(*this)) ||
      failed(verifyAxisNames(*this, input, axes)))
    return failure();
  int64_t first = input.findAxis(axes.front());
  int64_t product = 1;
  for (auto [offset, name] : llvm::enumerate(axes)) {
    if (input.findAxis(name) != first + static_cast<int64_t>(offset))
      return emitOpError() << "the axes " << llvm::join(axes, ", ")
                           << " are no neighbours in this order; the axes are "
                           << llvm::join(axisNames(input), ", ");
    product *= input.getAxes()[first + offset].getSize();
  }
  SmallVector<AxisAttr> expected(input.getAxes().take_front(first));
  expected.push_back(AxisAttr::get(getContext(), getIntoAttr(), product));
  llvm::append_range(expected, input.getAxes().drop_front(first + axes.size()));
  if (ArrayRef<AxisAttr>(expected) != result.getAxes())
    return emitOpError() << "the result must have the axis '" << getInto()
                         << "' of size " << product
                         << " in the place of the merged ones and the others "
                            "as they are";
  return success();
}

OpFoldResult MergeOp::fold(FoldAdaptor adaptor) {
  return foldReshape(*this, adaptor.getInput());
}

SmallVector<Tensor> MergeOp::evaluate(ArrayRef<Tensor> operands) {
  Tensor result = operands[0];
  result.shape.assign(getType().getShape());
  return {result};
}

SmallVector<Value> MergeOp::lower(OpBuilder &builder, ValueRange operands) {
  if (getAxes().size() == 1)
    return {operands[0]};
  return {tensor::CollapseShapeOp::create(
      builder, getLoc(), getType().getTensorType(), operands[0],
      reassociation(getType(), getType().findAxis(getInto()),
                    getAxes().size()))};
}

Value MergeOp::tangent(OpBuilder &builder, ArrayRef<Value> tangents) {
  if (!tangents[0])
    return {};
  ArrayType type =
      derivativeType(getType(), extraAxes(tangents[0], arrayType(getInput())));
  return MergeOp::create(
      builder, getLoc(), type,
      createCanonical(builder, getLoc(), tangents[0], arrayType(getInput())),
      getAxes(), getInto());
}

SmallVector<Value> MergeOp::cotangents(OpBuilder &builder, Value cotangent,
                                       ArrayRef<bool> wanted) {
  if (!wanted[0])
    return {Value()};
  ArrayType input = arrayType(getInput()), type = arrayType(cotangent);
  int64_t first = input.findAxis(cast<StringAttr>(getAxes()[0]).getValue());
  ArrayType result =
      replaceAxes(type, type.findAxis(getInto()), 1,
                  input.getAxes().slice(first, getAxes().size()));
  return {SplitOp::create(builder, getLoc(), result, cotangent, getInto(),
                          getAxes())};
}

std::optional<AxisPart> MergeOp::traceAxis(unsigned, AxisPart part) {
  ArrayType input = arrayType(getInput());
  unsigned merged = static_cast<unsigned>(getType().findAxis(getInto()));
  unsigned pieces = static_cast<unsigned>(getAxes().size());
  if (part.axis < merged)
    return part;
  if (part.axis > merged) {
    part.axis += pieces - 1;
    return part;
  }
  // Find the piece within which the part lies: the piece's index is
  // (index along the merged axis / stride) % size.
  int64_t stride = 1;
  for (unsigned axis = merged + pieces; axis-- > merged;) {
    int64_t size = input.getAxes()[axis].getSize();
    if (part.inner % stride == 0 &&
        size % (part.inner / stride * part.size) == 0)
      return AxisPart{axis, part.size, part.inner / stride};
    stride *= size;
  }
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// reorder
//===----------------------------------------------------------------------===//

LogicalResult ReorderOp::verify() {
  ArrayType input = arrayType(getInput());
  if (failed(verifySameElements(*this)) ||
      failed(verifyAxesWithin(*this, "the operand", input, "the result",
                              getType())) ||
      failed(verifyAxesWithin(*this, "the result", getType(), "the operand",
                              input)))
    return failure();
  return success();
}

OpFoldResult ReorderOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getType())
    return getInput();
  if (auto inner = getInput().getDefiningOp<ReorderOp>()) {
    if (inner.getInput().getType() == getType())
      return inner.getInput();
    getInputMutable().assign(inner.getInput());
    return getResult();
  }
  return foldSplat(adaptor.getInput());
}

SmallVector<Tensor> ReorderOp::evaluate(ArrayRef<Tensor> operands) {
  return {evaluateElementwise(getType(), operands, {arrayType(getInput())},
                              [](ArrayRef<double> x) { return x[0]; })};
}

SmallVector<Value> ReorderOp::lower(OpBuilder &builder, ValueRange operands) {
  return {lowerCopy(*this, builder, operands[0])};
}

Value ReorderOp::tangent(OpBuilder &builder, ArrayRef<Value> tangents) {
  if (!tangents[0])
    return {};
  return createExpanded(
      builder, getLoc(), tangents[0],
      derivativeType(getType(), extraAxes(tangents[0], arrayType(getInput()))));
}

SmallVector<Value> ReorderOp::cotangents(OpBuilder &builder, Value cotangent,
                                         ArrayRef<bool> wanted) {
  if (!wanted[0])
    return {Value()};
  return {createExpanded(
      builder, getLoc(), cotangent,
      derivativeType(arrayType(getInput()), extraAxes(cotangent, getType())))};
}

std::optional<AxisPart> ReorderOp::traceAxis(unsigned, AxisPart part) {
  return traceByName(getResult(), getInput(), part);
}

//===----------------------------------------------------------------------===//
// broadcast
//===----------------------------------------------------------------------===//

LogicalResult BroadcastOp::verify() {
  if (failed(verifySameElements(*this)))
    return failure();
  return verifyAxesWithin(*this, "the operand", arrayType(getInput()),
                          "the result", getType());
}

OpFoldResult BroadcastOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getType())
    return getInput();
  if (auto inner = getInput().getDefiningOp<BroadcastOp>()) {
    getInputMutable().assign(inner.getInput());
    return getResult();
  }
  return foldSplat(adaptor.getInput());
}

SmallVector<Tensor> BroadcastOp::evaluate(ArrayRef<Tensor> operands) {
  return {evaluateElementwise(getType(), operands, {arrayType(getInput())},
                              [](ArrayRef<double> x) { return x[0]; })};
}

SmallVector<Value> BroadcastOp::lower(OpBuilder &builder, ValueRange operands) {
  return {lowerCopy(*this, builder, operands[0])};
}

Value BroadcastOp::tangent(OpBuilder &builder, ArrayRef<Value> tangents) {
  if (!tangents[0])
    return {};
  return createExpanded(
      builder, getLoc(), tangents[0],
      derivativeType(getType(), extraAxes(tangents[0], arrayType(getInput()))));
}

SmallVector<Value> BroadcastOp::cotangents(OpBuilder &builder, Value cotangent,
                                           ArrayRef<bool> wanted) {
  if (!wanted[0])
    return {Value()};
  SmallVector<AxisAttr> extras = extraAxes(cotangent, getType());
  SmallVector<StringRef> keep = llvm::map_to_vector(
      extras, [](AxisAttr axis) { return axis.getName().getValue(); });
  return {
      createSumTo(builder, getLoc(), cotangent, arrayType(getInput()), keep)};
}

std::optional<AxisPart> BroadcastOp::traceAxis(unsigned, AxisPart part) {
  return traceByName(getResult(), getInput(), part);
}

//===----------------------------------------------------------------------===//
// identity
//===----------------------------------------------------------------------===//

LogicalResult IdentityOp::verify() {
  if (failed(verifyFloats(*this, {getType()})))
    return failure();
  ArrayRef<AxisAttr> axes = getType().getAxes();
  if (axes.size() != 2 || axes[0].getSize() != axes[1].getSize())
    return emitOpError() << "needs two axes of one size, not " << getType();
  return success();
}

SmallVector<Tensor> IdentityOp::evaluate(ArrayRef<Tensor>) {
  Tensor result(getType().getShape());
  for (int64_t i = 0; i < result.shape[0]; ++i)
    result.values[i * result.shape[1] + i] = 1.0;
  return {result};
}

SmallVector<Value> IdentityOp::lower(OpBuilder &builder, ValueRange) {
  Type element = getType().getElementType();
  return {lowerElementwise(
      builder, getLoc(), getType(), {}, {},
      [&](OpBuilder &inner, Location loc, ValueRange) -> Value {
        Value row = linalg::IndexOp::create(inner, loc, 0);
        Value column = linalg::IndexOp::create(inner, loc, 1);
        Value same = arith::CmpIOp::create(inner, loc, arith::CmpIPredicate::eq,
                                           row, column);
        return arith::SelectOp::create(inner, loc, same,
                                       createScalar(inner, loc, element, 1.0),
                                       createScalar(inner, loc, element, 0.0));
      })};
}
