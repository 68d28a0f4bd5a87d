//===- FgDialect.cpp - Types and attributes of the fg dialect -------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Parsing, printing and checks of array types; registration of all that the
// dialect has.
//
//===----------------------------------------------------------------------===//

#include "dialects/fg/Fg.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/FoldInterfaces.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace foregrad::fg;

// Generated code shadows names of its own.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"

#include "dialects/fg/FgDialect.cpp.inc"
#include "dialects/fg/FgEnums.cpp.inc"
#include "dialects/fg/FgInterfaces.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/fg/FgAttrs.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/fg/FgTypes.cpp.inc"

#pragma GCC diagnostic pop

namespace {
/// Constants stay where they are used: rules move blocks and heads as a whole.
struct FgFoldInterface : public DialectFoldInterface {
  using DialectFoldInterface::DialectFoldInterface;
  bool shouldMaterializeInto(Region *region) const final {
    return isa<FgDialect>(region->getParentOp()->getDialect());
  }
};
} // namespace

void FgDialect::initialize() {
  addInterfaces<FgFoldInterface>();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/fg/FgAttrs.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/fg/FgTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/fg/FgOps.cpp.inc"
      >();
}

Operation *FgDialect::materializeConstant(OpBuilder &builder, Attribute value,
                                          Type type, Location loc) {
  auto values = dyn_cast<DenseF64ArrayAttr>(value);
  auto array = dyn_cast<ArrayType>(type);
  if (!values || !array)
    return nullptr;
  return ConstantOp::create(builder, loc, array, values);
}

//===----------------------------------------------------------------------===//
// Axes
//===----------------------------------------------------------------------===//

/// NAME `=` SIZE
static ParseResult parseAxis(AsmParser &parser, std::string &name,
                             int64_t &size) {
  if (parser.parseKeywordOrString(&name) || parser.parseEqual())
    return failure();
  return parser.parseInteger(size);
}

static void printAxis(AsmPrinter &printer, StringAttr name, int64_t size) {
  printer.printKeywordOrString(name.getValue());
  printer << " = " << size;
}

Attribute AxisAttr::parse(AsmParser &parser, Type) {
  std::string axisName;
  int64_t size = 0;
  if (parser.parseLess() || parseAxis(parser, axisName, size) ||
      parser.parseGreater())
    return {};
  return AxisAttr::get(parser.getContext(),
                       StringAttr::get(parser.getContext(), axisName), size);
}

void AxisAttr::print(AsmPrinter &printer) const {
  printer << "<";
  printAxis(printer, getName(), getSize());
  printer << ">";
}

//===----------------------------------------------------------------------===//
// Arrays
//===----------------------------------------------------------------------===//

Type ArrayType::parse(AsmParser &parser) {
  SmallVector<AxisAttr> axes;
  Type elementType;
  llvm::SMLoc loc = parser.getCurrentLocation();
  auto axis = [&]() -> ParseResult {
    std::string axisName;
    int64_t size = 0;
    if (parseAxis(parser, axisName, size))
      return failure();
    axes.push_back(AxisAttr::get(parser.getContext(),
                                 StringAttr::get(parser.getContext(), axisName),
                                 size));
    return success();
  };
  if (parser.parseLess() ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, axis) ||
      parser.parseComma() || parser.parseType(elementType) ||
      parser.parseGreater())
    return {};
  return parser.getChecked<ArrayType>(loc, parser.getContext(), axes,
                                      elementType);
}

void ArrayType::print(AsmPrinter &printer) const {
  printer << "<[";
  llvm::interleaveComma(getAxes(), printer, [&](AxisAttr axis) {
    printAxis(printer, axis.getName(), axis.getSize());
  });
  printer << "], " << getElementType() << ">";
}

LogicalResult ArrayType::verify(function_ref<InFlightDiagnostic()> emitError,
                                ArrayRef<AxisAttr> axes, Type elementType) {
  llvm::StringSet<> names;
  int64_t count = 1;
  for (AxisAttr axis : axes) {
    StringRef axisName = axis.getName().getValue();
    if (axisName.empty())
      return emitError() << "an axis has an empty name";
    if (!names.insert(axisName).second)
      return emitError() << "two axes are called '" << axisName << "'";
    if (axis.getSize() < 1)
      return emitError() << "axis '" << axisName << "' has size "
                         << axis.getSize() << ", it must be at least 1";
    if (__builtin_mul_overflow(count, axis.getSize(), &count))
      return emitError() << "the array has more than 2^63 - 1 elements";
  }
  if (!isa<Float32Type, Float64Type, BFloat16Type>(elementType) &&
      !elementType.isInteger(8) && !elementType.isInteger(32) &&
      !elementType.isInteger(64))
    return emitError() << "element type must be f32, f64, bf16, i8, i32 or "
                          "i64, not "
                       << elementType;
  return success();
}

int64_t ArrayType::findAxis(StringRef axisName) const {
  for (auto [position, axis] : llvm::enumerate(getAxes()))
    if (axis.getName().getValue() == axisName)
      return static_cast<int64_t>(position);
  return -1;
}

int64_t ArrayType::getNumElements() const { return Tensor::count(getShape()); }

SmallVector<int64_t> ArrayType::getShape() const {
  return llvm::map_to_vector(getAxes(),
                             [](AxisAttr axis) { return axis.getSize(); });
}

RankedTensorType ArrayType::getTensorType() const {
  return RankedTensorType::get(getShape(), getElementType());
}

ArrayType ArrayType::cloneWith(ArrayRef<AxisAttr> axes) const {
  return ArrayType::get(getContext(), axes, getElementType());
}

ArrayType ArrayType::cloneWith(Type elementType) const {
  return ArrayType::get(getContext(), getAxes(), elementType);
}

ArrayType ArrayType::dropAxes(ArrayRef<StringRef> names) const {
  SmallVector<AxisAttr> kept;
  for (AxisAttr axis : getAxes())
    if (!llvm::is_contained(names, axis.getName().getValue()))
      kept.push_back(axis);
  return cloneWith(kept);
}
