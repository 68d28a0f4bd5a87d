//===- Panels.h - Matrices that lie in panels -------------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// The register tile of a product reads B panel by panel: so many columns with
// all their rows, row after row. A matrix that lies so in memory needs no
// packing. The layout is a permutation of the matrix: the same bytes, no gaps.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_GEMM_PANELS_H
#define FOREGRAD_COMPILER_LOWERING_GEMM_PANELS_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/SmallVector.h"

#include <optional>

namespace foregrad::compiler {

/// Of a function's argument or an allocation: it lies in panels. A dictionary
/// of `depth` (i64) and `widths` (array<i64>). Of an exported entry: its
/// arguments in panels, as dictionaries that also have a `name` (string).
inline constexpr llvm::StringLiteral panelsAttr = "fg.panels";

/// How a buffer of matrices of `depth` rows, one behind the other, lies in
/// memory: each matrix panel after panel, each of these row after row.
struct Panels {
  int64_t depth = 0;
  llvm::SmallVector<int64_t> widths; // columns of each panel

  int64_t columns() const;
  /// Of one matrix.
  int64_t elements() const { return depth * columns(); }

  /// What a dictionary of panelsAttr says.
  static Panels from(mlir::DictionaryAttr attribute);
};

/// How `buffer` lies; nothing where it is row-major.
std::optional<Panels> panelsOf(mlir::Value buffer);

/// `buffer` is an argument of a func.func or what an op allocates.
void setPanels(mlir::Value buffer, const Panels &panels);

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_GEMM_PANELS_H
