//===- SampleDims.h - Where samples lie in buffers and loops ----*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// The analysis behind --fg-tile-samples. It knows which dimension of an entry's
// arguments counts samples, and finds which dimension of every other buffer
// does, and which loop of each op on buffers. An op of which some loop counts
// samples can be run for a part of them at a time: what it writes for a sample
// needs nothing of another one, or it is a sum over samples, which goes on
// where the last part ended.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_TILES_SAMPLEDIMS_H
#define FOREGRAD_COMPILER_LOWERING_TILES_SAMPLEDIMS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <optional>
#include <string>

namespace foregrad::compiler {

class SampleDims {
public:
  /// Analyses a straight line of ops on static buffers. Nothing, with the
  /// reason in `why`, if the samples of the function cannot be told apart.
  static std::optional<SampleDims> analyze(mlir::func::FuncOp function,
                                           std::string &why);

  /// How many samples there are.
  int64_t samples() const { return count; }

  /// The dimension of a buffer, or of a view of one, that counts samples.
  std::optional<int64_t> dimOf(mlir::Value buffer) const {
    auto found = dims.find(buffer);
    return found == dims.end() ? std::nullopt : std::optional(found->second);
  }

  /// The loop of a linalg op that counts samples; nothing if none does, or if
  /// the op needs all samples at once.
  std::optional<int64_t> loopOf(mlir::Operation *op) const {
    auto found = loops.find(op);
    return found == loops.end() ? std::nullopt : std::optional(found->second);
  }

private:
  bool setDim(mlir::Value buffer, int64_t dim);
  bool visitView(mlir::Operation *op);
  bool visitLoops(mlir::linalg::LinalgOp op);
  bool visitCopy(mlir::Operation *op);
  std::optional<int64_t> findLoop(mlir::linalg::LinalgOp op);

  int64_t count = 0;
  std::string conflict;
  llvm::DenseMap<mlir::Value, int64_t> dims;
  llvm::DenseMap<mlir::Operation *, int64_t> loops;
  llvm::DenseSet<mlir::Operation *> wholes; // need all samples at once
};

/// Whether `op` is a view that the analysis sees through.
bool isKnownView(mlir::Operation *op);

/// What an op copies, and to where: memref.copy and fg.fetch.
struct Copied {
  mlir::Value from, to;
};
std::optional<Copied> copiedBy(mlir::Operation *op);

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_TILES_SAMPLEDIMS_H
