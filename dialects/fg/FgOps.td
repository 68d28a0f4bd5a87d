//===- FgOps.td - All ops of the fg dialect -*- tablegen -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// A new op is one `.td` and one `.cpp` in ops/, included (listed) here.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_DIALECTS_FG_OPS_TD
#define FOREGRAD_DIALECTS_FG_OPS_TD

include "dialects/fg/ops/Structure.td"
include "dialects/fg/ops/Elementwise.td"
include "dialects/fg/ops/Contract.td"
include "dialects/fg/ops/Reduce.td"
include "dialects/fg/ops/Norm.td"
include "dialects/fg/ops/Shape.td"
include "dialects/fg/ops/Windows.td"
include "dialects/fg/ops/Loss.td"
include "dialects/fg/ops/Noise.td"
include "dialects/fg/ops/Update.td"
include "dialects/fg/ops/Cast.td"
include "dialects/fg/ops/Memory.td"

#endif // FOREGRAD_DIALECTS_FG_OPS_TD
