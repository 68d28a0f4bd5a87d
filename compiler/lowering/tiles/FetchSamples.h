//===- FetchSamples.h - Images come as they are needed ----------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_TILES_FETCHSAMPLES_H
#define FOREGRAD_COMPILER_LOWERING_TILES_FETCHSAMPLES_H

#include "mlir/Pass/Pass.h"

#include <memory>

namespace foregrad::compiler {

/// `fg-fetch-samples`: entries ask for the samples of an input of bytes, rather
/// than read them from a buffer of the whole batch.
std::unique_ptr<mlir::Pass> createFetchSamplesPass();

void registerFetchSamplesPass();

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_TILES_FETCHSAMPLES_H
