//===- Elementwise.td - Elementwise ops -*- tablegen -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_DIALECTS_FG_OPS_ELEMENTWISE_TD
#define FOREGRAD_DIALECTS_FG_OPS_ELEMENTWISE_TD

include "dialects/fg/FgOpBase.td"

def Fg_ConstantOp : Fg_ComputeOp<"constant", [ConstantLike]> {
  let summary = "An array of given numbers";
  let description = [{
    One number for every element, or all elements in storage order.

    ```mlir
    %zero = fg.constant [0.0] : !fg.array<[batch = 4, unit = 3], f32>
    %mean = fg.constant [0.49, 0.48, 0.45] : !fg.array<[color = 3], f32>
    ```
  }];
  let arguments = (ins DenseF64ArrayAttr:$values);
  let results = (outs Fg_ArrayType:$result);
  let assemblyFormat = "$values attr-dict `:` type($result)";
  let hasFolder = 1;
  let builders = [
    OpBuilder<(ins "::foregrad::fg::ArrayType":$type, "double":$splat)>
  ];
  let extraClassDeclaration = [{
    bool isSplat() { return getValues().size() == 1; }
  }];
}

class Fg_BinaryOp<string mnemonic, list<Trait> traits = []>
    : Fg_DifferentiableOp<mnemonic, traits> {
  let arguments = (ins Fg_ArrayType:$lhs, Fg_ArrayType:$rhs);
  let results = (outs Fg_ArrayType:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs attr-dict `:` `(` type($lhs) `,` type($rhs) `)` `->` type($result)
  }];
  let hasFolder = 1;
  // The result has the axes of the operand that has more, then those that only the
  // other one has in front.
  let builders = [OpBuilder<(ins "mlir::Value":$lhs, "mlir::Value":$rhs)>];
}

def Fg_AddOp : Fg_BinaryOp<"add", [Commutative]> {
  let summary = "Sum of two arrays, axes matched by name";
  let description = [{
    Each axis of the result is an axis of one operand at least; an operand is repeated
    along the axes that it lacks.

    ```mlir
    %q = fg.add %p, %bias : (!fg.array<[batch = 4, unit = 3], f32>, !fg.array<[unit = 3], f32>)
           -> !fg.array<[batch = 4, unit = 3], f32>
    ```
  }];
}

def Fg_SubOp : Fg_BinaryOp<"sub"> {
  let summary = "Difference of two arrays, axes matched by name";
  let description = [{
    As `fg.add`.

    ```mlir
    %d = fg.sub %x, %mean : (!fg.array<[batch = 4, color = 3], f32>, !fg.array<[color = 3], f32>)
           -> !fg.array<[batch = 4, color = 3], f32>
    ```
  }];
}

def Fg_MulOp : Fg_BinaryOp<"mul", [Commutative]> {
  let summary = "Elementwise product of two arrays, axes matched by name";
  let description = [{
    As `fg.add`.

    ```mlir
    %y = fg.mul %x, %mask : (!fg.array<[batch = 4, unit = 3], f32>, !fg.array<[unit = 3], f32>)
           -> !fg.array<[batch = 4, unit = 3], f32>
    ```
  }];
}

def Fg_ScaleOp : Fg_DifferentiableOp<"scale", [AllTypesMatch<["input", "result"]>]> {
  let summary = "An array times a constant";
  let description = [{
    ```mlir
    %y = fg.scale %x by 2.500000e-01 : !fg.array<[batch = 4, unit = 3], f32>
    ```
  }];
  let arguments = (ins Fg_ArrayType:$input, F64Attr:$factor);
  let results = (outs Fg_ArrayType:$result);
  let assemblyFormat = "$input `by` $factor attr-dict `:` type($result)";
  let hasFolder = 1;
  let builders = [OpBuilder<(ins "mlir::Value":$input, "double":$factor)>];
}

def Fg_ReluOp : Fg_DifferentiableOp<"relu", [AllTypesMatch<["input", "result"]>,
    DeclareOpInterfaceMethods<Fg_SiteOpInterface>]> {
  let summary = "max(x, 0); its operand is a site";
  let description = [{
    The site takes the name of the layer that feeds it.

    ```mlir
    %h = fg.relu %z site "block0.channel" : !fg.array<[batch = 4, channel = 8], f32>
    ```
  }];
  let arguments = (ins Fg_ArrayType:$input, StrAttr:$site);
  let results = (outs Fg_ArrayType:$result);
  let assemblyFormat = "$input `site` $site attr-dict `:` type($result)";
}

def Fg_PositiveOp : Fg_ComputeOp<"positive", [AllTypesMatch<["input", "result"]>]> {
  let summary = "1 where x > 0, else 0";
  let description = [{
    ```mlir
    %m = fg.positive %h : !fg.array<[batch = 4, channel = 8], f32>
    ```
  }];
  let arguments = (ins Fg_ArrayType:$input);
  let results = (outs Fg_ArrayType:$result);
  let assemblyFormat = "$input attr-dict `:` type($result)";
}

#endif // FOREGRAD_DIALECTS_FG_OPS_ELEMENTWISE_TD
