//===- Structure.td - Models, blocks, losses, entries -*- tablegen -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_DIALECTS_FG_OPS_STRUCTURE_TD
#define FOREGRAD_DIALECTS_FG_OPS_STRUCTURE_TD

include "dialects/fg/FgOpBase.td"

// What a model is made of ---------------------------------------------------//

def Fg_ModelOp : Fg_Op<"model", [IsolatedFromAbove, NoTerminator, SingleBlock,
    NoRegionArguments]> {
  let summary = "A network: inputs, blocks, one prediction";
  let description = [{
    Says what is computed and where it can learn, not how it learns. Blocks stand in
    the order in which they run; each takes the value of an earlier block or an
    op before it.

    ```mlir
    fg.model "Tiny" {
      %x = fg.input "image" : !fg.array<[batch = 4, pixel = 3], f32>
      %y = fg.label "class" : !fg.array<[batch = 4], i32>
      fg.predict "readout" (%x) : !fg.array<[batch = 4, pixel = 3], f32> {
      ^bb0(%a: !fg.array<[batch = 4, pixel = 3], f32>):
        %w = fg.parameter "readout.weight" init zero scale 0.000000e+00 decay = true
          : !fg.array<[pixel = 3, class = 2], f32>
        %l = fg.contract %a "np", %w "pc" -> "nc"
          : (!fg.array<[batch = 4, pixel = 3], f32>, !fg.array<[pixel = 3, class = 2], f32>)
            -> !fg.array<[batch = 4, class = 2], f32>
        %c = fg.cross_entropy %l, %y over "class"
          : (!fg.array<[batch = 4, class = 2], f32>, !fg.array<[batch = 4], i32>)
            -> !fg.array<[batch = 4], f32>
        fg.yield %l, %c : !fg.array<[batch = 4, class = 2], f32>, !fg.array<[batch = 4], f32>
      }
    }
    ```
  }];
  let arguments = (ins StrAttr:$name, OptionalAttr<StrArrayAttr>:$classes);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$name attr-dict-with-keyword $body";
  let hasVerifier = 1;
}

def Fg_InputOp : Fg_Op<"input", [Pure]> {
  let summary = "The data of a batch";
  let description = [{
    `bytes` tells that the raw data are bytes, which are scaled to 0..1.

    ```mlir
    %x = fg.input "image" : !fg.array<[batch = 4, height = 28, width = 28, color = 1], f32>
    ```
  }];
  let arguments = (ins StrAttr:$name, UnitAttr:$bytes);
  let results = (outs Fg_ArrayType:$result);
  let assemblyFormat = "$name (`bytes` $bytes^)? attr-dict `:` type($result)";
}

def Fg_LabelOp : Fg_Op<"label", [Pure]> {
  let summary = "The class number of each sample of a batch";
  let description = [{
    ```mlir
    %y = fg.label "class" : !fg.array<[batch = 4], i32>
    ```
  }];
  let arguments = (ins StrAttr:$name);
  let results = (outs Fg_ArrayType:$result);
  let assemblyFormat = "$name attr-dict `:` type($result)";
}

def Fg_ParameterOp : Fg_Op<"parameter", [Pure]> {
  let summary = "A learned array, known by its path";
  let description = [{
    Starts as zero, or normal with deviation `scale`. `decay`: weight decay applies.
    `rate_group` names a hyperparameter by which its rate is multiplied
    (`last_layer_rate`, `head_rate`).

    ```mlir
    %w = fg.parameter "block0.channel.weight" init normal scale 1.000000e-01 decay = true
      : !fg.array<[pixel = 784, channel = 512], f32>
    ```
  }];
  let arguments = (ins StrAttr:$path, Fg_InitAttr:$init, F64Attr:$scale, BoolAttr:$decay,
                       OptionalAttr<StrAttr>:$rate_group);
  let results = (outs Fg_ArrayType:$result);
  let assemblyFormat = [{
    $path `init` $init `scale` $scale `decay` `=` $decay (`rate` $rate_group^)? attr-dict `:` type($result)
  }];
}

def Fg_FeedbackOp : Fg_Op<"feedback"> {
  let summary = "A fixed random array that errors are sent back through";
  let description = [{
    A learning rule adds it to the model: drawn once in `init`, normal with deviation
    `scale`, and never changed. `array` gives its axes and element type.

    ```mlir
    fg.feedback "block0.channel.feedback.weight" scale 1.000000e-01
      : !fg.array<[pixel = 784, channel = 512], f32>
    ```
  }];
  let arguments = (ins StrAttr:$path, F64Attr:$scale, TypeAttrOf<Fg_ArrayType>:$array);
  let assemblyFormat = "$path `scale` $scale attr-dict `:` $array";
}

def Fg_PerturbedOp : Fg_Op<"perturbed"> {
  let summary = "What a rule perturbs, and what learns from it";
  let description = [{
    A learning rule that perturbs adds it to the model, one for each perturbation: so many
    `units` of its values act on one copy of the loss (the head `loss`), together with those of
    other perturbations `acting` ones. `shared`: by all samples, as weights are. From it
    the parameters at these paths get their gradients.

    ```mlir
    fg.perturbed "block0.channel" units 8 acting 24 loss "block0.head"
      parameters ["block0.channel.weight", "block0.channel.bias"]
    fg.perturbed "block0.channel.bias" units 16 acting 400 loss "block0.head" shared
      parameters ["block0.channel.bias"]
    ```
  }];
  let arguments = (ins StrAttr:$name, I64Attr:$units, I64Attr:$acting, StrAttr:$loss,
                       UnitAttr:$shared, StrArrayAttr:$parameters);
  let assemblyFormat = [{
    $name `units` $units `acting` $acting `loss` $loss (`shared` $shared^)?
    `parameters` $parameters attr-dict
  }];
  let hasVerifier = 1;
}

def Fg_BlockOp : Fg_Op<"block", [SingleBlock]> {
  let summary = "The unit of locality";
  let description = [{
    A greedy rule lets no derivative cross a block's border. All activations enter as
    operands; labels are seen from inside. Ends with `fg.yield` of what the block gives.

    ```mlir
    %x1 = fg.block "block0" (%x0) : (!fg.array<[batch = 4, unit = 3], f32>)
            -> (!fg.array<[batch = 4, unit = 3], f32>) {
    ^bb0(%a: !fg.array<[batch = 4, unit = 3], f32>):
      %h = fg.relu %a site "block0.layer" : !fg.array<[batch = 4, unit = 3], f32>
      fg.yield %h : !fg.array<[batch = 4, unit = 3], f32>
    }
    ```
  }];
  let arguments = (ins StrAttr:$name, Variadic<Fg_ArrayType>:$inputs);
  let results = (outs Variadic<Fg_ArrayType>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $name `(` $inputs `)` `:` functional-type($inputs, $results) attr-dict-with-keyword $body
  }];
  let hasVerifier = 1;
}

def Fg_LocalLossOp : Fg_Op<"loss", [SingleBlock]> {
  let summary = "A block's own loss, replicated over the axes `per`";
  let description = [{
    The region is the local head: it maps the operand to one loss for each sample.
    In principle an exact copy of it belongs to each index of the axes `per`;
    copy (p, g) sees the tangent (or cotangent) of its own part of the operand only, and
    all else in it is constant (rules: the replicated loss).

    ```mlir
    fg.loss "block0" per ["token"] (%x) : !fg.array<[batch = 4, token = 2, class = 3], f32> {
    ^bb0(%a: !fg.array<[batch = 4, token = 2, class = 3], f32>):
      %m = fg.sum %a over ["token"] : !fg.array<[batch = 4, token = 2, class = 3], f32>
             -> !fg.array<[batch = 4, class = 3], f32>
      %l = fg.cross_entropy %m, %y over "class"
        : (!fg.array<[batch = 4, class = 3], f32>, !fg.array<[batch = 4], i32>) -> !fg.array<[batch = 4], f32>
      fg.yield %l : !fg.array<[batch = 4], f32>
    }
    ```
  }];
  let arguments = (ins StrAttr:$name, StrArrayAttr:$per, Fg_ArrayType:$input);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$name `per` $per `(` $input `)` `:` type($input) attr-dict-with-keyword $body";
  let hasVerifier = 1;
}

def Fg_PredictOp : Fg_Op<"predict", [SingleBlock]> {
  let summary = "What the model says, and the loss that it is trained on";
  let description = [{
    The region yields the logits and the loss of each sample. See `fg.model`.
  }];
  let arguments = (ins StrAttr:$name, Fg_ArrayType:$input);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$name `(` $input `)` `:` type($input) attr-dict-with-keyword $body";
  let hasVerifier = 1;
}

def Fg_YieldOp : Fg_Op<"yield", [Pure, Terminator]> {
  let summary = "Ends a region";
  let description = [{
    ```mlir
    fg.yield %x : !fg.array<[batch = 4], f32>
    ```
  }];
  let arguments = (ins Variadic<Fg_ArrayType>:$operands);
  let assemblyFormat = "($operands^ `:` type($operands))? attr-dict";
}

// What a learning step is made of -------------------------------------------//

def Fg_EntryOp : Fg_Op<"entry", [IsolatedFromAbove, NoTerminator, SingleBlock,
    NoRegionArguments]> {
  let summary = "An entry point of the artifact: init, step, gradient, eval, ...";
  let description = [{
    Reads buffers (`fg.read`), computes, writes buffers (`fg.write`). Writes take
    effect in order, after all reads. One that is `rare` runs so seldom that its code
    had better be small than fast.

    ```mlir
    fg.entry "predict" {
      %x = fg.read "image" role input : !fg.array<[batch = 4, pixel = 3], f32>
      fg.write %x to "logits" role output : !fg.array<[batch = 4, pixel = 3], f32>
    }
    ```
  }];
  let arguments = (ins StrAttr:$name, UnitAttr:$rare);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$name (`rare` $rare^)? attr-dict-with-keyword $body";
  let hasVerifier = 1;
}

def Fg_ReadOp : Fg_Op<"read", [Pure]> {
  let summary = "The content of a buffer when the entry is called";
  let description = [{
    ```mlir
    %rate = fg.read "rate" role hyper : !fg.array<[], f32>
    ```
  }];
  let arguments = (ins StrAttr:$name, Fg_RoleAttr:$role);
  let results = (outs Fg_ArrayType:$result);
  let assemblyFormat = "$name `role` $role attr-dict `:` type($result)";
}

def Fg_WriteOp : Fg_Op<"write"> {
  let summary = "Sets a buffer";
  let description = [{
    ```mlir
    fg.write %w to "block0.channel.weight" role parameter : !fg.array<[pixel = 3, channel = 8], f32>
    ```
  }];
  let arguments = (ins Fg_ArrayType:$value, StrAttr:$name, Fg_RoleAttr:$role);
  let assemblyFormat = "$value `to` $name `role` $role attr-dict `:` type($value)";
}

def Fg_RecomputeOp : Fg_ComputeOp<"recompute", [AllTypesMatch<["input", "result"]>]> {
  let summary = "The same array, which the compiler may not know to be the same";
  let description = [{
    What is computed from the result is computed again, and not shared with what is
    computed from the operand; so the latter need not be kept until then. `number` tells the
    uses apart.

    ```mlir
    %x1 = fg.recompute %x number 1 : !fg.array<[batch = 4, unit = 3], f32>
    ```
  }];
  let arguments = (ins Fg_ArrayType:$input, I64Attr:$number);
  let results = (outs Fg_ArrayType:$result);
  let assemblyFormat = "$input `number` $number attr-dict `:` type($result)";
}

def Fg_OpaqueOp : Fg_Op<"opaque", [Pure, AllTypesMatch<["input", "result"]>]> {
  let summary = "What `fg.recompute` lowers to: the same tensor, the same buffer";
  let description = [{
    ```mlir
    %y = fg.opaque %x number 1 : tensor<4x3xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, I64Attr:$number);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input `number` $number attr-dict `:` type($result)";
}

def Fg_ReplicatedTangentOp : Fg_Op<"replicated_tangent", [SingleBlock, Pure]> {
  let summary = "Tangents of all copies of a replicated loss";
  let description = [{
    For copy c of the loss (an index of the axes `per`), the tangent of the region's
    loss in the direction of `tangent` masked to the operand's elements at c, times
    the sample's `weight`:

      result[n, c] = weight[n] < d loss[n] / d input[n, c, ..] , tangent[n, c, ..] >

    Axes of `tangent` that `input` lacks (directions) come first in the result. The
    fusion phase rewrites this op to one reverse sweep through the region and one contraction
    where it can prove that each sample has a loss of its own (`--fg-fuse-replicated-losses`), or
    writes all copies out (`--fg-expand-replicated-losses`).

    ```mlir
    %s = fg.replicated_tangent per ["token"] (%x, %dx, %weight)
      : (!fg.array<[batch = 4, token = 2], f32>, !fg.array<[batch = 4, token = 2], f32>, !fg.array<[], f32>)
        -> !fg.array<[batch = 4, token = 2], f32> {
    ^bb0(%a: !fg.array<[batch = 4, token = 2], f32>):
      %l = fg.cross_entropy %a, %y over "token"
        : (!fg.array<[batch = 4, token = 2], f32>, !fg.array<[batch = 4], i32>) -> !fg.array<[batch = 4], f32>
      fg.yield %l : !fg.array<[batch = 4], f32>
    }
    ```
  }];
  let arguments = (ins StrArrayAttr:$per, Fg_ArrayType:$input, Fg_ArrayType:$tangent,
                       Fg_ArrayType:$weight);
  let results = (outs Fg_ArrayType:$result);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    `per` $per `(` $input `,` $tangent `,` $weight `)` `:`
    `(` type($input) `,` type($tangent) `,` type($weight) `)` `->` type($result)
    attr-dict-with-keyword $body
  }];
  let hasVerifier = 1;
}

#endif // FOREGRAD_DIALECTS_FG_OPS_STRUCTURE_TD
