//===- Support.cpp - What the ops of the dialect share --------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Checks, types of derivatives and loops of the reference evaluation.
//
//===----------------------------------------------------------------------===//

#include "dialects/fg/Support.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace foregrad::fg {

SmallVector<StringRef> axisNames(ArrayType type) {
  return llvm::map_to_vector(
      type.getAxes(), [](AxisAttr axis) { return axis.getName().getValue(); });
}

SmallVector<StringRef> stringValues(ArrayAttr strings) {
  return llvm::map_to_vector(strings.getAsRange<StringAttr>(),
                             [](StringAttr name) { return name.getValue(); });
}

SmallVector<AxisAttr> extraAxes(Value derivative, ArrayType primal) {
  SmallVector<AxisAttr> extras;
  if (!derivative)
    return extras;
  for (AxisAttr axis : arrayType(derivative).getAxes())
    if (!primal.hasAxis(axis.getName()))
      extras.push_back(axis);
  return extras;
}

void addAxes(SmallVectorImpl<AxisAttr> &axes, ArrayRef<AxisAttr> more) {
  for (AxisAttr axis : more)
    if (llvm::none_of(axes, [&](AxisAttr known) {
          return known.getName() == axis.getName();
        }))
      axes.push_back(axis);
}

ArrayType derivativeType(ArrayType primal, ArrayRef<AxisAttr> extras) {
  SmallVector<AxisAttr> axes(extras);
  addAxes(axes, primal.getAxes());
  return primal.cloneWith(axes);
}

Value createCanonical(OpBuilder &builder, Location loc, Value derivative,
                      ArrayType primal) {
  return createExpanded(builder, loc, derivative,
                        derivativeType(primal, extraAxes(derivative, primal)));
}

bool isSplat(Attribute constant, double number) {
  auto values = dyn_cast_or_null<DenseF64ArrayAttr>(constant);
  return values && llvm::all_of(values.asArrayRef(),
                                [&](double value) { return value == number; });
}

Attribute splatOf(MLIRContext *context, double number) {
  return DenseF64ArrayAttr::get(context, {number});
}

std::optional<AxisPart> traceByName(Value result, Value operand,
                                    AxisPart part) {
  int64_t axis = arrayType(operand).findAxis(
      arrayType(result).getAxes()[part.axis].getName());
  if (axis < 0)
    return std::nullopt;
  part.axis = static_cast<unsigned>(axis);
  return part;
}

LogicalResult verifyAxesWithin(Operation *op, StringRef partName,
                               ArrayType part, StringRef wholeName,
                               ArrayType whole) {
  for (AxisAttr axis : part.getAxes()) {
    StringRef name = axis.getName();
    int64_t position = whole.findAxis(name);
    if (position < 0)
      return op->emitOpError() << partName << " has an axis '" << name << "', "
                               << wholeName << " has none";
    int64_t size = whole.getAxes()[position].getSize();
    if (size != axis.getSize())
      return op->emitOpError()
             << "axis '" << name << "' has size " << axis.getSize() << " in "
             << partName << " but " << size << " in " << wholeName;
  }
  return success();
}

LogicalResult verifyFloats(Operation *op, ArrayRef<ArrayType> types) {
  Type first = types.front().getElementType();
  for (ArrayType type : types) {
    if (!isa<FloatType>(type.getElementType()))
      return op->emitOpError()
             << "needs floating-point elements, not " << type.getElementType();
    if (type.getElementType() != first)
      return op->emitOpError() << "mixes elements of type " << first << " and "
                               << type.getElementType();
  }
  return success();
}

LogicalResult verifyAxisNames(Operation *op, ArrayType type,
                              ArrayRef<StringRef> names) {
  for (auto [position, name] : llvm::enumerate(names)) {
    if (!type.hasAxis(name)) {
      auto error = op->emitOpError() << "there is no axis '" << name << "'";
      error.attachNote() << "the axes are: "
                         << llvm::join(axisNames(type), ", ");
      return error;
    }
    if (llvm::is_contained(names.take_front(position), name))
      return op->emitOpError() << "axis '" << name << "' is named twice";
  }
  return success();
}

void forEachIndex(ArrayRef<int64_t> shape,
                  function_ref<void(ArrayRef<int64_t>)> body) {
  SmallVector<int64_t, 6> index(shape.size(), 0);
  for (int64_t left = Tensor::count(shape); left > 0; --left) {
    body(index);
    for (size_t axis = shape.size(); axis-- > 0;) {
      if (++index[axis] < shape[axis])
        break;
      index[axis] = 0;
    }
  }
}

Locator::Locator(ArrayType type, ArrayType loops) {
  SmallVector<int64_t, 6> own = Tensor(type.getShape()).strides();
  for (AxisAttr axis : loops.getAxes()) {
    int64_t position = type.findAxis(axis.getName());
    strides.push_back(position < 0 ? 0 : own[position]);
  }
}

size_t Locator::operator()(ArrayRef<int64_t> index) const {
  int64_t offset = 0;
  for (auto [step, i] : llvm::zip_equal(strides, index))
    offset += step * i;
  return static_cast<size_t>(offset);
}

Tensor evaluateElementwise(ArrayType result, ArrayRef<Tensor> operands,
                           ArrayRef<ArrayType> types,
                           function_ref<double(ArrayRef<double>)> body) {
  Tensor out(result.getShape());
  SmallVector<Locator> locators;
  for (ArrayType type : types)
    locators.emplace_back(type, result);
  size_t position = 0;
  SmallVector<double> numbers(operands.size());
  forEachIndex(out.shape, [&](ArrayRef<int64_t> index) {
    for (size_t i = 0; i < operands.size(); ++i)
      numbers[i] = operands[i].values[locators[i](index)];
    out.values[position++] = body(numbers);
  });
  return out;
}

} // namespace foregrad::fg
