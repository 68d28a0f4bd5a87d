//===- Panels.cpp - Matrices that lie in panels ---------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/gemm/Panels.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

#include <numeric>

using namespace mlir;
using namespace foregrad::compiler;

int64_t Panels::columns() const {
  return std::accumulate(widths.begin(), widths.end(), int64_t(0));
}

Panels Panels::from(DictionaryAttr attribute) {
  return {attribute.getAs<IntegerAttr>("depth").getInt(),
          SmallVector<int64_t>(
              attribute.getAs<DenseI64ArrayAttr>("widths").asArrayRef())};
}

/// The function that `buffer` is an argument of, or null.
static func::FuncOp functionOf(Value buffer) {
  auto argument = dyn_cast<BlockArgument>(buffer);
  return argument ? dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp())
                  : func::FuncOp();
}

std::optional<Panels> foregrad::compiler::panelsOf(Value buffer) {
  DictionaryAttr attribute;
  if (Operation *def = buffer.getDefiningOp())
    attribute = def->getAttrOfType<DictionaryAttr>(panelsAttr);
  else if (func::FuncOp function = functionOf(buffer))
    attribute = function.getArgAttrOfType<DictionaryAttr>(
        cast<BlockArgument>(buffer).getArgNumber(), panelsAttr);
  return attribute ? std::optional(Panels::from(attribute)) : std::nullopt;
}

void foregrad::compiler::setPanels(Value buffer, const Panels &panels) {
  Builder b(buffer.getContext());
  DictionaryAttr attribute = b.getDictionaryAttr(
      {b.getNamedAttr("depth", b.getI64IntegerAttr(panels.depth)),
       b.getNamedAttr("widths", b.getDenseI64ArrayAttr(panels.widths))});
  if (Operation *def = buffer.getDefiningOp())
    def->setAttr(panelsAttr, attribute);
  else if (func::FuncOp function = functionOf(buffer))
    function.setArgAttr(cast<BlockArgument>(buffer).getArgNumber(), panelsAttr,
                        attribute);
}
