//===- Influence.cpp - Which copies of a loss an activation reaches -------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/rules/Influence.h"

using namespace mlir;

namespace foregrad::compiler {

using fg::AxisAttr;
using fg::AxisPart;

Influence::Influence(ArrayRef<Operation *> ops, Value lossInput,
                     ArrayRef<StringRef> per) {
  copyAxes.push_back(fg::kBatchAxis);
  llvm::append_range(copyAxes, per);
  fg::ArrayType type = fg::arrayType(lossInput);
  for (StringRef axis : copyAxes) {
    auto position = static_cast<unsigned>(type.findAxis(axis));
    parts.push_back(traceAxisBack(
        ops, lossInput,
        {position, type.getAxes()[position].getSize(), /*inner=*/1}));
  }
  withoutSites.insert(lossInput);
  for (Operation *op : llvm::reverse(ops))
    if (!isa<fg::SiteOpInterface>(op) &&
        llvm::any_of(op->getResults(), [&](Value result) {
          return withoutSites.contains(result);
        }))
      withoutSites.insert(op->operand_begin(), op->operand_end());
}

bool Influence::reaches(Value activation) const {
  return parts.front().contains(activation);
}

namespace {

/// A copy axis that runs along a part of one of the activation's axes.
struct Link {
  StringRef copyAxis;
  AxisPart part;
};

/// An axis of the activation and the copy axes along it, the outermost first.
using Links = SmallVector<Link, 2>;

} // namespace

/// Whether the parts lie inside of one another, with no index in two of them.
static bool areNested(ArrayRef<Link> links, int64_t size) {
  int64_t rest = size;
  for (const Link &link : links) {
    int64_t extent = link.part.size * link.part.inner;
    if (extent == 0 || rest % extent != 0)
      return false;
    rest = link.part.inner;
  }
  return true;
}

/// The whole axis under its own name: nothing to rearrange.
static bool isWhole(ArrayRef<Link> links, AxisAttr axis) {
  return links.size() == 1 &&
         links.front().copyAxis == axis.getName().getValue() &&
         links.front().part.size == axis.getSize();
}

/// Gives the copy axes `links` the place and extent of `target`: they are
/// repeated over the other factors of it, then all are merged.
static Value createAlong(OpBuilder &builder, Location loc, Value sum,
                         ArrayRef<Link> links, AxisAttr target) {
  MLIRContext *context = builder.getContext();
  fg::ArrayType type = fg::arrayType(sum);
  StringRef name = target.getName().getValue();
  SmallVector<AxisAttr> pieces;
  auto addGap = [&](int64_t size) {
    pieces.push_back(AxisAttr::get(
        context, builder.getStringAttr("#" + name + llvm::Twine(pieces.size())),
        size));
  };
  int64_t rest = target.getSize();
  for (const Link &link : links) {
    addGap(rest / (link.part.size * link.part.inner));
    pieces.push_back(type.getAxes()[type.findAxis(link.copyAxis)]);
    rest = link.part.inner;
  }
  addGap(rest);

  SmallVector<AxisAttr> expanded, merged;
  for (AxisAttr axis : type.getAxes()) {
    if (!llvm::is_contained(pieces, axis)) {
      expanded.push_back(axis);
      merged.push_back(axis);
    } else if (!llvm::is_contained(merged, target)) {
      llvm::append_range(expanded, pieces);
      merged.push_back(target);
    }
  }
  SmallVector<Attribute> names = llvm::map_to_vector(
      pieces, [](AxisAttr piece) -> Attribute { return piece.getName(); });
  sum = fg::createExpanded(builder, loc, sum, type.cloneWith(expanded));
  return fg::MergeOp::create(builder, loc, type.cloneWith(merged), sum,
                             builder.getArrayAttr(names), target.getName());
}

/// `value` with another name for one of its axes.
static Value createRenamed(OpBuilder &builder, Location loc, Value value,
                           StringRef from, StringRef to) {
  fg::ArrayType type = fg::arrayType(value);
  SmallVector<AxisAttr> axes(type.getAxes());
  StringAttr name = builder.getStringAttr(to);
  int64_t position = type.findAxis(from);
  axes[position] =
      AxisAttr::get(builder.getContext(), name, axes[position].getSize());
  return fg::SplitOp::create(builder, loc, type.cloneWith(axes), value,
                             builder.getStringAttr(from),
                             builder.getArrayAttr({name}));
}

Value Influence::createSum(OpBuilder &builder, Location loc, Value lossTangents,
                           Value activation) const {
  fg::ArrayType type = fg::arrayType(activation);
  SmallVector<Links> links(type.getRank());
  SmallVector<StringRef>
      mixed; // the element's index does not single out a copy
  for (auto [axis, found] : llvm::zip_equal(copyAxes, parts)) {
    if (std::optional<AxisPart> part = found.lookup(activation))
      links[part->axis].push_back({axis, *part});
    else
      mixed.push_back(axis);
  }
  for (auto [axis, along] : llvm::zip_equal(type.getAxes(), links)) {
    llvm::sort(along, [](const Link &a, const Link &b) {
      return std::pair(a.part.inner, a.part.size) >
             std::pair(b.part.inner, b.part.size);
    });
    // More copies than needed are right too.
    if (!areNested(along, axis.getSize())) {
      for (const Link &link : along)
        mixed.push_back(link.copyAxis);
      along.clear();
    }
  }

  Value sum = lossTangents;
  if (!mixed.empty())
    sum = fg::SumOp::create(builder, loc, sum, mixed);
  // Names that the merged axes will need are made free first.
  SmallVector<std::string> names(copyAxes.size());
  for (auto [axis, along] : llvm::zip_equal(type.getAxes(), links)) {
    if (isWhole(along, axis))
      continue;
    for (Link &link : along) {
      if (!type.hasAxis(link.copyAxis))
        continue;
      std::string &name =
          names[llvm::find(copyAxes, link.copyAxis) - copyAxes.begin()];
      name = ("#" + link.copyAxis + ".copy").str();
      sum = createRenamed(builder, loc, sum, link.copyAxis, name);
      link.copyAxis = name;
    }
  }
  for (auto [axis, along] : llvm::zip_equal(type.getAxes(), links))
    if (!along.empty() && !isWhole(along, axis))
      sum = createAlong(builder, loc, sum, along, axis);
  return sum;
}

} // namespace foregrad::compiler
