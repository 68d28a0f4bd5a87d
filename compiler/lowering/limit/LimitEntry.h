//===- LimitEntry.h - Code that measures its machine ------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_LIMIT_LIMITENTRY_H
#define FOREGRAD_COMPILER_LOWERING_LIMIT_LIMITENTRY_H

#include "compiler/targets/Target.h"
#include "dialects/fg/Noise.h"
#include "llvm/ADT/StringRef.h"

#include <memory>
#include <optional>

namespace mlir {
class Pass;
} // namespace mlir

namespace foregrad::compiler {

/// The entry's name.
inline constexpr llvm::StringLiteral kLimitEntry = "limit";

/// `fg-limit-entry`: adds the function `limit` to a module of kernels. It
/// computes nothing; its kernels do at full speed what all others are made of,
/// multiply-adds of vectors, copies and, with a `law`, draws by it, and whoever
/// times them knows how fast the others could be. `dots`: with bf16 pairs for
/// multiply-adds, which the target must have.
std::unique_ptr<mlir::Pass>
createLimitEntryPass(const TargetDescription &target, bool isDouble = false,
                     bool dots = false,
                     std::optional<fg::NoiseLaw> law = std::nullopt);

void registerLimitEntryPass();

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_LIMIT_LIMITENTRY_H
