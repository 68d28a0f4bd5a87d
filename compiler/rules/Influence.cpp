//===- Influence.cpp - Which copies of a loss an activation reaches -------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/rules/Influence.h"
#include "compiler/rules/GradientEntry.h"

using namespace mlir;

namespace foregrad::compiler {

using fg::AxisAttr;
using fg::AxisPart;

Influence::Influence(ArrayRef<Operation *> operations, Value lossInput,
                     ArrayRef<StringRef> per)
    : ops(operations) {
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

namespace {

/// Which copy axes run along which axes of an array.
struct Layout {
  SmallVector<Links> links;     // one for each axis
  SmallVector<StringRef> mixed; // copy axes that no index of it singles out
};

Layout arrange(fg::ArrayType type, ArrayRef<StringRef> copyAxes,
               ArrayRef<std::optional<AxisPart>> parts) {
  Layout layout;
  layout.links.resize(type.getRank());
  for (auto [axis, part] : llvm::zip_equal(copyAxes, parts)) {
    if (part)
      layout.links[part->axis].push_back({axis, *part});
    else
      layout.mixed.push_back(axis);
  }
  for (auto [axis, along] : llvm::zip_equal(type.getAxes(), layout.links)) {
    llvm::sort(along, [](const Link &a, const Link &b) {
      return std::pair(a.part.inner, a.part.size) >
             std::pair(b.part.inner, b.part.size);
    });
    // More copies than needed are right too.
    if (!areNested(along, axis.getSize())) {
      for (const Link &link : along)
        layout.mixed.push_back(link.copyAxis);
      along.clear();
    }
  }
  return layout;
}

/// How many elements along an axis belong to one copy.
int64_t unitsAlong(ArrayRef<Link> links, AxisAttr axis) {
  int64_t units = axis.getSize();
  for (const Link &link : links)
    units /= link.part.size;
  return units;
}

} // namespace

Influence::CopyParts Influence::partsOf(Value activation) const {
  return llvm::map_to_vector(
      parts, [&](const Parts &known) { return known.lookup(activation); });
}

Value Influence::createSum(OpBuilder &builder, Location loc, Value lossTangents,
                           Value activation) const {
  return createSumAlong(builder, loc, lossTangents, fg::arrayType(activation),
                        partsOf(activation));
}

Value Influence::createSumAlong(OpBuilder &builder, Location loc,
                                Value lossTangents, fg::ArrayType type,
                                const CopyParts &along) const {
  auto [links, mixed] = arrange(type, copyAxes, along);
  Value sum = lossTangents;
  if (!mixed.empty())
    sum = fg::SumOp::create(builder, loc, sum, mixed);
  // Names that the merged axes will need are made free first.
  SmallVector<std::string> names(copyAxes.size());
  for (auto [axis, copies] : llvm::zip_equal(type.getAxes(), links)) {
    if (isWhole(copies, axis))
      continue;
    for (Link &link : copies) {
      if (!type.hasAxis(link.copyAxis))
        continue;
      std::string &name =
          names[llvm::find(copyAxes, link.copyAxis) - copyAxes.begin()];
      name = ("#" + link.copyAxis + ".copy").str();
      sum = createRenamed(builder, loc, sum, link.copyAxis, name);
      link.copyAxis = name;
    }
  }
  for (auto [axis, copies] : llvm::zip_equal(type.getAxes(), links))
    if (!copies.empty() && !isWhole(copies, axis))
      sum = createAlong(builder, loc, sum, copies, axis);
  return sum;
}

int64_t Influence::countUnits(Value activation) const {
  fg::ArrayType type = fg::arrayType(activation);
  Layout layout = arrange(type, copyAxes, partsOf(activation));
  int64_t units = 1;
  for (auto [axis, links] : llvm::zip_equal(type.getAxes(), layout.links))
    units *= unitsAlong(links, axis);
  return units;
}

Value Influence::createRows(OpBuilder &builder, Location loc, Value activation,
                            int64_t directions, int64_t offset,
                            int64_t frame) const {
  MLIRContext *context = builder.getContext();
  fg::ArrayType type = fg::arrayType(activation);
  Layout layout = arrange(type, copyAxes, partsOf(activation));
  // An axis along which copies run in part is cut at them: the pieces between
  // count the units of a copy, and the copies repeat them.
  struct Cut {
    AxisAttr axis;
    SmallVector<AxisAttr> pieces;
  };
  SmallVector<Cut> cuts;
  SmallVector<AxisAttr> columns;
  for (auto [axis, links] : llvm::zip_equal(type.getAxes(), layout.links)) {
    if (links.empty()) {
      columns.push_back(axis);
      continue;
    }
    if (unitsAlong(links, axis) == 1)
      continue;
    Cut cut{axis, {}};
    auto addPiece = [&](int64_t size, bool isCopy) {
      std::string name =
          ("#" + axis.getName().getValue() + (isCopy ? ".copy" : ".unit") +
           llvm::Twine(cut.pieces.size()))
              .str();
      cut.pieces.push_back(
          AxisAttr::get(context, builder.getStringAttr(name), size));
      if (!isCopy)
        columns.push_back(cut.pieces.back());
    };
    int64_t rest = axis.getSize();
    for (const Link &link : links) {
      addPiece(rest / (link.part.size * link.part.inner), /*isCopy=*/false);
      addPiece(link.part.size, /*isCopy=*/true);
      rest = link.part.inner;
    }
    addPiece(rest, /*isCopy=*/false);
    cuts.push_back(std::move(cut));
  }
  Value rows = fg::OrthogonalRowsOp::create(
      builder, loc, withDirections(type.cloneWith(columns), directions),
      static_cast<uint64_t>(offset), static_cast<uint64_t>(frame));
  for (const Cut &cut : cuts) {
    SmallVector<AxisAttr> expanded, merged;
    fg::ArrayType rowsType = fg::arrayType(rows);
    for (AxisAttr axis : rowsType.getAxes()) {
      if (!llvm::is_contained(cut.pieces, axis)) {
        expanded.push_back(axis);
        merged.push_back(axis);
      } else if (!llvm::is_contained(merged, cut.axis)) {
        llvm::append_range(expanded, cut.pieces);
        merged.push_back(cut.axis);
      }
    }
    SmallVector<Attribute> names =
        llvm::map_to_vector(cut.pieces, [](AxisAttr piece) -> Attribute {
          return piece.getName();
        });
    rows = fg::createExpanded(builder, loc, rows, rowsType.cloneWith(expanded));
    rows = fg::MergeOp::create(builder, loc, rowsType.cloneWith(merged), rows,
                               builder.getArrayAttr(names), cut.axis.getName());
  }
  return rows;
}

/// True if some op of the layer takes an array with the axis `copyAxis` and
/// mixes its elements along it.
static bool
mixesCopies(ArrayRef<Operation *> ops, StringRef copyAxis,
            const llvm::DenseMap<Value, std::optional<AxisPart>> &traced) {
  for (Operation *op : ops) {
    if (isa<fg::SiteOpInterface>(op) || isa<fg::NormalizationOpInterface>(op) ||
        !llvm::any_of(op->getResults(), [&](Value result) {
          return traced.lookup(result).has_value();
        }))
      continue;
    for (Value operand : op->getOperands())
      if (auto type = dyn_cast<fg::ArrayType>(operand.getType());
          type && type.hasAxis(fg::kBatchAxis) && type.hasAxis(copyAxis) &&
          !traced.lookup(operand))
        return true;
  }
  return false;
}

Influence::CopyParts Influence::partsOfParameter(Value parameter) const {
  CopyParts result(copyAxes.size());
  bool isFirst = true;
  for (Operation *op : ops) {
    if (!isa<fg::SiteOpInterface>(op) || !reaches(op->getResult(0)))
      continue;
    Value site = op->getOperand(0);
    if (!collectLayer(ops, site).contains(parameter))
      continue;
    CopyParts found(copyAxes.size());
    for (auto [axis, start, part] :
         llvm::zip_equal(copyAxes, partsOf(site), found)) {
      if (!start)
        continue;
      auto traced = traceAxisBack(
          ops, site, *start, {/*stopAtSites=*/true, /*throughNorms=*/true});
      if (!mixesCopies(ops, axis, traced))
        part = traced.lookup(parameter);
    }
    // A parameter of several layers hears the copies of all.
    for (auto [known, part] : llvm::zip_equal(result, found))
      if (isFirst)
        known = part;
      else if (known != part)
        known = std::nullopt;
    isFirst = false;
  }
  // A way past all nonlinearities may reach any copy.
  if (avoidsSites(parameter))
    result.assign(copyAxes.size(), std::nullopt);
  return result;
}

Value Influence::createSumForParameter(OpBuilder &builder, Location loc,
                                       Value lossTangents,
                                       Value parameter) const {
  return createSumAlong(builder, loc, lossTangents, fg::arrayType(parameter),
                        partsOfParameter(parameter));
}

} // namespace foregrad::compiler
