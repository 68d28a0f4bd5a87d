//===- Buffers.cpp - What lies below views of memory ----------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/Buffers.h"

#include "dialects/fg/Fg.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;

namespace foregrad::compiler {

// A memref.view states its offset apart from its type.
Value baseOf(Value memref) {
  while (auto view = memref.getDefiningOp<ViewLikeOpInterface>()) {
    Value source = view.getViewSource();
    if (isa<memref::ViewOp>(view) || !isa<MemRefType>(source.getType()) ||
        !isa<MemRefType>(memref.getType()))
      break;
    memref = source;
  }
  return memref;
}

Value bufferBelow(Value memref) {
  while (true) {
    if (auto view = memref.getDefiningOp<ViewLikeOpInterface>())
      memref = view.getViewSource();
    else if (auto shift = memref.getDefiningOp<fg::ShiftOp>())
      memref = shift.getBuffer();
    else
      return memref;
  }
}

bool allUsesOf(Value buffer, llvm::function_ref<bool(OpOperand &)> use) {
  return llvm::all_of(buffer.getUses(), [&](OpOperand &operand) {
    Operation *user = operand.getOwner();
    if (isa<memref::ExpandShapeOp, memref::CollapseShapeOp>(user))
      return allUsesOf(user->getResult(0), use);
    return !isa<ViewLikeOpInterface, fg::ShiftOp>(user) && use(operand);
  });
}

} // namespace foregrad::compiler
