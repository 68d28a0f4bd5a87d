//===- Emit.h - From a checked model to the fg dialect --------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_FRONTENDS_FG_EMIT_H
#define FOREGRAD_FRONTENDS_FG_EMIT_H

#include "frontends/fg/Graph.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/SourceMgr.h"

namespace foregrad::lang {

struct EmitOptions {
  int64_t batch = 1;
  bool isDouble = false; // f64 instead of f32
};

/// Writes the model as one `fg.model`. Every op has the place in the user's
/// text where it comes from.
mlir::OwningOpRef<mlir::ModuleOp> emit(mlir::MLIRContext &context,
                                       const Graph &graph,
                                       const EmitOptions &options,
                                       const llvm::SourceMgr &sources);

} // namespace foregrad::lang

#endif // FOREGRAD_FRONTENDS_FG_EMIT_H
