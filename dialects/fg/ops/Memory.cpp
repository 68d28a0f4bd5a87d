//===- Memory.cpp - Ops on buffers ----------------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "dialects/fg/Fg.h"

using namespace mlir;
using namespace foregrad::fg;

LogicalResult FetchOp::verify() {
  auto whole = cast<MemRefType>(getBatch().getType());
  auto part = cast<MemRefType>(getTo().getType());
  if (whole.getRank() == 0 || part.getRank() == 0 ||
      whole.getElementType() != part.getElementType() ||
      whole.getShape().drop_front() != part.getShape().drop_front() ||
      part.getDimSize(0) > whole.getDimSize(0))
    return emitOpError() << "expected samples of " << whole << ", found "
                         << part;
  return success();
}
