//===- TakeTurns.cpp - Draws that fill each other's gaps ------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/rows/TakeTurns.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>

using namespace mlir;

namespace foregrad::compiler::rows {

// Draws at once: the numbers of more would not fit the registers, nor those of
// several the fewer registers of other processors.
static constexpr size_t mostTogether = 3;
static constexpr unsigned registersForSeveral = 32;

size_t drawTogether(ArrayRef<RowOp> ops, const TargetDescription &target) {
  if (target.vectorRegisters < registersForSeveral)
    return 1;
  BufferSet touched, written;
  size_t count = 0;
  for (const RowOp &op : ops.take_front(mostTogether)) {
    BufferSet touches = op.touches(), writes = op.writes();
    if (op.draws() == 0 || meet(touches, written) || meet(writes, touched))
      break;
    touched.insert(touches.begin(), touches.end());
    written.insert(writes.begin(), writes.end());
    ++count;
  }
  return std::max<size_t>(count, 1);
}

OpsOfCode opsEmitted(OpBuilder &builder, llvm::function_ref<void()> emit) {
  Block *block = builder.getInsertionBlock();
  Block::iterator end = builder.getInsertionPoint();
  Operation *before = end == block->begin() ? nullptr : &*std::prev(end);
  emit();
  Block::iterator first =
      before ? std::next(before->getIterator()) : block->begin();
  OpsOfCode ops;
  for (Operation &op : llvm::make_range(first, end))
    ops.push_back(&op);
  return ops;
}

void takeTurns(ArrayRef<OpsOfCode> codes) {
  size_t longest = 0;
  for (const OpsOfCode &code : codes) {
    longest = std::max(longest, code.size());
    if (llvm::any_of(code,
                     [](Operation *op) { return op->getNumRegions() != 0; }))
      return;
  }
  if (codes.size() < 2 || codes.back().empty())
    return;
  // All before the end of the last, in the new order.
  Operation *last = codes.back().back();
  Block::iterator end = std::next(last->getIterator());
  for (size_t i = 0; i < longest; ++i)
    for (const OpsOfCode &code : codes)
      if (i < code.size())
        code[i]->moveBefore(last->getBlock(), end);
}

} // namespace foregrad::compiler::rows
