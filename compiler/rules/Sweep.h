//===- Sweep.h - Forward and reverse sweeps over a list of ops ------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// What all learning rules share. A sweep works on a straight line of ops that
// an entry already holds (the primal) and writes the derivative ops behind
// them. It asks ops for their tangents and cotangents and knows none by name.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_RULES_SWEEP_H
#define FOREGRAD_COMPILER_RULES_SWEEP_H

#include "dialects/fg/Fg.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SetVector.h"

namespace foregrad::compiler {

/// Tangents or cotangents by primal value. A value that is not in it has none.
using DerivativeMap = llvm::DenseMap<mlir::Value, mlir::Value>;

/// JVP of `ops`, which stand in order: computes the tangent of every first
/// result from the tangents already in `tangents` and adds it there.
///
/// `atSite`, if given, is called for every nonlinearity with the tangent of its
/// operand (null for zero) and returns the tangent to go on with.
///
/// Returns failure, with an error at the op, if a tangent meets an op without
/// JVP.
mlir::LogicalResult forwardSweep(
    mlir::OpBuilder &builder, llvm::ArrayRef<mlir::Operation *> ops,
    DerivativeMap &tangents,
    llvm::function_ref<mlir::Value(fg::SiteOpInterface, mlir::Value)> atSite =
        nullptr);

struct ReverseOptions {
  /// Cotangents are computed only for values that depend on one of these.
  llvm::ArrayRef<mlir::Value> leaves;
  /// Nonlinearities that are not passed: the sweep ends at their results.
  bool stopAtSites = false;
  /// Gives for a value that is made of parameters only what stands for it where
  /// the error of another operand passes by, or null. Its own cotangent stays
  /// exact (feedback alignment).
  llvm::function_ref<mlir::Value(mlir::Value)> sentThrough = nullptr;
};

/// VJP of `ops`, which stand in order: carries the cotangents in `cotangents`
/// back towards the leaves, adding up where a value is used more than once.
///
/// Returns failure, with an error at the op, if a cotangent meets an op without
/// VJP.
mlir::LogicalResult reverseSweep(mlir::OpBuilder &builder,
                                 llvm::ArrayRef<mlir::Operation *> ops,
                                 DerivativeMap &cotangents,
                                 const ReverseOptions &options);

/// For each value between `root` and the start of `ops`: the part of one of its
/// axes that runs along with `part` of `root`, or nothing where some path mixes
/// it (or the paths disagree). Values that `root` does not depend on are
/// missing.
///
/// An element of such a value influences only those elements of `root` whose
/// index along `part` is its own index along the part found.
llvm::DenseMap<mlir::Value, std::optional<fg::AxisPart>>
traceAxisBack(llvm::ArrayRef<mlir::Operation *> ops, mlir::Value root,
              fg::AxisPart part);

struct TraceOptions {
  /// Ends at other nonlinearities: only the last layer before `root` is seen.
  bool stopAtSites = false;
  /// Takes the statistics of norms for constants: they mix no axes then.
  bool throughNorms = false;
};

/// As above, for `ops` behind the last nonlinearities or with norms ignored.
llvm::DenseMap<mlir::Value, std::optional<fg::AxisPart>>
traceAxisBack(llvm::ArrayRef<mlir::Operation *> ops, mlir::Value root,
              fg::AxisPart part, const TraceOptions &options);

/// The values that `root` depends on within `ops`, without passing another
/// nonlinearity.
llvm::DenseSet<mlir::Value> collectLayer(llvm::ArrayRef<mlir::Operation *> ops,
                                         mlir::Value root);

/// Computes `ops` again for other values of some of their operands, which
/// `values` gives and which may have further axes in front (directions, copies
/// of a loss): a result that depends on such a value is added to `values`, with
/// those axes in front. `atSite`, if given, gives the operand of a nonlinearity
/// to go on with.
void recomputeSweep(
    mlir::OpBuilder &builder, llvm::ArrayRef<mlir::Operation *> ops,
    DerivativeMap &values,
    llvm::function_ref<mlir::Value(fg::SiteOpInterface, mlir::Value)> atSite =
        nullptr);

/// Clones the ops of `block` but its terminator to the builder's place and
/// returns the clones in order. Operands are looked up in `mapping`, results
/// are added to it.
llvm::SmallVector<mlir::Operation *> inlineBlock(mlir::OpBuilder &builder,
                                                 mlir::Block &block,
                                                 mlir::IRMapping &mapping);

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_RULES_SWEEP_H
