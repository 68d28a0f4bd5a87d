//===- Layers.cpp - The parts of random programs --------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// A new function of the language is one more kind of layer in `kKinds`.
//
//===----------------------------------------------------------------------===//

#include "tests/property/Layers.h"
#include <algorithm>

namespace foregrad::property {

/// Axes of an array at most: copies and directions come on top.
constexpr size_t kMostAxes = 4;

size_t product(const std::vector<Axis> &axes) {
  size_t result = 1;
  for (const Axis &axis : axes)
    result *= axis.size;
  return result;
}

std::string list(const std::vector<Axis> &axes) {
  if (axes.size() == 1)
    return axes.front().name;
  std::string text;
  for (const Axis &axis : axes)
    text += (text.empty() ? "[" : ", ") + axis.name;
  return text + "]";
}

void Writer::line(const std::string &content) {
  text += std::string(indent, ' ') + content + "\n";
}

std::string Writer::layerName() {
  static const char *const names[] = {"first", "second", "third"};
  size_t number = layers++;
  return number < 3 ? names[number] : "layer" + std::to_string(number);
}

std::string Writer::axisName(Random &random) const {
  static const char *const names[] = {"unit",   "token", "group",   "row",
                                      "column", "part",  "channel", "feature"};
  size_t start = random.below(std::size(names));
  for (size_t i = 0;; ++i) {
    std::string name = names[(start + i) % std::size(names)];
    if (std::none_of(axes.begin(), axes.end(),
                     [&](const Axis &axis) { return axis.name == name; }))
      return name;
  }
}

static std::string number(size_t value) { return std::to_string(value); }

/// Some of the axes of `x`, at least one, that hold at least two elements
/// together; empty if all of it does not.
static std::vector<Axis> someAxes(const Writer &writer, Random &random) {
  if (product(writer.axes) < 2)
    return {};
  std::vector<Axis> chosen;
  while (product(chosen) < 2) {
    chosen.clear();
    size_t one = random.below(writer.axes.size());
    for (size_t i = 0; i < writer.axes.size(); ++i)
      if (i == one || random.happens(0.25))
        chosen.push_back(writer.axes[i]);
    if (product(chosen) < 2 && !random.happens(0.9))
      return writer.axes;
  }
  return chosen;
}

static void writeInputValues(Writer &writer, Random &random) {
  writer.axes.clear();
  std::string axes;
  size_t rank = 1 + random.below(3);
  for (size_t i = 0; i < rank; ++i) {
    size_t size = i != 0          ? 1 + random.below(4)
                  : writer.isWide ? writer.size(random, 3)
                                  : 3;
    std::string name = writer.axisName(random);
    writer.axes.push_back({name, size});
    axes += (i ? ", " : "") + name + " = " + number(size);
  }
  writer.line("input image : f32[" + axes + "]");
}

static void writeInputImage(Writer &writer, Random &random) {
  size_t patches = 1 + random.below(2),
         height = patches * (1 + random.below(2)), width = patches * 2,
         colors = 1 + random.below(3);
  writer.axes = {{"height", height}, {"width", width}, {"color", colors}};
  writer.line("input image : u8[height = " + number(height) + ", width = " +
              number(width) + ", color = " + number(colors) + "]");
  std::string value = "image";
  if (random.happens(0.7)) {
    std::string means = "0.4";
    if (random.happens(0.5)) {
      means = "[0.1";
      for (size_t i = 1; i < colors; ++i)
        means += ", 0." + number(1 + i);
      means += "]";
    }
    value = "standardize(" + value + ", mean = " + means + ", std = 0.25)";
  }
  if (random.happens(0.7)) {
    value = "patchify(" + value + ", " + number(patches) + ")";
    writer.axes = {{"token", patches * patches},
                   {"pixel", height * width * colors / (patches * patches)}};
  }
  writer.line("x = " + value);
}

void writeInput(Writer &writer, uint64_t choice) {
  Random random(choice);
  bool isImage = random.happens(0.4);
  if (isImage)
    writeInputImage(writer, random);
  else
    writeInputValues(writer, random);
  // The label stands behind the input, wherever its array was made ready.
  writer.line(random.happens(0.3)
                  ? "label class : [\"a\", \"b\", \"c\"]"
                  : "label class : " + number(2 + random.below(3)));
  if (!isImage)
    writer.line("x = image");
}

/// "a -> b = 3", for one axis or several, and the axes afterwards.
static std::string writeMix(Writer &writer, Random &random, bool keepsAxes) {
  std::vector<Axis> mixed, rest;
  size_t one = random.below(writer.axes.size());
  for (size_t i = 0; i < writer.axes.size(); ++i)
    (i == one || (!keepsAxes && random.happens(0.15)) ? mixed : rest)
        .push_back(writer.axes[i]);
  Axis result = mixed.front();
  if (!keepsAxes && (mixed.size() > 1 || random.happens(0.5))) {
    if (mixed.size() > 1 || random.happens(0.5))
      result.name = writer.axisName(random);
    result.size =
        std::max<size_t>(2, std::min(writer.size(random, 2),
                                     writer.mostElements() / product(rest)));
  }
  std::string size =
      result.name == mixed.front().name && result.size == mixed.front().size
          ? ""
          : " = " + (result.size == 3 && random.happens(0.5)
                         ? std::string("size")
                         : number(result.size));
  std::string text = list(mixed) + " -> " + result.name + size;
  std::vector<Axis> per;
  for (const Axis &axis : rest)
    if (random.happens(0.2))
      per.push_back(axis);
  if (!per.empty())
    text += ", per " + list(per);
  if (random.happens(0.2))
    text += ", bias = false";
  if (random.happens(0.4))
    text += ", init = normal(0.5)";
  // The new axis takes the place of the first that was mixed.
  std::vector<Axis> axes;
  for (const Axis &axis : writer.axes) {
    if (axis.name == mixed.front().name)
      axes.push_back(result);
    else if (std::any_of(rest.begin(), rest.end(), [&](const Axis &other) {
               return other.name == axis.name;
             }))
      axes.push_back(axis);
  }
  writer.axes = axes;
  return text;
}

static bool contains(const std::vector<Axis> &whole,
                     const std::vector<Axis> &part) {
  return std::all_of(part.begin(), part.end(), [&](const Axis &axis) {
    return std::any_of(whole.begin(), whole.end(), [&](const Axis &other) {
      return other.name == axis.name && other.size == axis.size;
    });
  });
}

static std::string normalized(const Writer &writer, Random &random,
                              const std::string &value) {
  std::vector<Axis> over = someAxes(writer, random);
  if (over.empty())
    return value;
  return "norm(" + value + ", " + list(over) +
         (random.happens(0.3) ? ", epsilon = 0.1)" : ")");
}

/// relu(norm(linear(x, ...)) + x): the norm and the residual may be missing.
static void writeLearning(Writer &writer, Random &random,
                          const std::string &name, bool keepsAxes) {
  std::vector<Axis> before = writer.axes;
  std::string value = "linear(x, " + writeMix(writer, random, keepsAxes) + ")";
  if (random.happens(0.6))
    value = normalized(writer, random, value);
  if (contains(writer.axes, before) && random.happens(0.4))
    value += random.happens(0.8) ? " + x" : " - x * 0.5";
  writer.line("x = " + name + ": relu(" + value + ")");
}

void writeSameAxes(Writer &writer, Random &random, const std::string &name) {
  writeLearning(writer, random, name, /*keepsAxes=*/true);
}

// Kinds of layers: each writes one, or returns false where the axes of `x` do
// not allow it.

static bool layerLinear(Writer &writer, Random &random) {
  writeLearning(writer, random, writer.layerName(), /*keepsAxes=*/false);
  return true;
}

static bool layerSplit(Writer &writer, Random &random) {
  if (writer.axes.size() >= kMostAxes)
    return false;
  size_t start = random.below(writer.axes.size());
  for (size_t i = 0; i < writer.axes.size(); ++i) {
    size_t at = (start + i) % writer.axes.size();
    Axis whole = writer.axes[at];
    for (size_t outer : {2, 3}) {
      if (whole.size <= outer || whole.size % outer != 0)
        continue;
      Axis first = {writer.axisName(random), outer};
      writer.axes.insert(writer.axes.begin() + static_cast<long>(at), first);
      Axis second = {random.happens(0.3) ? whole.name : writer.axisName(random),
                     whole.size / outer};
      writer.axes[at + 1] = second;
      writer.line("x = split(x, " + whole.name + " -> " + first.name + " = " +
                  number(outer) + ", " + second.name + ")");
      return true;
    }
  }
  return false;
}

static bool layerMerge(Writer &writer, Random &random) {
  if (writer.axes.size() < 2)
    return false;
  size_t first = random.below(writer.axes.size());
  size_t second = random.below(writer.axes.size() - 1);
  second += second >= first;
  Axis merged = {writer.axisName(random),
                 writer.axes[first].size * writer.axes[second].size};
  writer.line("x = merge(x, [" + writer.axes[first].name + ", " +
              writer.axes[second].name + "] -> " + merged.name + ")");
  writer.axes[first] = merged;
  writer.axes.erase(writer.axes.begin() + static_cast<long>(second));
  return true;
}

static bool layerPool(Writer &writer, Random &random) {
  if (writer.axes.size() < 2)
    return false;
  size_t at = random.below(writer.axes.size());
  writer.line(std::string("x = ") + (random.happens(0.7) ? "mean" : "sum") +
              "(x, " + writer.axes[at].name + ")");
  writer.axes.erase(writer.axes.begin() + static_cast<long>(at));
  return true;
}

static bool layerNorm(Writer &writer, Random &random) {
  std::string value = normalized(writer, random, "x");
  if (value == "x")
    return false;
  writer.line("x = " +
              (random.happens(0.3)
                   ? "if " + std::string(random.happens(0.5) ? "on" : "off") +
                         " and size > 2 then " + value + " else x * 2"
                   : value));
  return true;
}

static bool layerArithmetic(Writer &writer, Random &random) {
  std::string axis = writer.axes[random.below(writer.axes.size())].name;
  const std::string forms[] = {"x * 0.5 + 0.25",
                               "x - mean(x, " + axis + ")",
                               "1 - x / 2",
                               "softmax(x, " + axis + ")",
                               "x * softmax(x, " + axis + ")",
                               "x * x * 0.5 - x"};
  writer.line("x = " + forms[random.below(std::size(forms))]);
  return true;
}

/// Two layers side by side that meet again.
static bool layerBranches(Writer &writer, Random &random) {
  Axis axis = writer.axes[random.below(writer.axes.size())];
  std::string mix = axis.name + " -> " + axis.name;
  std::string left = writer.layerName(), right = writer.layerName();
  std::string source = "x";
  if (writer.axes.size() > 1 && random.happens(0.4)) {
    const Axis &other = writer.axes[random.below(writer.axes.size())];
    if (other.name != axis.name)
      source = "mean(x, " + other.name + ")";
  }
  const char *const operators[] = {"+", "-", "*"};
  writer.line("l = " + left + ": relu(linear(x, " + mix + "))");
  writer.line("r = " + right + ": relu(linear(" + source + ", " + mix + "))");
  writer.line(std::string("x = l ") + operators[random.below(3)] + " r");
  return true;
}

/// The same axes several times, with a name for each turn.
static bool layerRepeat(Writer &writer, Random &random) {
  std::string name = writer.layerName() + "_{k}";
  writer.line("repeat k in 0..2 {");
  writer.indent += 2;
  writeSameAxes(writer, random, name);
  writer.indent -= 2;
  writer.line("}");
  return true;
}

/// Windows along one axis or two; dense, depthwise, in groups, or one window of
/// weights for all.
static bool layerConv(Writer &writer, Random &random) {
  size_t count = writer.axes.size();
  std::vector<bool> slides(count, false);
  slides[random.below(count)] = true;
  if (random.happens(0.4))
    slides[random.below(count)] = true;

  bool isPadded = random.happens(0.6);
  size_t stride = random.happens(0.3) ? 2 : 1;
  std::string window;
  std::vector<size_t> rest;
  for (size_t i = 0; i < count; ++i) {
    if (!slides[i]) {
      rest.push_back(i);
      continue;
    }
    Axis &axis = writer.axes[i];
    size_t size = isPadded
                      ? 1 + 2 * random.below(std::min<size_t>(2, axis.size))
                      : 1 + random.below(std::min<size_t>(3, axis.size));
    window += (window.empty() ? "" : ", ") + axis.name + " = " + number(size);
    axis.size = ((isPadded ? axis.size - 1 : axis.size - size) / stride) + 1;
  }
  std::string text = "conv(x, [" + window + "]";

  size_t mixed = count;
  if (!rest.empty() && random.happens(0.7)) {
    mixed = rest[random.below(rest.size())];
    Axis &axis = writer.axes[mixed];
    text += ", " + axis.name + " -> ";
    size_t others = product(writer.axes) / axis.size;
    if (random.happens(0.5)) {
      axis.name = writer.axisName(random);
      axis.size = std::max<size_t>(
          1, std::min(writer.size(random, 1), writer.mostElements() / others));
    }
    text += axis.name + " = " + number(axis.size);
  }
  std::vector<Axis> per;
  for (size_t i : rest)
    if (i != mixed && random.happens(0.4))
      per.push_back(writer.axes[i]);
  if (!per.empty())
    text += ", per " + list(per);
  if (stride != 1)
    text += ", stride = " + number(stride);
  if (!isPadded)
    text += ", padding = none";
  if (random.happens(0.2))
    text += ", bias = false";
  if (random.happens(0.4))
    text += ", init = normal(0.5)";
  std::string value = text + ")";
  if (random.happens(0.5))
    value = normalized(writer, random, value);
  writer.line("x = " + writer.layerName() + ": relu(" + value + ")");
  return true;
}

namespace {
struct LayerKind {
  size_t weight; // how often, beside the others
  bool (*write)(Writer &, Random &);
  bool learns;
};
} // namespace

// The first is the simplest.
constexpr LayerKind kKinds[] = {
    {10, layerLinear, true},  {2, layerSplit, false},
    {2, layerMerge, false},   {1, layerPool, false},
    {2, layerNorm, false},    {2, layerArithmetic, false},
    {2, layerBranches, true}, {1, layerRepeat, true},
    {3, layerConv, true},
};

bool writeLayer(Writer &writer, uint64_t choice) {
  Random random(choice);
  size_t total = 0;
  for (const LayerKind &kind : kKinds)
    total += kind.weight;
  size_t chosen = random.below(total);
  for (const LayerKind &kind : kKinds) {
    if (chosen < kind.weight && kind.write(writer, random))
      return kind.learns;
    chosen = chosen < kind.weight ? 0 : chosen - kind.weight;
  }
  return layerLinear(writer, random);
}

void writeFixedLayer(Writer &writer, Random &random) {
  size_t start = random.below(std::size(kKinds));
  for (size_t i = 0; i < std::size(kKinds); ++i) {
    const LayerKind &kind = kKinds[(start + i) % std::size(kKinds)];
    if (!kind.learns && kind.write(writer, random))
      return;
  }
}

} // namespace foregrad::property
