//===- Passes.cpp - All passes, for fg-opt --------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/driver/Passes.h"
#include "compiler/fusion/Fusion.h"
#include "compiler/lowering/Backend.h"
#include "compiler/lowering/chains/ChainKernels.h"
#include "compiler/lowering/gemm/ContractionsToKernels.h"
#include "compiler/lowering/gemm/KeepWide.h"
#include "compiler/lowering/gemm/PackParameters.h"
#include "compiler/lowering/gemm/RoundAsPacked.h"
#include "compiler/lowering/limit/LimitEntry.h"
#include "compiler/lowering/linalg/LowerToLinalg.h"
#include "compiler/lowering/rows/RowsToKernels.h"
#include "compiler/lowering/tiles/FetchSamples.h"
#include "compiler/lowering/tiles/SumInLanes.h"
#include "compiler/lowering/tiles/TileSamples.h"
#include "compiler/optimizers/Optimizer.h"
#include "compiler/rules/Rule.h"

namespace foregrad::compiler {

void registerPasses() {
  registerRulePasses();
  registerEntryPasses();
  registerFusionPasses();
  registerLinalgPasses();
  registerSumInLanesPass();
  registerChainKernelsPass();
  registerFetchSamplesPass();
  registerTileSamplesPass();
  registerRoundAsPackedPass();
  registerKeepWidePass();
  registerPackParametersPass();
  registerContractionsToKernelsPass();
  registerRowsToKernelsPass();
  registerLimitEntryPass();
  registerBackendPasses();
}

} // namespace foregrad::compiler
