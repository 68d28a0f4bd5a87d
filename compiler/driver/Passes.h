//===- Passes.h - All passes, for fg-opt ----------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_DRIVER_PASSES_H
#define FOREGRAD_COMPILER_DRIVER_PASSES_H

namespace foregrad::compiler {

/// Registers every pass of the compiler by its name.
void registerPasses();

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_DRIVER_PASSES_H
