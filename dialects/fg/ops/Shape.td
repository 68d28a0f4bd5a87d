//===- Shape.td - Splitting, merging, reordering and repeating axes -*- tablegen -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_DIALECTS_FG_OPS_SHAPE_TD
#define FOREGRAD_DIALECTS_FG_OPS_SHAPE_TD

include "dialects/fg/FgOpBase.td"

class Fg_ShapeOp<string mnemonic> : Fg_DifferentiableOp<mnemonic> {
  let results = (outs Fg_ArrayType:$result);
  let hasFolder = 1;
}

def Fg_SplitOp : Fg_ShapeOp<"split"> {
  let summary = "One axis becomes several, in its place";
  let description = [{
    Row-major: the last of the new axes runs fastest. No element moves.

    ```mlir
    %s = fg.split %x axis "channel" into ["group", "unit"]
      : !fg.array<[batch = 4, channel = 8], f32> -> !fg.array<[batch = 4, group = 2, unit = 4], f32>
    ```
  }];
  let arguments = (ins Fg_ArrayType:$input, StrAttr:$axis, StrArrayAttr:$into);
  let assemblyFormat = "$input `axis` $axis `into` $into attr-dict `:` type($input) `->` type($result)";
}

def Fg_MergeOp : Fg_ShapeOp<"merge"> {
  let summary = "Several neighbouring axes become one, in their place";
  let description = [{
    The opposite of `fg.split`. The axes must be neighbours, in the order given.

    ```mlir
    %x = fg.merge %s axes ["group", "unit"] into "channel"
      : !fg.array<[batch = 4, group = 2, unit = 4], f32> -> !fg.array<[batch = 4, channel = 8], f32>
    ```
  }];
  let arguments = (ins Fg_ArrayType:$input, StrArrayAttr:$axes, StrAttr:$into);
  let assemblyFormat = "$input `axes` $axes `into` $into attr-dict `:` type($input) `->` type($result)";
}

def Fg_ReorderOp : Fg_ShapeOp<"reorder"> {
  let summary = "The same axes in another storage order";
  let description = [{
    ```mlir
    %y = fg.reorder %x : !fg.array<[batch = 4, height = 2, width = 3], f32>
           -> !fg.array<[batch = 4, width = 3, height = 2], f32>
    ```
  }];
  let arguments = (ins Fg_ArrayType:$input);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
}

def Fg_BroadcastOp : Fg_ShapeOp<"broadcast"> {
  let summary = "Repeats an array along axes that it lacks";
  let description = [{
    ```mlir
    %y = fg.broadcast %x : !fg.array<[batch = 4], f32> -> !fg.array<[batch = 4, token = 2], f32>
    ```
  }];
  let arguments = (ins Fg_ArrayType:$input);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
}

def Fg_IdentityOp : Fg_ComputeOp<"identity"> {
  let summary = "The identity matrix over two axes of one size";
  let description = [{
    The mask by which copy `c` of a replicated loss sees its own element only.

    ```mlir
    %m = fg.identity : !fg.array<[token.copy = 4, token = 4], f32>
    ```
  }];
  let results = (outs Fg_ArrayType:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
}

#endif // FOREGRAD_DIALECTS_FG_OPS_SHAPE_TD
