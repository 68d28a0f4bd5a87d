//===- FgOpBase.td - What all ops of the fg dialect share -*- tablegen -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_DIALECTS_FG_OPBASE_TD
#define FOREGRAD_DIALECTS_FG_OPBASE_TD

include "dialects/fg/FgDialect.td"
include "dialects/fg/FgInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Fg_Op<string mnemonic, list<Trait> traits = []>
    : Op<Fg_Dialect, mnemonic, traits>;

// An op of the learning step only: it need not be differentiable.
class Fg_ComputeOp<string mnemonic, list<Trait> traits = []>
    : Fg_Op<mnemonic, !listconcat([Pure,
        DeclareOpInterfaceMethods<Fg_ComputeOpInterface>], traits)> {
  let hasVerifier = 1;
}

// An op that a model may hold.
class Fg_DifferentiableOp<string mnemonic, list<Trait> traits = []>
    : Fg_ComputeOp<mnemonic, !listconcat([
        DeclareOpInterfaceMethods<Fg_DifferentiableOpInterface>], traits)>;

#endif // FOREGRAD_DIALECTS_FG_OPBASE_TD
