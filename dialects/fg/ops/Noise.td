//===- Noise.td - Counter-based random numbers -*- tablegen -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_DIALECTS_FG_OPS_NOISE_TD
#define FOREGRAD_DIALECTS_FG_OPS_NOISE_TD

include "dialects/fg/FgOpBase.td"

def Fg_PerturbOp : Fg_ComputeOp<"perturb", [AllTypesMatch<["seed", "step"]>]> {
  let summary = "Independent random numbers, a pure function of where they stand";
  let description = [{
    An element is `noise(law, seed, step, site, sample, element)` of Noise.h: `sample`
    is its index along `batch` (0 if there is no such axis), `element` its
    row-major index along all other axes. So two ops with the same operands and
    attributes hold the same numbers, and nobody needs to store them.

    ```mlir
    %u = fg.perturb %seed, %step site 7 law gaussian
      : !fg.array<[], i64> -> !fg.array<[batch = 4, channel = 8], f32>
    ```
  }];
  let arguments = (ins Fg_ArrayType:$seed, Fg_ArrayType:$step, I32Attr:$site, Fg_LawAttr:$law);
  let results = (outs Fg_ArrayType:$result);
  let assemblyFormat = [{
    $seed `,` $step `site` $site `law` $law attr-dict `:` type($seed) `->` type($result)
  }];
}

def Fg_OrthogonalRowsOp : Fg_ComputeOp<"orthogonal_rows"> {
  let summary = "Rows of an orthogonal matrix, as many as there are directions";
  let description = [{
    The first axis counts the rows taken, the others (row-major, from `offset` on) the
    columns of a Hartley matrix of `frame` rows and columns,

      value[k, i] = cas(2 pi r(k) (offset + i) / frame),   cas t = cos t + sin t,

    which has orthogonal rows of squared length `frame`. The rows r(k) are chosen so that
    for any number of them the mean of value[k, i]^2 over k is 1: row 0, the middle
    row, and pairs r, frame - r. Beyond `frame` rows they start again. With independent
    random signs for the columns, the rows are directions whose second moment is the
    identity (docs/rules.md).

    ```mlir
    %r = fg.orthogonal_rows offset 32 of 64 : !fg.array<["#direction" = 4, unit = 32], f32>
    ```
  }];
  let arguments = (ins I64Attr:$offset, I64Attr:$frame);
  let results = (outs Fg_ArrayType:$result);
  let assemblyFormat = "`offset` $offset `of` $frame attr-dict `:` type($result)";
}

def Fg_NoiseOp : Fg_Op<"noise", [Pure]> {
  let summary = "One random number, inside of a linalg body";
  let description = [{
    What `fg.perturb` lowers to: the scalar function of Noise.h. Kernels compute
    it for whole vectors.

    ```mlir
    %v = fg.noise %seed, %step, %sample, %element site 7 law gaussian : f32
    ```
  }];
  let arguments = (ins I64:$seed, I64:$step, Index:$sample, Index:$element,
                       I32Attr:$site, Fg_LawAttr:$law);
  let results = (outs AnyTypeOf<[F32, F64]>:$result);
  let assemblyFormat = [{
    $seed `,` $step `,` $sample `,` $element `site` $site `law` $law attr-dict `:` type($result)
  }];
}

def Fg_NoiseBlockOp : Fg_Op<"noise_block", [Pure]> {
  let summary = "The random numbers of a whole block, in a kernel";
  let description = [{
    What kernels of rare entries make of `fg.noise`: the numbers of the 64 elements from
    `first`, a multiple of 64, in order. Each becomes a call of a function, which those
    of one law and type share.

    ```mlir
    %v:4 = fg.noise_block %seed, %step, %sample, %first site 7 law gaussian
      : vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>
    ```
  }];
  let arguments = (ins I64:$seed, I64:$step, Index:$sample, Index:$first, I32Attr:$site,
                       Fg_LawAttr:$law);
  let results = (outs Variadic<VectorOfRankAndType<[1], [F32, F64]>>:$numbers);
  let assemblyFormat = [{
    $seed `,` $step `,` $sample `,` $first `site` $site `law` $law attr-dict `:` type($numbers)
  }];
  let hasVerifier = 1;
}

#endif // FOREGRAD_DIALECTS_FG_OPS_NOISE_TD
