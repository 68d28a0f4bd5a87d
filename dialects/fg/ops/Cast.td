//===- Cast.td - To another floating-point type -*- tablegen -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_DIALECTS_FG_OPS_CAST_TD
#define FOREGRAD_DIALECTS_FG_OPS_CAST_TD

include "dialects/fg/FgOpBase.td"

def Fg_CastOp : Fg_DifferentiableOp<"cast"> {
  let summary = "The same numbers in another floating-point type";
  let description = [{
    To a narrower type it rounds to nearest even. From `i8`, which holds bytes, it gives 0 to 255.

    ```mlir
    %y = fg.cast %x : !fg.array<[batch = 4, unit = 3], f64> -> !fg.array<[batch = 4, unit = 3], f32>
    ```
  }];
  let arguments = (ins Fg_ArrayType:$input);
  let results = (outs Fg_ArrayType:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasFolder = 1;
}

#endif // FOREGRAD_DIALECTS_FG_OPS_CAST_TD
