//===- Convolution.cpp - Layers on sliding windows ------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// `conv` is `linear` on the windows of an array: windows slide along the named
// axes, and their elements are mixed as if they were one more input axis. So
// all that `linear` can (weights per axis, several input axes) holds for it.
//
//===----------------------------------------------------------------------===//

#include "frontends/fg/Arguments.h"

namespace foregrad::lang {

using namespace ast;

std::string Elaborator::getWindowName(llvm::StringRef axis) {
  return (axis + ".window").str();
}

// True: zeros around the array, so that each window lies around an element.
std::optional<bool> Elaborator::readPadding(const Arguments &arguments) {
  const Argument *padding = arguments.named.lookup("padding");
  if (!padding)
    return true;
  const auto *word = llvm::dyn_cast<NameExpr>(padding->value.get());
  if (word && (word->name == "same" || word->name == "none"))
    return word->name == "same";
  diagnostics.error(padding->value->range, "'padding' is same or none");
  diagnostics.help("same: zeros around the array, as many windows as elements; "
                   "none: windows that lie within it");
  return std::nullopt;
}

std::optional<Elaborator::Window>
Elaborator::placeWindow(const AxisDeclaration &axis, const Axis &along,
                        int64_t stride, bool isPadded) {
  std::optional<int64_t> size =
      evaluateSize(*axis.size, "the window along '" + along.name + "'");
  if (!size)
    return std::nullopt;
  llvm::SMRange range = axis.size->range;
  if (!isPadded) {
    if (*size <= along.size)
      return Window{axis.name, *size, (along.size - *size) / stride + 1, stride,
                    0};
    diagnostics.error(range, "a window of " + llvm::Twine(*size) +
                                 " does not fit: '" + along.name + "' has " +
                                 llvm::Twine(along.size) + " elements");
    return std::nullopt;
  }
  if (*size % 2 == 0) {
    diagnostics.error(range,
                      "a window of " + llvm::Twine(*size) +
                          " has no middle to lie around an element of '" +
                          along.name + "'; its size must be odd");
    diagnostics.help("or let the windows lie within the array: padding = none");
    return std::nullopt;
  }
  int64_t largest = 2 * along.size - 1;
  if (*size > largest) {
    diagnostics.error(range, "a window of " + llvm::Twine(*size) +
                                 " is too large: '" + along.name + "' has " +
                                 llvm::Twine(along.size) + " elements");
    diagnostics.help("it may have at most " + llvm::Twine(largest) +
                     "; what lies further out sees nothing but zeros");
    return std::nullopt;
  }
  return Window{axis.name, *size, (along.size - 1) / stride + 1, stride,
                (*size - 1) / 2};
}

std::optional<Elaborator::Windows>
Elaborator::readWindows(const Arguments &arguments, ArrayId input) {
  int64_t stride = 1;
  if (const Argument *option = arguments.named.lookup("stride")) {
    std::optional<int64_t> value = evaluateSize(*option->value, "'stride'");
    if (!value)
      return std::nullopt;
    stride = *value;
  }
  std::optional<bool> isPadded = readPadding(arguments);
  if (!isPadded)
    return std::nullopt;
  const Axes &axes = graph.arrays[input];
  Windows windows;
  for (const AxisDeclaration &axis : arguments.window->axes) {
    if (!checkAxisName(axis.name))
      return std::nullopt;
    int position = findAxis(axes, axis.name.text);
    if (position < 0) {
      reportMissingAxis(axis.name, input);
      return std::nullopt;
    }
    for (const Window &other : windows)
      if (other.axis.text == axis.name.text) {
        diagnostics.error(axis.name.range,
                          "the axis '" + axis.name.text + "' is given twice");
        return std::nullopt;
      }
    std::optional<Window> window =
        placeWindow(axis, axes[position], stride, *isPadded);
    if (!window)
      return std::nullopt;
    windows.push_back(*window);
  }
  return windows;
}

// The elements of a window stand behind the axes that it slides along where
// enough contiguous elements follow to be copied at once; in front of them
// where few do (the colors of an image), so that whole rows can be copied.
static constexpr int64_t kContiguousElements = 16;

std::optional<ArrayId> Elaborator::addWindows(const CallExpr &call,
                                              ArrayId input,
                                              llvm::ArrayRef<Window> windows) {
  Node node;
  node.kind = Node::Kind::Windows;
  node.range = call.range;
  node.operands = {input};
  Axes axes = graph.arrays[input];
  size_t first = axes.size(), last = 0;
  Axes elements;
  for (const Window &window : windows) {
    auto position = static_cast<size_t>(findAxis(axes, window.axis.text));
    axes[position].size = window.count;
    first = std::min(first, position);
    last = std::max(last, position);
    node.names.push_back(window.axis.text.str());
    node.windowNames.push_back(getWindowName(window.axis.text));
    node.strides.push_back(window.stride);
    node.before.push_back(window.before);
    elements.push_back({node.windowNames.back(), window.size});
  }
  int64_t contiguous = 1;
  for (const Axis &axis : llvm::drop_begin(axes, last + 1))
    contiguous *= axis.size;
  size_t place = contiguous >= kContiguousElements ? last + 1 : first;
  axes.insert(axes.begin() + place, elements.begin(), elements.end());
  // Derivatives are laid back with the zeros that a stride leaves between them.
  Axes spread = axes;
  for (const Window &window : windows) {
    const Axes &from = graph.arrays[input];
    Axis &axis = spread[findAxis(spread, window.axis.text)];
    axis.size = from[findAxis(from, window.axis.text)].size + window.size - 1;
  }
  if (!checkElements(spread, batch, call.range, "the array of all windows"))
    return std::nullopt;
  Operand array = addNode(std::move(node), std::move(axes));
  return array ? std::optional(array.array) : std::nullopt;
}

Operand Elaborator::callConv(const CallExpr &call) {
  static constexpr llvm::StringRef kOptions[] = {"stride", "padding", "bias",
                                                 "init"};
  static constexpr Signature kSignature{
      "conv(x, [axis = size, axis = size], axis -> axis = size) with stride = "
      "2, padding = none, per axis, or per axis without '->'",
      1,
      /*hasArrow=*/true,
      /*hasPer=*/true,
      false,
      kOptions,
      /*hasWindow=*/true};
  Arguments arguments;
  if (!sortArguments(call, kSignature, arguments))
    return {};
  std::optional<ArrayId> input =
      evaluateArray(*arguments.positional[0]->value, "conv");
  // As in linear: layers within the input claim their names first.
  if (!input || !claimLayer(call))
    return {};
  std::optional<Windows> windows = readWindows(arguments, *input);
  if (!windows)
    return {};
  return addLayer(call, arguments, *input, *windows);
}

} // namespace foregrad::lang
