//===- Norm.td - Layer norm without affine part -*- tablegen -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_DIALECTS_FG_OPS_NORM_TD
#define FOREGRAD_DIALECTS_FG_OPS_NORM_TD

include "dialects/fg/FgOpBase.td"

def Fg_NormOp : Fg_DifferentiableOp<"norm", [AllTypesMatch<["input", "result"]>,
    DeclareOpInterfaceMethods<Fg_NormalizationOpInterface>]> {
  let summary = "(x - mean x) / sqrt(var x + epsilon) over the named axes";
  let description = [{
    The variance is the biased one. The second result is 1 / sqrt(var x + epsilon),
    with the axes that are not normalised over; the derivatives use it. With
    `frozen`, derivatives take mean and deviation for constants.

    ```mlir
    %z, %r = fg.norm %q over ["channel"] epsilon 1.000000e-05
      : !fg.array<[batch = 4, channel = 8], f32>, !fg.array<[batch = 4], f32>
    ```
  }];
  let arguments = (ins Fg_ArrayType:$input, StrArrayAttr:$over, F64Attr:$epsilon,
                       UnitAttr:$frozen);
  let results = (outs Fg_ArrayType:$result, Fg_ArrayType:$inverseDeviation);
  let assemblyFormat = [{
    $input `over` $over `epsilon` $epsilon (`frozen` $frozen^)? attr-dict `:` type($result) `,` type($inverseDeviation)
  }];
  let builders = [OpBuilder<(ins "mlir::Value":$input, "llvm::ArrayRef<llvm::StringRef>":$over,
                                 "double":$epsilon)>];
}

def Fg_NormJacobianOp : Fg_ComputeOp<"norm_jacobian", [AllTypesMatch<["vector", "result"]>]> {
  let summary = "The (symmetric) Jacobian of a norm times an array";
  let description = [{
    J v = r (v - mean v - z mean(z v)), z and r as `fg.norm` gives them, means over
    the named axes. J is symmetric, so this is its JVP and its VJP. `v` may have axes
    that `z` lacks.

    ```mlir
    %dz = fg.norm_jacobian %z, %r, %dq over ["channel"]
      : !fg.array<[batch = 4, channel = 8], f32>, !fg.array<[batch = 4], f32>,
        !fg.array<[batch = 4, channel = 8], f32>
    ```
  }];
  let arguments = (ins Fg_ArrayType:$normalized, Fg_ArrayType:$inverseDeviation,
                       Fg_ArrayType:$vector, StrArrayAttr:$over);
  let results = (outs Fg_ArrayType:$result);
  let hasFolder = 1;
  let assemblyFormat = [{
    $normalized `,` $inverseDeviation `,` $vector `over` $over attr-dict `:`
    type($normalized) `,` type($inverseDeviation) `,` type($result)
  }];
}

#endif // FOREGRAD_DIALECTS_FG_OPS_NORM_TD
