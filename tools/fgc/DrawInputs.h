//===- DrawInputs.h - Random content for a step ---------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_TOOLS_FGC_DRAWINPUTS_H
#define FOREGRAD_TOOLS_FGC_DRAWINPUTS_H

#include "dialects/fg/Evaluate.h"
#include "mlir/IR/BuiltinOps.h"

namespace foregrad::fgc {

struct DrawOptions {
  uint64_t seed = 1;
  /// Nonlinearities have kinks. The samples are drawn again until no site is
  /// closer to its kink (zero) than this, relative to the root mean square of
  /// the site's array.
  double margin = 0;
  /// Numbers that a `float` holds: what code in f32 sees is then what the
  /// reference sees.
  bool roundToFloat = false;
};

struct DrawnInputs {
  fg::Buffers buffers;
  int64_t nearKinks = 0; // sites that are still closer than the margin
};

/// What the entry `gradient` of `program` reads. Parameters start as the entry
/// `init` says, those that start at zero as small numbers: at zero a readout
/// passes no gradient on. Labels are classes of the model; perturbations that
/// are inputs are normal. The same options give the same numbers.
llvm::Expected<DrawnInputs> drawInputs(mlir::ModuleOp program,
                                       const DrawOptions &options);

/// The entry of that name, or null.
fg::EntryOp findEntry(mlir::ModuleOp program, llvm::StringRef name);

} // namespace foregrad::fgc

#endif // FOREGRAD_TOOLS_FGC_DRAWINPUTS_H
