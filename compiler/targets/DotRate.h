//===- DotRate.h - Whether bf16 instructions pay on this machine -*- C++ -*-==//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_TARGETS_DOTRATE_H
#define FOREGRAD_COMPILER_TARGETS_DOTRATE_H

namespace foregrad::compiler {

/// How many times as many multiplications a second vdpbf16ps does on this
/// machine as f32 multiply-adds in registers of the same width: 2 on some
/// processors, half on others. Measured at the first call, in some
/// milliseconds; 0 where the processor has no such instruction.
double hostDotRate();

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_TARGETS_DOTRATE_H
