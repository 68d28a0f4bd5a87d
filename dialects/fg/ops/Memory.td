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

#endif // FOREGRAD_DIALECTS_FG_OPS_MEMORY_TD
