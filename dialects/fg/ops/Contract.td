//===- Contract.td - Products that sum over shared axes -*- tablegen -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_DIALECTS_FG_OPS_CONTRACT_TD
#define FOREGRAD_DIALECTS_FG_OPS_CONTRACT_TD

include "dialects/fg/FgOpBase.td"

def Fg_ContractOp : Fg_DifferentiableOp<"contract",
    [DeclareOpInterfaceMethods<Fg_WidenOpInterface>]> {
  let summary = "Product of two arrays, summed over the labels that the result lacks";
  let description = [{
    A letter labels each axis of the operands and of the result; axes with the same
    letter run together. A label of both operands that the result lacks is summed
    over; a label of all three is a batch of products. Every label stands in at
    least two of the three. Labels, not names, say what meets what, since a layer
    may map an axis to one of the same name (`token -> token`).

    The operands may be narrower numbers than the result (bf16 for f32): products and
    sums are then those of the result's type.

    ```mlir
    %q = fg.contract %x "ntc", %w "cd" -> "ntd"
      : (!fg.array<[batch = 4, token = 2, pixel = 3], f32>, !fg.array<[pixel = 3, channel = 8], f32>)
        -> !fg.array<[batch = 4, token = 2, channel = 8], f32>
    ```
  }];
  let arguments = (ins Fg_ArrayType:$lhs, StrAttr:$lhsLabels, Fg_ArrayType:$rhs,
                       StrAttr:$rhsLabels, StrAttr:$resultLabels);
  let results = (outs Fg_ArrayType:$result);
  let assemblyFormat = [{
    $lhs $lhsLabels `,` $rhs $rhsLabels `->` $resultLabels attr-dict `:`
    `(` type($lhs) `,` type($rhs) `)` `->` type($result)
  }];
  let hasFolder = 1;
  let builders = [
    // Labels from names: axes of the same name run together; the result has the axes
    // of `resultAxes`, in that order, and sums over the others.
    OpBuilder<(ins "mlir::Value":$lhs, "mlir::Value":$rhs,
                   "llvm::ArrayRef<llvm::StringRef>":$resultAxes)>
  ];
}

#endif // FOREGRAD_DIALECTS_FG_OPS_CONTRACT_TD
