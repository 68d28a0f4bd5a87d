//===- Bf16AsBits.h - bf16 numbers as what they are stored as ---*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_BF16ASBITS_H
#define FOREGRAD_COMPILER_LOWERING_BF16ASBITS_H

#include <memory>

namespace mlir {
class Pass;
} // namespace mlir

namespace foregrad::compiler {

/// --fg-bf16-as-bits: where nothing computes with bf16 numbers any more, but
/// loads, stores and moves them, they become i16. LLVM, which takes a processor
/// without bf16 arithmetic to have no such numbers, would else widen and round
/// them whenever it splits a vector, by calls of a function.
std::unique_ptr<mlir::Pass> createBf16AsBitsPass();
void registerBf16AsBitsPass();

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_BF16ASBITS_H
