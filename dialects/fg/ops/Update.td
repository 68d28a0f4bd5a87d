//===- Update.td - Ops of optimizers -*- tablegen -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// What only the update of parameters computes; no model holds it.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_DIALECTS_FG_OPS_UPDATE_TD
#define FOREGRAD_DIALECTS_FG_OPS_UPDATE_TD

include "dialects/fg/FgOpBase.td"

def Fg_DivOp : Fg_ComputeOp<"div", [AllTypesMatch<["lhs", "result"]>]> {
  let summary = "Elementwise quotient of two arrays, axes matched by name";
  let description = [{
    The divisor is repeated along the axes that it lacks.

    ```mlir
    %y = fg.div %x, %n : !fg.array<[unit = 3, class = 2], f32>, !fg.array<[class = 2], f32>
    ```
  }];
  let arguments = (ins Fg_ArrayType:$lhs, Fg_ArrayType:$rhs);
  let results = (outs Fg_ArrayType:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($lhs) `,` type($rhs)";
}

def Fg_SqrtOp : Fg_ComputeOp<"sqrt", [AllTypesMatch<["input", "result"]>]> {
  let summary = "Elementwise square root";
  let description = [{
    ```mlir
    %y = fg.sqrt %x : !fg.array<[unit = 3, class = 2], f32>
    ```
  }];
  let arguments = (ins Fg_ArrayType:$input);
  let results = (outs Fg_ArrayType:$result);
  let assemblyFormat = "$input attr-dict `:` type($result)";
}

#endif // FOREGRAD_DIALECTS_FG_OPS_UPDATE_TD
