//===- PackAhead.h - Panels made before a loop ------------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Weights that every iteration of a loop over tiles of samples multiplies with
// are brought into panels once, before the loop. Then a task needs no scratch
// for them, and may be a few rows with all columns: what one core writes, the
// same core reads in the next kernel.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_GEMM_PACKAHEAD_H
#define FOREGRAD_COMPILER_LOWERING_GEMM_PACKAHEAD_H

#include "compiler/lowering/gemm/Blocking.h"
#include "mlir/IR/PatternMatch.h"

namespace foregrad::compiler {

/// What becomes of B: whether it is the same in all iterations of the loops
/// around `op`, and whether the entry writes it outside of them.
LifeOfB lifeOfB(mlir::linalg::GenericOp op, const Contraction &product);

class PackAhead {
public:
  explicit PackAhead(mlir::RewriterBase &rewriter) : rewriter(rewriter) {}

  /// Makes B's panels as `blocking` wants them before the outermost loop around
  /// `op`, or finds those that another product made of the same matrix, and
  /// puts them in place of B. `transposed`: B is the transposed of what lies in
  /// these panels.
  void pack(mlir::linalg::GenericOp op, Contraction &product,
            const Blocking &blocking, const std::optional<Panels> &transposed);

private:
  /// What tells panels apart.
  using Key = std::tuple<mlir::Operation *, mlir::Value, int64_t, mlir::Type,
                         mlir::Type, int64_t, int64_t, int64_t, int64_t,
                         int64_t, int64_t>;

  mlir::Value emitPanels(mlir::Operation *loop, mlir::Location loc,
                         const Contraction &product, const Blocking &blocking,
                         const std::optional<Panels> &transposed);

  mlir::RewriterBase &rewriter;
  llvm::DenseMap<Key, mlir::Value> made;
};

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_GEMM_PACKAHEAD_H
