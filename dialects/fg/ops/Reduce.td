//===- Reduce.td - Sums, softmax -*- tablegen -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_DIALECTS_FG_OPS_REDUCE_TD
#define FOREGRAD_DIALECTS_FG_OPS_REDUCE_TD

include "dialects/fg/FgOpBase.td"

def Fg_SumOp : Fg_DifferentiableOp<"sum"> {
  let summary = "Sum over the named axes";
  let description = [{
    The result has the other axes, in the same order. A mean is a sum and `fg.scale`.

    ```mlir
    %y = fg.sum %x over ["token"] : !fg.array<[batch = 4, token = 2, unit = 3], f32>
           -> !fg.array<[batch = 4, unit = 3], f32>
    ```
  }];
  let arguments = (ins Fg_ArrayType:$input, StrArrayAttr:$over);
  let results = (outs Fg_ArrayType:$result);
  let assemblyFormat = "$input `over` $over attr-dict `:` type($input) `->` type($result)";
  let hasFolder = 1;
  let builders = [OpBuilder<(ins "mlir::Value":$input, "llvm::ArrayRef<llvm::StringRef>":$over)>];
}

def Fg_SoftmaxOp : Fg_DifferentiableOp<"softmax", [AllTypesMatch<["input", "result"]>]> {
  let summary = "Softmax over one axis";
  let description = [{
    exp(x - max x) / sum exp(x - max x).

    ```mlir
    %p = fg.softmax %logits over "class" : !fg.array<[batch = 4, class = 10], f32>
    ```
  }];
  let arguments = (ins Fg_ArrayType:$input, StrAttr:$over);
  let results = (outs Fg_ArrayType:$result);
  let assemblyFormat = "$input `over` $over attr-dict `:` type($result)";
  let builders = [OpBuilder<(ins "mlir::Value":$input, "llvm::StringRef":$over)>];
}

#endif // FOREGRAD_DIALECTS_FG_OPS_REDUCE_TD
