//===- Loss.td - Losses of a sample -*- tablegen -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_DIALECTS_FG_OPS_LOSS_TD
#define FOREGRAD_DIALECTS_FG_OPS_LOSS_TD

include "dialects/fg/FgOpBase.td"

class Fg_LossOp<string mnemonic> : Fg_DifferentiableOp<mnemonic> {
  let arguments = (ins Fg_ArrayType:$prediction, Fg_ArrayType:$label, StrAttr:$over);
  let results = (outs Fg_ArrayType:$result);
  let assemblyFormat = [{
    $prediction `,` $label `over` $over attr-dict `:`
    `(` type($prediction) `,` type($label) `)` `->` type($result)
  }];
}

def Fg_CrossEntropyOp : Fg_LossOp<"cross_entropy"> {
  let summary = "-log softmax(logits)[label] over the class axis";
  let description = [{
    `label` holds class numbers (i32) and has the axes of the result.

    ```mlir
    %l = fg.cross_entropy %logits, %label over "class"
      : (!fg.array<[batch = 4, class = 10], f32>, !fg.array<[batch = 4], i32>) -> !fg.array<[batch = 4], f32>
    ```
  }];
}

def Fg_SquaredErrorOp : Fg_LossOp<"squared_error"> {
  let summary = "1/2 |prediction - onehot(label)|^2 over the class axis";
  let description = [{
    ```mlir
    %l = fg.squared_error %output, %label over "class"
      : (!fg.array<[batch = 4, class = 10], f32>, !fg.array<[batch = 4], i32>) -> !fg.array<[batch = 4], f32>
    ```
  }];
}

def Fg_OneHotOp : Fg_ComputeOp<"one_hot"> {
  let summary = "1 at the label, else 0";
  let description = [{
    The new axis is the one that the label lacks.

    ```mlir
    %t = fg.one_hot %label : !fg.array<[batch = 4], i32> -> !fg.array<[batch = 4, class = 10], f32>
    ```
  }];
  let arguments = (ins Fg_ArrayType:$label);
  let results = (outs Fg_ArrayType:$result);
  let assemblyFormat = "$label attr-dict `:` type($label) `->` type($result)";
}

#endif // FOREGRAD_DIALECTS_FG_OPS_LOSS_TD
