//===- Windows.cpp - Sliding windows and their adjoint --------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// windows, fold_windows. Both are linear and each is the other's adjoint, so
// each one's tangent is the same op and its cotangent the other one.
//
// As loops both read a copy that is padded with zeros, so that no element is
// ever out of reach and no loop asks for one: the index maps are linear.
//
//===----------------------------------------------------------------------===//

#include "dialects/fg/Lowering.h"
#include "dialects/fg/Support.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace foregrad::fg;

namespace {

/// One axis along which windows slide.
struct Slide {
  int64_t arrayAxis;    // of the array
  int64_t positionAxis; // of the windows: which window
  int64_t windowAxis;   // of the windows: which element of it
  int64_t elements;     // of the array
  int64_t positions;    // windows
  int64_t window;       // elements of a window
  int64_t stride, before;

  /// Each window is the array's own element: nothing mixes.
  bool isIdentity() const {
    return window == 1 && stride == 1 && before == 0 && positions == elements;
  }
};

/// How an array and its windows belong together.
struct Geometry {
  ArrayType array, windows;
  SmallVector<Slide, 2> slides;
  /// Axes that do not slide: of the array and of the windows.
  SmallVector<std::pair<int64_t, int64_t>> others;

  const Slide *findByArrayAxis(int64_t axis) const {
    const auto *found = llvm::find_if(
        slides, [&](const Slide &slide) { return slide.arrayAxis == axis; });
    return found == slides.end() ? nullptr : found;
  }
  const Slide *findByWindowsAxis(int64_t axis) const {
    const auto *found = llvm::find_if(slides, [&](const Slide &slide) {
      return slide.positionAxis == axis || slide.windowAxis == axis;
    });
    return found == slides.end() ? nullptr : found;
  }

  /// The flat element of the array that the windows' element `index` shows, or
  /// nothing where it lies outside.
  std::optional<size_t> locate(ArrayRef<int64_t> index,
                               ArrayRef<int64_t> strides) const {
    int64_t element = 0;
    for (auto [arrayAxis, windowsAxis] : others)
      element += index[windowsAxis] * strides[arrayAxis];
    for (const Slide &slide : slides) {
      int64_t at = index[slide.positionAxis] * slide.stride +
                   index[slide.windowAxis] - slide.before;
      if (at < 0 || at >= slide.elements)
        return std::nullopt;
      element += at * strides[slide.arrayAxis];
    }
    return static_cast<size_t>(element);
  }
};

} // namespace

/// `op` must be verified.
template <typename OpTy>
static Geometry geometryOf(OpTy op, ArrayType array, ArrayType windows) {
  Geometry geometry{array, windows, {}, {}};
  for (auto [axis, into, stride, before] :
       llvm::zip_equal(stringValues(op.getOver()), stringValues(op.getInto()),
                       op.getStrides(), op.getBefore())) {
    Slide slide{};
    slide.arrayAxis = array.findAxis(axis);
    slide.positionAxis = windows.findAxis(axis);
    slide.windowAxis = windows.findAxis(into);
    slide.elements = array.getAxes()[slide.arrayAxis].getSize();
    slide.positions = windows.getAxes()[slide.positionAxis].getSize();
    slide.window = windows.getAxes()[slide.windowAxis].getSize();
    slide.stride = stride;
    slide.before = before;
    geometry.slides.push_back(slide);
  }
  for (auto [axis, attribute] : llvm::enumerate(array.getAxes()))
    if (!geometry.findByArrayAxis(static_cast<int64_t>(axis)))
      geometry.others.push_back(
          {static_cast<int64_t>(axis), windows.findAxis(attribute.getName())});
  return geometry;
}

static Geometry geometryOf(WindowsOp op) {
  return geometryOf(op, arrayType(op.getInput()), op.getType());
}
static Geometry geometryOf(FoldWindowsOp op) {
  return geometryOf(op, op.getType(), arrayType(op.getInput()));
}

/// What both ops ask of an array and its windows.
template <typename OpTy>
static LogicalResult verifyWindows(OpTy op, ArrayType array,
                                   ArrayType windows) {
  if (failed(verifyFloats(op, {array, windows})))
    return failure();
  SmallVector<StringRef> over = stringValues(op.getOver());
  SmallVector<StringRef> into = stringValues(op.getInto());
  if (over.empty())
    return op.emitOpError() << "names no axis to slide along";
  if (into.size() != over.size() || op.getStrides().size() != over.size() ||
      op.getBefore().size() != over.size())
    return op.emitOpError()
           << "slides along " << over.size() << " axes but has " << into.size()
           << " window axes, " << op.getStrides().size() << " strides and "
           << op.getBefore().size() << " offsets";
  SmallVector<StringRef> all(over);
  all.append(into.begin(), into.end());
  if (failed(verifyAxisNames(op, array, over)) ||
      failed(verifyAxisNames(op, windows, all)))
    return failure();
  SmallVector<StringRef> names;
  for (StringRef name : axisNames(windows))
    if (!llvm::is_contained(into, name))
      names.push_back(name);
  if (names != axisNames(array))
    return op.emitOpError() << "without the window axes the windows must have "
                               "the axes of the array, in its order";
  Geometry geometry = geometryOf(op, array, windows);
  for (auto [arrayAxis, windowsAxis] : geometry.others)
    if (array.getAxes()[arrayAxis] != windows.getAxes()[windowsAxis])
      return op.emitOpError() << "does not slide along '"
                              << array.getAxes()[arrayAxis].getName().getValue()
                              << "', so its size must not change";
  for (auto [name, slide] : llvm::zip_equal(over, geometry.slides)) {
    if (slide.stride < 1)
      return op.emitOpError() << "has the stride " << slide.stride << " along '"
                              << name << "'; it must be at least 1";
    if (slide.before < 0 || slide.before >= slide.window)
      return op.emitOpError()
             << "begins " << slide.before << " elements before '" << name
             << "', which must be at least 0 and less than its window of "
             << slide.window;
    // So that no window is all zeros, and folding needs no guard.
    int64_t last;
    if (llvm::MulOverflow(slide.positions - 1, slide.stride, last) ||
        last - slide.before >= slide.elements)
      return op.emitOpError()
             << "has windows that lie behind the end of '" << name << "'";
  }
  return success();
}

/// `operand` within zeros: an array of the type `padded` whose elements from
/// `offsets` on, each `strides` apart, are the operand's.
static Value createPadded(OpBuilder &builder, Location loc, Value operand,
                          ArrayType from, ArrayType padded,
                          ArrayRef<int64_t> offsets,
                          ArrayRef<int64_t> strides) {
  if (from.getShape() == padded.getShape())
    return operand;
  auto attributes = [&](ArrayRef<int64_t> values) {
    return llvm::map_to_vector(values, [&](int64_t value) -> OpFoldResult {
      return builder.getIndexAttr(value);
    });
  };
  Value zeros = createFilled(builder, loc, padded, 0.0);
  return tensor::InsertSliceOp::create(
      builder, loc, operand, zeros, attributes(offsets),
      attributes(from.getShape()), attributes(strides));
}

static ArrayType resize(ArrayType type, int64_t axis, int64_t size) {
  SmallVector<AxisAttr> axes(type.getAxes());
  axes[axis] = AxisAttr::get(type.getContext(), axes[axis].getName(), size);
  return type.cloneWith(axes);
}

//===----------------------------------------------------------------------===//
// windows
//===----------------------------------------------------------------------===//

LogicalResult WindowsOp::verify() {
  return verifyWindows(*this, arrayType(getInput()), getType());
}

OpFoldResult WindowsOp::fold(FoldAdaptor adaptor) {
  // Only zero is the same inside and outside of the array.
  return isSplat(adaptor.getInput(), 0.0) ? splatOf(getContext(), 0.0)
                                          : Attribute();
}

SmallVector<Tensor> WindowsOp::evaluate(ArrayRef<Tensor> operands) {
  Geometry geometry = geometryOf(*this);
  Tensor result(getType().getShape());
  auto strides = operands[0].strides();
  size_t position = 0;
  forEachIndex(result.shape, [&](ArrayRef<int64_t> index) {
    if (std::optional<size_t> at = geometry.locate(index, strides))
      result.values[position] = operands[0].values[*at];
    ++position;
  });
  return {result};
}

SmallVector<Value> WindowsOp::lower(OpBuilder &builder, ValueRange operands) {
  Geometry geometry = geometryOf(*this);
  ArrayType result = getType(), padded = geometry.array;
  SmallVector<int64_t> offsets(padded.getRank(), 0);
  SmallVector<int64_t> strides(padded.getRank(), 1);
  SmallVector<AffineExpr> read(padded.getRank());
  for (auto [arrayAxis, windowsAxis] : geometry.others)
    read[arrayAxis] = builder.getAffineDimExpr(windowsAxis);
  for (const Slide &slide : geometry.slides) {
    int64_t reach = (slide.positions - 1) * slide.stride + slide.window;
    padded = resize(padded, slide.arrayAxis,
                    std::max(reach, slide.before + slide.elements));
    offsets[slide.arrayAxis] = slide.before;
    read[slide.arrayAxis] =
        builder.getAffineDimExpr(slide.positionAxis) * slide.stride +
        builder.getAffineDimExpr(slide.windowAxis);
  }
  Value source = createPadded(builder, getLoc(), operands[0], geometry.array,
                              padded, offsets, strides);
  auto rank = static_cast<unsigned>(result.getRank());
  AffineMap maps[] = {AffineMap::get(rank, 0, read, getContext()),
                      builder.getMultiDimIdentityMap(rank)};
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  Value empty = tensor::EmptyOp::create(builder, getLoc(), result.getShape(),
                                        result.getElementType());
  return {linalg::GenericOp::create(
              builder, getLoc(), TypeRange(result.getTensorType()), source,
              empty, maps, iterators,
              [](OpBuilder &inner, Location loc, ValueRange x) {
                linalg::YieldOp::create(inner, loc, x[0]);
              })
              .getResult(0)};
}

Value WindowsOp::tangent(OpBuilder &builder, ArrayRef<Value> tangents) {
  if (!tangents[0])
    return {};
  ArrayType input = arrayType(getInput());
  return WindowsOp::create(
      builder, getLoc(),
      derivativeType(getType(), extraAxes(tangents[0], input)),
      createCanonical(builder, getLoc(), tangents[0], input), getOver(),
      getInto(), getStrides(), getBefore());
}

SmallVector<Value> WindowsOp::cotangents(OpBuilder &builder, Value cotangent,
                                         ArrayRef<bool> wanted) {
  if (!wanted[0])
    return {Value()};
  return {FoldWindowsOp::create(
      builder, getLoc(),
      derivativeType(arrayType(getInput()), extraAxes(cotangent, getType())),
      createCanonical(builder, getLoc(), cotangent, getType()), getOver(),
      getInto(), getStrides(), getBefore())};
}

std::optional<AxisPart> WindowsOp::traceAxis(unsigned, AxisPart part) {
  Geometry geometry = geometryOf(*this);
  const Slide *slide = geometry.findByWindowsAxis(part.axis);
  if (slide && !slide->isIdentity())
    return std::nullopt;
  return traceByName(getResult(), getInput(), part);
}

//===----------------------------------------------------------------------===//
// fold_windows
//===----------------------------------------------------------------------===//

LogicalResult FoldWindowsOp::verify() {
  return verifyWindows(*this, getType(), arrayType(getInput()));
}

OpFoldResult FoldWindowsOp::fold(FoldAdaptor adaptor) {
  return isSplat(adaptor.getInput(), 0.0) ? splatOf(getContext(), 0.0)
                                          : Attribute();
}

SmallVector<Tensor> FoldWindowsOp::evaluate(ArrayRef<Tensor> operands) {
  Geometry geometry = geometryOf(*this);
  Tensor result(getType().getShape());
  auto strides = result.strides();
  size_t position = 0;
  forEachIndex(operands[0].shape, [&](ArrayRef<int64_t> index) {
    if (std::optional<size_t> at = geometry.locate(index, strides))
      result.values[*at] += operands[0].values[position];
    ++position;
  });
  return {result};
}

// An element x of the array gathers from window (x + before - i) / stride for
// every i. The windows are laid `stride` apart in a copy with zeros between
// and around them, where that is the place x + window - 1 - i.
SmallVector<Value> FoldWindowsOp::lower(OpBuilder &builder,
                                        ValueRange operands) {
  Geometry geometry = geometryOf(*this);
  ArrayType result = getType(), spread = geometry.windows;
  auto rank = static_cast<unsigned>(result.getRank());
  unsigned loops = rank + static_cast<unsigned>(geometry.slides.size());
  SmallVector<int64_t> offsets(spread.getRank(), 0);
  SmallVector<int64_t> strides(spread.getRank(), 1);
  SmallVector<AffineExpr> read(spread.getRank());
  for (auto [arrayAxis, windowsAxis] : geometry.others)
    read[windowsAxis] = builder.getAffineDimExpr(arrayAxis);
  for (auto [number, slide] : llvm::enumerate(geometry.slides)) {
    AffineExpr element = builder.getAffineDimExpr(rank + number);
    spread =
        resize(spread, slide.positionAxis, slide.elements + slide.window - 1);
    offsets[slide.positionAxis] = slide.window - 1 - slide.before;
    strides[slide.positionAxis] = slide.stride;
    read[slide.positionAxis] = builder.getAffineDimExpr(slide.arrayAxis) +
                               (slide.window - 1) - element;
    read[slide.windowAxis] = element;
  }
  Value source = createPadded(builder, getLoc(), operands[0], geometry.windows,
                              spread, offsets, strides);
  AffineMap maps[] = {AffineMap::get(loops, 0, read, getContext()),
                      AffineMap::getMultiDimIdentityMap(rank, getContext())};
  maps[1] = AffineMap::get(loops, 0, maps[1].getResults(), getContext());
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  iterators.append(geometry.slides.size(), utils::IteratorType::reduction);
  return {linalg::GenericOp::create(
              builder, getLoc(), TypeRange(result.getTensorType()), source,
              createFilled(builder, getLoc(), result, 0.0), maps, iterators,
              [](OpBuilder &inner, Location loc, ValueRange x) {
                linalg::YieldOp::create(
                    inner, loc,
                    createArith<arith::AddFOp>(inner, loc, x[1], x[0]));
              })
              .getResult(0)};
}

Value FoldWindowsOp::tangent(OpBuilder &builder, ArrayRef<Value> tangents) {
  if (!tangents[0])
    return {};
  ArrayType input = arrayType(getInput());
  return FoldWindowsOp::create(
      builder, getLoc(),
      derivativeType(getType(), extraAxes(tangents[0], input)),
      createCanonical(builder, getLoc(), tangents[0], input), getOver(),
      getInto(), getStrides(), getBefore());
}

SmallVector<Value> FoldWindowsOp::cotangents(OpBuilder &builder,
                                             Value cotangent,
                                             ArrayRef<bool> wanted) {
  if (!wanted[0])
    return {Value()};
  return {WindowsOp::create(
      builder, getLoc(),
      derivativeType(arrayType(getInput()), extraAxes(cotangent, getType())),
      createCanonical(builder, getLoc(), cotangent, getType()), getOver(),
      getInto(), getStrides(), getBefore())};
}

std::optional<AxisPart> FoldWindowsOp::traceAxis(unsigned, AxisPart part) {
  Geometry geometry = geometryOf(*this);
  const Slide *slide = geometry.findByArrayAxis(part.axis);
  if (slide && !slide->isIdentity())
    return std::nullopt;
  return traceByName(getResult(), getInput(), part);
}
