//===- Windows.td - Sliding windows and their adjoint -*- tablegen -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_DIALECTS_FG_OPS_WINDOWS_TD
#define FOREGRAD_DIALECTS_FG_OPS_WINDOWS_TD

include "dialects/fg/FgOpBase.td"

// Both ops say how an array [a = n, ...] and its windows [a = p, w = k, ...] belong
// together: element i of window j along `a` is the array's element
// j * stride + i - before, and zero where there is none. `over` names the axes, `into`
// their window axes, in the same order; the counts n, p and k stand in the types. The
// windows have the other axes of the array too, all in the array's order; the window
// axes may stand anywhere between them.
class Fg_WindowOp<string mnemonic> : Fg_DifferentiableOp<mnemonic> {
  let arguments = (ins Fg_ArrayType:$input, StrArrayAttr:$over, StrArrayAttr:$into,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$before);
  let results = (outs Fg_ArrayType:$result);
  let hasFolder = 1;
  let assemblyFormat = [{
    $input `over` $over `into` $into `strides` $strides `before` $before attr-dict `:`
    type($input) `->` type($result)
  }];
}

def Fg_WindowsOp : Fg_WindowOp<"windows"> {
  let summary = "The sliding windows of an array along some of its axes";
  let description = [{
    Element i of window j along an axis is the array's element `j * stride + i - before`,
    and zero where there is none. A convolution is this op and an `fg.contract` with the
    weights, so every rule that can take a product apart can take a convolution apart.

    Here three windows of three pixels, each around its own pixel:

    ```mlir
    %w = fg.windows %x over ["width"] into ["window"] strides [1] before [1]
      : !fg.array<[batch = 4, width = 3, color = 2], f32>
        -> !fg.array<[batch = 4, width = 3, window = 3, color = 2], f32>
    ```
  }];
}

def Fg_FoldWindowsOp : Fg_WindowOp<"fold_windows"> {
  let summary = "The sum of windows, each laid where it was taken from";
  let description = [{
    The adjoint of `fg.windows` with the same attributes: each element of the result is
    the sum of all window elements that `fg.windows` would copy from it.

    ```mlir
    %x = fg.fold_windows %w over ["width"] into ["window"] strides [1] before [1]
      : !fg.array<[batch = 4, width = 3, window = 3, color = 2], f32>
        -> !fg.array<[batch = 4, width = 3, color = 2], f32>
    ```
  }];
}

#endif // FOREGRAD_DIALECTS_FG_OPS_WINDOWS_TD
