//===- Memory.td - Ops on buffers -*- tablegen -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_DIALECTS_FG_OPS_MEMORY_TD
#define FOREGRAD_DIALECTS_FG_OPS_MEMORY_TD

include "dialects/fg/FgOpBase.td"

def Fg_ShiftOp : Fg_Op<"shift", [Pure, AllTypesMatch<["buffer", "result"]>]> {
  let summary = "A buffer from some element on";
  let description = [{
    The same buffer, seen from element `by` (row-major) on: element i of the result is
    element `by + i` of `buffer`. The type stays, so that all that is known of a buffer's
    layout when compiling holds for what begins within it; who makes the op sees to it that
    nobody goes beyond the end of the buffer.

    ```mlir
    %tile = fg.shift %x by %first : memref<128x512xf32>
    ```
  }];
  let arguments = (ins AnyStaticShapeMemRef:$buffer, Index:$by);
  let results = (outs AnyStaticShapeMemRef:$result);
  let assemblyFormat = "$buffer `by` $by attr-dict `:` type($buffer)";
}

def Fg_FetchOp : Fg_Op<"fetch"> {
  let summary = "Samples that come when they are asked for";
  let description = [{
    Brings the samples from number `first` on of a batch that lies outside of the program to
    `to`, as many as fit: element [i, ...] of `to` becomes element [first + i, ...] of `batch`.
    Samples are counted by the first dimension. `batch` is an argument of the function that has
    no memory (an input of bytes); nothing else uses it.

    ```mlir
    fg.fetch %image from %first to %tile : memref<128x3072xi8>, memref<4x3072xi8>
    ```
  }];
  let arguments = (ins Arg<AnyStaticShapeMemRef, "", [MemRead]>:$batch, Index:$first,
                       Arg<AnyStaticShapeMemRef, "", [MemWrite]>:$to);
  let assemblyFormat = [{
    $batch `from` $first `to` $to attr-dict `:` type($batch) `,` type($to)
  }];
  let hasVerifier = 1;
}

#endif // FOREGRAD_DIALECTS_FG_OPS_MEMORY_TD
