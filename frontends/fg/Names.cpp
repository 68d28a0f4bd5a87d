//===- Names.cpp - Names, regions and arrays of an elaboration ------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "frontends/fg/Elaborator.h"
#include "frontends/fg/Lexer.h"
#include "llvm/Support/MathExtras.h"

namespace foregrad::lang {

using namespace ast;

std::string formatAxes(llvm::ArrayRef<Axis> axes) {
  std::string text = "[";
  for (const Axis &axis : axes) {
    if (text.size() > 1)
      text += ", ";
    text += axis.name + " = " + std::to_string(axis.size);
  }
  return text + "]";
}

int findAxis(llvm::ArrayRef<Axis> axes, llvm::StringRef name) {
  for (size_t i = 0; i < axes.size(); ++i)
    if (axes[i].name == name)
      return static_cast<int>(i);
  return -1;
}

// Names ---------------------------------------------------------------------//

Operand Elaborator::resolve(const NameExpr &expr) {
  auto found = bindings.find(expr.name);
  if (found == bindings.end()) {
    diagnostics.error(expr.range, "'" + expr.name + "' has no value here");
    llvm::SmallVector<llvm::StringRef> names;
    for (const auto &binding : bindings)
      names.push_back(binding.getKey());
    llvm::sort(names);
    if (llvm::StringRef similar = findSimilar(expr.name, names);
        !similar.empty())
      diagnostics.help("did you mean '" + similar + "'?");
    else
      for (const Axes &axes : graph.arrays)
        if (findAxis(axes, expr.name) >= 0) {
          diagnostics.help("'" + expr.name + "' is an axis, not a value");
          break;
        }
    return {};
  }
  const Operand &value = found->second.value;
  if (!value.isArray() || !head)
    return value;
  if (!head->source) {
    head->source = value.array;
    head->sourceRange = expr.range;
    head->sourceName = expr.name;
  } else if (*head->source != value.array) {
    diagnostics.error(expr.range,
                      llvm::Twine(head->isPredict ? "a prediction" : "a loss") +
                          " starts from one array; this one uses both '" +
                          head->sourceName + "' and '" + expr.name + "'");
    diagnostics.note(head->sourceRange,
                     "'" + head->sourceName + "' is used here");
    diagnostics.help("combine them in a statement before");
    return {};
  }
  return value;
}

std::optional<std::string>
Elaborator::resolveTemplate(const NameTemplate &name) {
  std::string text;
  for (const NameTemplate::Part &part : name.parts) {
    if (!part.isVariable) {
      text += part.name.text;
      continue;
    }
    NameExpr reference(part.name.range);
    reference.name = part.name.text;
    Operand value = resolve(reference);
    if (!value)
      return std::nullopt;
    if (!value.isConstant() || !value.constant->isInteger() ||
        value.constant->getInteger() < 0) {
      diagnostics.error(
          part.name.range,
          "'" + part.name.text +
              "' stands in a name and must be an integer from 0 on");
      return std::nullopt;
    }
    text += value.constant->format();
  }
  if (text.size() > 2 * kMaxNameLength) {
    diagnostics.error(name.range, "this name is too long");
    return std::nullopt;
  }
  return text;
}

bool Elaborator::claimName(llvm::StringMap<llvm::SMRange> &names,
                           llvm::StringRef name, llvm::SMRange range,
                           llvm::StringRef what) {
  auto [first, isNew] = names.try_emplace(name, range);
  if (isNew)
    return true;
  diagnostics.error(range, "there are two " + what + " called '" + name + "'");
  if (first->second.Start != range.Start)
    diagnostics.note(first->second, "the first one is here");
  return false;
}

// For names that stand once: input, label, counter.
bool Elaborator::checkNewName(const Identifier &name, llvm::StringRef what) {
  auto found = bindings.find(name.text);
  if (found == bindings.end())
    return true;
  diagnostics.error(name.range, "'" + name.text + "' already has a meaning; " +
                                    what + " needs a name of its own");
  diagnostics.note(found->second.range, "it gets its meaning here");
  return false;
}

bool Elaborator::checkAxisName(const Identifier &name) {
  if (name.text != "batch")
    return true;
  diagnostics.error(name.range, "'batch' is the axis of the samples, which all "
                                "arrays have without being told");
  diagnostics.help("leave it out, or use another name");
  return false;
}

std::optional<int64_t> Elaborator::evaluateSize(const Expr &expr,
                                                const llvm::Twine &what) {
  std::optional<Constant> value = evaluateConstant(expr, what);
  if (!value)
    return std::nullopt;
  if (!value->isInteger()) {
    diagnostics.error(expr.range, what + " must be an integer; this is " +
                                      value->describe());
    if (value->isNumeric())
      diagnostics.help("round it with floor(...) if that is meant");
    return std::nullopt;
  }
  int64_t size = value->getInteger();
  if (size < 1 || size > kMaxElements) {
    diagnostics.error(expr.range,
                      what + " must be at least 1 and at most 2^31; this is " +
                          value->format());
    return std::nullopt;
  }
  return size;
}

// Regions and arrays
// ----------------------------------------------------------//

bool Elaborator::spend(llvm::SMRange range, size_t amount) {
  if (isExhausted || diagnostics.isExhausted())
    return false;
  steps += amount;
  if (steps <= kMaxSteps && graph.arrays.size() < kMaxArrays)
    return true;
  isExhausted = true;
  diagnostics.error(range,
                    "the model is too large when its repeats are written out");
  diagnostics.help("are the bounds of the repeats right?");
  return false;
}

void Elaborator::openRegion(Region &region) {
  openRegions.push_back({&region, {}});
}

void Elaborator::closeRegion() { openRegions.pop_back(); }

// Makes the array known to all regions between its own and the open one.
void Elaborator::noteUse(ArrayId array) {
  ArrayInfo &info = infos[array];
  if (info.exporter && !info.isExported) {
    info.exporter->yields.push_back(array);
    info.isExported = true;
  }
  for (OpenRegion &open : llvm::reverse(openRegions)) {
    if (open.region == info.owner || !open.captured.insert(array).second)
      return;
    open.region->captures.push_back(array);
  }
}

bool Elaborator::checkElements(llvm::ArrayRef<Axis> axes, int64_t samples,
                               llvm::SMRange range, llvm::StringRef what) {
  int64_t product = samples;
  bool tooLarge = false;
  for (const Axis &axis : axes)
    tooLarge |= llvm::MulOverflow(product, axis.size, product);
  if (tooLarge || product > kMaxElements) {
    diagnostics.error(
        range,
        what + " " + formatAxes(axes) + " has more than 2^31 elements" +
            (samples > 1 ? " (with a batch of " + std::to_string(samples) + ")"
                         : std::string()));
    return false;
  }
  if (axes.size() > kMaxRank) {
    diagnostics.error(range, what + " has more than " + llvm::Twine(kMaxRank) +
                                 " axes");
    return false;
  }
  return true;
}

Operand Elaborator::addNode(Node node, Axes axes) {
  if (!spend(node.range) ||
      !checkElements(axes, batch, node.range, "the array"))
    return {};
  ArrayInfo info;
  info.owner = openRegions.back().region;
  info.block = block;
  for (ArrayId operand : node.operands) {
    noteUse(operand);
    // The first layer of this block that feeds it and feeds no site yet.
    if (info.layer.empty() && infos[operand].block == block &&
        !siteNames.contains(infos[operand].layer))
      info.layer = infos[operand].layer;
  }
  if (node.kind == Node::Kind::Linear && label)
    info.layer = label->path;
  if (node.kind == Node::Kind::Relu)
    info.layer.clear();
  node.result = graph.arrays.size();
  graph.arrays.push_back(std::move(axes));
  infos.push_back(std::move(info));
  ArrayId result = node.result;
  openRegions.back().region->nodes.push_back(std::move(node));
  return Operand::ofArray(result);
}

} // namespace foregrad::lang
