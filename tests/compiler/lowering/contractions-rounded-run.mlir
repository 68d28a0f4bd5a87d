// Products that round B as they pack it: row-major and from panels, as it is and transposed, by each
// task and ahead of a loop; and products whose operands lie in memory as numbers of different widths.
// Rounding changes most numbers of B; sums are exact in any order. Against
// the same sums in a form that the pass leaves alone. main returns the number of differing elements.

// RUN: %fg-opt %s --pass-pipeline='builtin.module(func.func(fg-contractions-to-kernels{bf16=widened vector-bytes=64 vector-registers=32 l2=1048576}),fg-lower-math,fg-bf16-as-bits)' \
// RUN:   | mlir-opt --convert-linalg-to-loops --scf-forall-to-for --expand-strided-metadata --convert-scf-to-cf --convert-vector-to-llvm --expand-strided-metadata --lower-affine --convert-arith-to-llvm --finalize-memref-to-llvm --convert-func-to-llvm --convert-cf-to-llvm --reconcile-unrealized-casts \
// RUN:   | mlir-runner -e main --entry-point-result=i32 -O1 | FileCheck %s
// RUN: %fg-opt %s --pass-pipeline='builtin.module(func.func(fg-contractions-to-kernels{bf16=widened vector-bytes=32 vector-registers=16 l2=65536}),fg-lower-math,fg-bf16-as-bits)' \
// RUN:   | mlir-opt --convert-linalg-to-loops --scf-forall-to-for --expand-strided-metadata --convert-scf-to-cf --convert-vector-to-llvm --expand-strided-metadata --lower-affine --convert-arith-to-llvm --finalize-memref-to-llvm --convert-func-to-llvm --convert-cf-to-llvm --reconcile-unrealized-casts \
// RUN:   | mlir-runner -e main --entry-point-result=i32 -O1 | FileCheck %s
// RUN: %fg-opt %s --pass-pipeline='builtin.module(func.func(fg-contractions-to-kernels{bf16=pairs vector-bytes=64 vector-registers=32 l2=1048576}),fg-lower-math,fg-bf16-as-bits)' \
// RUN:   | mlir-opt --convert-linalg-to-loops --scf-forall-to-for --expand-strided-metadata --convert-scf-to-cf --convert-vector-to-llvm --expand-strided-metadata --lower-affine --convert-arith-to-llvm --finalize-memref-to-llvm --convert-func-to-llvm --convert-cf-to-llvm --reconcile-unrealized-casts \
// RUN:   | mlir-runner -e main --entry-point-result=i32 -O1 | FileCheck %s
// RUN: %fg-opt %s --pass-pipeline='builtin.module(func.func(fg-contractions-to-kernels{bf16=pairs vector-bytes=32 vector-registers=16 l2=65536}),fg-lower-math,fg-bf16-as-bits)' \
// RUN:   | mlir-opt --convert-linalg-to-loops --scf-forall-to-for --expand-strided-metadata --convert-scf-to-cf --convert-vector-to-llvm --expand-strided-metadata --lower-affine --convert-arith-to-llvm --finalize-memref-to-llvm --convert-func-to-llvm --convert-cf-to-llvm --reconcile-unrealized-casts \
// RUN:   | mlir-runner -e main --entry-point-result=i32 -O1 | FileCheck %s

// As many kernels as products that are not references, and as many panels as loops:
// RUN: %fg-opt %s --fg-contractions-to-kernels=bf16=pairs | FileCheck %s --check-prefix=KERNELS
// KERNELS-COUNT-12: fg.flops
// KERNELS-NOT: fg.flops
// RUN: %fg-opt %s --fg-contractions-to-kernels=bf16=pairs | FileCheck %s --check-prefix=PANELS
// PANELS-COUNT-5: "panels of
// PANELS-NOT: "panels of

// UNSUPPORTED: asan
// CHECK: {{^0$}}

#xk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#nk = affine_map<(m, n, k) -> (n, k)>
#mn = affine_map<(m, n, k) -> (m, n)>

#forward = {indexing_maps = [#xk, #kn, #mn], iterator_types = ["parallel", "parallel", "reduction"]}
#backward = {indexing_maps = [#xk, #nk, #mn], iterator_types = ["parallel", "parallel", "reduction"]}

// B as it lies.
func.func @rows(%x: memref<24x160xbf16>, %w: memref<160x96xf32>, %y: memref<24x96xf32>) {
  linalg.generic #forward
      ins(%x, %w : memref<24x160xbf16>, memref<160x96xf32>) outs(%y : memref<24x96xf32>) {
  ^bb0(%a: bf16, %b: f32, %o: f32):
    %r = arith.truncf %b : f32 to bf16
    %aw = arith.extf %a : bf16 to f32
    %bw = arith.extf %r : bf16 to f32
    %p = arith.mulf %aw, %bw : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

// From panels.
func.func @rows_of_panels(%x: memref<24x160xbf16>, %w: memref<160x96xf32> {fg.panels = {depth = 160 : i64, widths = array<i64: 64, 32>}}, %y: memref<24x96xf32>) {
  linalg.generic #forward
      ins(%x, %w : memref<24x160xbf16>, memref<160x96xf32>) outs(%y : memref<24x96xf32>) {
  ^bb0(%a: bf16, %b: f32, %o: f32):
    %r = arith.truncf %b : f32 to bf16
    %aw = arith.extf %a : bf16 to f32
    %bw = arith.extf %r : bf16 to f32
    %p = arith.mulf %aw, %bw : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

// Transposed.
func.func @transposed(%x: memref<24x96xbf16>, %w: memref<160x96xf32>, %y: memref<24x160xf32>) {
  linalg.generic #backward
      ins(%x, %w : memref<24x96xbf16>, memref<160x96xf32>) outs(%y : memref<24x160xf32>) {
  ^bb0(%a: bf16, %b: f32, %o: f32):
    %r = arith.truncf %b : f32 to bf16
    %aw = arith.extf %a : bf16 to f32
    %bw = arith.extf %r : bf16 to f32
    %p = arith.mulf %aw, %bw : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

// Ahead of a loop.
func.func @rows_ahead(%x: memref<24x160xbf16>, %w: memref<160x96xf32>, %y: memref<24x96xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  scf.for %i = %c0 to %c2 step %c1 {
    linalg.generic #forward
        ins(%x, %w : memref<24x160xbf16>, memref<160x96xf32>) outs(%y : memref<24x96xf32>) {
    ^bb0(%a: bf16, %b: f32, %o: f32):
      %r = arith.truncf %b : f32 to bf16
      %aw = arith.extf %a : bf16 to f32
      %bw = arith.extf %r : bf16 to f32
      %p = arith.mulf %aw, %bw : f32
      %s = arith.addf %o, %p : f32
      linalg.yield %s : f32
    }
  }
  return
}

// From panels, ahead of a loop.
func.func @panels_ahead(%x: memref<24x160xbf16>, %w: memref<160x96xf32> {fg.panels = {depth = 160 : i64, widths = array<i64: 64, 32>}}, %y: memref<24x96xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  scf.for %i = %c0 to %c2 step %c1 {
    linalg.generic #forward
        ins(%x, %w : memref<24x160xbf16>, memref<160x96xf32>) outs(%y : memref<24x96xf32>) {
    ^bb0(%a: bf16, %b: f32, %o: f32):
      %r = arith.truncf %b : f32 to bf16
      %aw = arith.extf %a : bf16 to f32
      %bw = arith.extf %r : bf16 to f32
      %p = arith.mulf %aw, %bw : f32
      %s = arith.addf %o, %p : f32
      linalg.yield %s : f32
    }
  }
  return
}

// Transposed, ahead of a loop.
func.func @transposed_ahead(%x: memref<24x96xbf16>, %w: memref<160x96xf32>, %y: memref<24x160xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  scf.for %i = %c0 to %c2 step %c1 {
    linalg.generic #backward
        ins(%x, %w : memref<24x96xbf16>, memref<160x96xf32>) outs(%y : memref<24x160xf32>) {
    ^bb0(%a: bf16, %b: f32, %o: f32):
      %r = arith.truncf %b : f32 to bf16
      %aw = arith.extf %a : bf16 to f32
      %bw = arith.extf %r : bf16 to f32
      %p = arith.mulf %aw, %bw : f32
      %s = arith.addf %o, %p : f32
      linalg.yield %s : f32
    }
  }
  return
}

// Transposed, from panels, ahead of a loop.
func.func @transposed_panels_ahead(%x: memref<24x96xbf16>, %w: memref<160x96xf32> {fg.panels = {depth = 160 : i64, widths = array<i64: 64, 32>}}, %y: memref<24x160xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  scf.for %i = %c0 to %c2 step %c1 {
    linalg.generic #backward
        ins(%x, %w : memref<24x96xbf16>, memref<160x96xf32>) outs(%y : memref<24x160xf32>) {
    ^bb0(%a: bf16, %b: f32, %o: f32):
      %r = arith.truncf %b : f32 to bf16
      %aw = arith.extf %a : bf16 to f32
      %bw = arith.extf %r : bf16 to f32
      %p = arith.mulf %aw, %bw : f32
      %s = arith.addf %o, %p : f32
      linalg.yield %s : f32
    }
  }
  return
}

// A is f32.
func.func @wide(%x: memref<24x160xf32>, %w: memref<160x96xf32>, %y: memref<24x96xf32>) {
  linalg.generic #forward
      ins(%x, %w : memref<24x160xf32>, memref<160x96xf32>) outs(%y : memref<24x96xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %r = arith.truncf %b : f32 to bf16
    %bw = arith.extf %r : bf16 to f32
    %p = arith.mulf %a, %bw : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

// A is f32, B in panels.
func.func @wide_panels(%x: memref<24x160xf32>, %w: memref<160x96xf32> {fg.panels = {depth = 160 : i64, widths = array<i64: 64, 32>}}, %y: memref<24x96xf32>) {
  linalg.generic #forward
      ins(%x, %w : memref<24x160xf32>, memref<160x96xf32>) outs(%y : memref<24x96xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %r = arith.truncf %b : f32 to bf16
    %bw = arith.extf %r : bf16 to f32
    %p = arith.mulf %a, %bw : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

// A is f32, B in panels, ahead of a loop.
func.func @wide_panels_ahead(%x: memref<24x160xf32>, %w: memref<160x96xf32> {fg.panels = {depth = 160 : i64, widths = array<i64: 64, 32>}}, %y: memref<24x96xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  scf.for %i = %c0 to %c2 step %c1 {
    linalg.generic #forward
        ins(%x, %w : memref<24x160xf32>, memref<160x96xf32>) outs(%y : memref<24x96xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %r = arith.truncf %b : f32 to bf16
      %bw = arith.extf %r : bf16 to f32
      %p = arith.mulf %a, %bw : f32
      %s = arith.addf %o, %p : f32
      linalg.yield %s : f32
    }
  }
  return
}

// A is f32, B bf16.
func.func @wide_narrow(%x: memref<24x160xf32>, %w: memref<160x96xbf16>, %y: memref<24x96xf32>) {
  linalg.generic #forward
      ins(%x, %w : memref<24x160xf32>, memref<160x96xbf16>) outs(%y : memref<24x96xf32>) {
  ^bb0(%a: f32, %b: bf16, %o: f32):
    %bw = arith.extf %b : bf16 to f32
    %p = arith.mulf %a, %bw : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

// A is bf16, B f32.
func.func @narrow_wide(%x: memref<24x160xbf16>, %w: memref<160x96xf32>, %y: memref<24x96xf32>) {
  linalg.generic #forward
      ins(%x, %w : memref<24x160xbf16>, memref<160x96xf32>) outs(%y : memref<24x96xf32>) {
  ^bb0(%a: bf16, %b: f32, %o: f32):
    %aw = arith.extf %a : bf16 to f32
    %p = arith.mulf %aw, %b : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

// The pass leaves a difference alone.
func.func @reference_forward(%x: memref<24x160xbf16>, %w: memref<160x96xf32>, %y: memref<24x96xf32>) {
  linalg.generic #forward
      ins(%x, %w : memref<24x160xbf16>, memref<160x96xf32>) outs(%y : memref<24x96xf32>) {
  ^bb0(%a: bf16, %b: f32, %o: f32):
    %r = arith.truncf %b : f32 to bf16
    %aw = arith.extf %a : bf16 to f32
    %bw = arith.extf %r : bf16 to f32
    %g = arith.negf %aw : f32
    %p = arith.mulf %g, %bw : f32
    %s = arith.subf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

func.func @reference_backward(%x: memref<24x96xbf16>, %w: memref<160x96xf32>, %y: memref<24x160xf32>) {
  linalg.generic #backward
      ins(%x, %w : memref<24x96xbf16>, memref<160x96xf32>) outs(%y : memref<24x160xf32>) {
  ^bb0(%a: bf16, %b: f32, %o: f32):
    %r = arith.truncf %b : f32 to bf16
    %aw = arith.extf %a : bf16 to f32
    %bw = arith.extf %r : bf16 to f32
    %g = arith.negf %aw : f32
    %p = arith.mulf %g, %bw : f32
    %s = arith.subf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

func.func @reference_unrounded(%x: memref<24x160xbf16>, %w: memref<160x96xf32>, %y: memref<24x96xf32>) {
  linalg.generic #forward
      ins(%x, %w : memref<24x160xbf16>, memref<160x96xf32>) outs(%y : memref<24x96xf32>) {
  ^bb0(%a: bf16, %b: f32, %o: f32):
    %aw = arith.extf %a : bf16 to f32
    %g = arith.negf %aw : f32
    %p = arith.mulf %g, %b : f32
    %s = arith.subf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

func.func @differing_24x96(%p: memref<24x96xf32>, %r: memref<24x96xf32>) -> i32 {
  %count = memref.alloc() : memref<i32>
  %none = arith.constant 0 : i32
  memref.store %none, %count[] : memref<i32>
  linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> ()>],
                  iterator_types = ["reduction", "reduction"]}
      ins(%p, %r : memref<24x96xf32>, memref<24x96xf32>) outs(%count : memref<i32>) {
  ^bb0(%a: f32, %b: f32, %c: i32):
    %differs = arith.cmpf une, %a, %b : f32
    %one = arith.extui %differs : i1 to i32
    %sum = arith.addi %c, %one : i32
    linalg.yield %sum : i32
  }
  %result = memref.load %count[] : memref<i32>
  return %result : i32
}

func.func @differing_24x160(%p: memref<24x160xf32>, %r: memref<24x160xf32>) -> i32 {
  %count = memref.alloc() : memref<i32>
  %none = arith.constant 0 : i32
  memref.store %none, %count[] : memref<i32>
  linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> ()>],
                  iterator_types = ["reduction", "reduction"]}
      ins(%p, %r : memref<24x160xf32>, memref<24x160xf32>) outs(%count : memref<i32>) {
  ^bb0(%a: f32, %b: f32, %c: i32):
    %differs = arith.cmpf une, %a, %b : f32
    %one = arith.extui %differs : i1 to i32
    %sum = arith.addi %c, %one : i32
    linalg.yield %sum : i32
  }
  %result = memref.load %count[] : memref<i32>
  return %result : i32
}

func.func @widen(%x: memref<24x160xbf16>, %r: memref<24x160xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<24x160xbf16>) outs(%r : memref<24x160xf32>) {
  ^bb0(%n: bf16, %old: f32):
    %c = arith.extf %n : bf16 to f32
    linalg.yield %c : f32
  }
  return
}

func.func @round(%x: memref<160x96xf32>, %r: memref<160x96xbf16>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<160x96xf32>) outs(%r : memref<160x96xbf16>) {
  ^bb0(%n: f32, %old: bf16):
    %c = arith.truncf %n : f32 to bf16
    linalg.yield %c : bf16
  }
  return
}

// Small integers.
func.func @numbers_24x160(%x: memref<24x160xbf16>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} outs(%x : memref<24x160xbf16>) {
  ^bb0(%old: bf16):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %c5 = arith.constant 5 : index
    %c8 = arith.constant 8 : index
    %h = arith.muli %i, %c5 : index
    %s = arith.addi %h, %j : index
    %r = arith.remui %s, %c8 : index
    %n = arith.index_cast %r : index to i32
    %f = arith.sitofp %n : i32 to f32
    %v = arith.truncf %f : f32 to bf16
    linalg.yield %v : bf16
  }
  return
}

func.func @numbers_24x96(%x: memref<24x96xbf16>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} outs(%x : memref<24x96xbf16>) {
  ^bb0(%old: bf16):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %c5 = arith.constant 5 : index
    %c8 = arith.constant 8 : index
    %h = arith.muli %i, %c5 : index
    %s = arith.addi %h, %j : index
    %r = arith.remui %s, %c8 : index
    %n = arith.index_cast %r : index to i32
    %f = arith.sitofp %n : i32 to f32
    %v = arith.truncf %f : f32 to bf16
    linalg.yield %v : bf16
  }
  return
}

// Multiples of 257, of which bf16 has few, row-major and in panels of 64 and 32 columns.
func.func @weights(%w: memref<160x96xf32>, %panels: memref<160x96xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c11 = arith.constant 11 : index
  %c32 = arith.constant 32 : index
  %c64 = arith.constant 64 : index
  %rows = arith.constant 160 : index
  %columns = arith.constant 96 : index
  %unit = arith.constant 257.0 : f32
  %flat = memref.collapse_shape %panels [[0, 1]] : memref<160x96xf32> into memref<15360xf32>
  scf.for %k = %c0 to %rows step %c1 {
    scf.for %n = %c0 to %columns step %c1 {
      %h = arith.muli %k, %c3 : index
      %s = arith.addi %h, %n : index
      %r = arith.remui %s, %c11 : index
      %i = arith.index_cast %r : index to i32
      %f = arith.sitofp %i : i32 to f32
      %v = arith.mulf %f, %unit : f32
      memref.store %v, %w[%k, %n] : memref<160x96xf32>
      %isFirst = arith.cmpi ult, %n, %c64 : index
      %width = arith.select %isFirst, %c64, %c32 : index
      %start = arith.select %isFirst, %c0, %c64 : index
      %panel = arith.muli %start, %rows : index
      %row = arith.muli %k, %width : index
      %column = arith.subi %n, %start : index
      %inPanel = arith.addi %row, %column : index
      %place = arith.addi %panel, %inPanel : index
      memref.store %v, %flat[%place] : memref<15360xf32>
    }
  }
  return
}

func.func @main() -> i32 {
  %zero = arith.constant 0.0 : f32
  %w = memref.alloc() : memref<160x96xf32>
  %panels = memref.alloc() : memref<160x96xf32>
  call @weights(%w, %panels) : (memref<160x96xf32>, memref<160x96xf32>) -> ()
  %x = memref.alloc() : memref<24x160xbf16>
  call @numbers_24x160(%x) : (memref<24x160xbf16>) -> ()
  %dy = memref.alloc() : memref<24x96xbf16>
  call @numbers_24x96(%dy) : (memref<24x96xbf16>) -> ()
  %wide = memref.alloc() : memref<24x160xf32>
  call @widen(%x, %wide) : (memref<24x160xbf16>, memref<24x160xf32>) -> ()
  %narrow = memref.alloc() : memref<160x96xbf16>
  call @round(%w, %narrow) : (memref<160x96xf32>, memref<160x96xbf16>) -> ()
  %none = arith.constant 0 : i32

  %y0 = memref.alloc() : memref<24x96xf32>
  %r0 = memref.alloc() : memref<24x96xf32>
  linalg.fill ins(%zero : f32) outs(%y0 : memref<24x96xf32>)
  linalg.fill ins(%zero : f32) outs(%r0 : memref<24x96xf32>)
  call @rows(%x, %w, %y0) : (memref<24x160xbf16>, memref<160x96xf32>, memref<24x96xf32>) -> ()
  call @reference_forward(%x, %w, %r0) : (memref<24x160xbf16>, memref<160x96xf32>, memref<24x96xf32>) -> ()
  %d0 = call @differing_24x96(%y0, %r0) : (memref<24x96xf32>, memref<24x96xf32>) -> i32
  %t0 = arith.addi %none, %d0 : i32

  %y1 = memref.alloc() : memref<24x96xf32>
  %r1 = memref.alloc() : memref<24x96xf32>
  linalg.fill ins(%zero : f32) outs(%y1 : memref<24x96xf32>)
  linalg.fill ins(%zero : f32) outs(%r1 : memref<24x96xf32>)
  call @rows_of_panels(%x, %panels, %y1) : (memref<24x160xbf16>, memref<160x96xf32>, memref<24x96xf32>) -> ()
  call @reference_forward(%x, %w, %r1) : (memref<24x160xbf16>, memref<160x96xf32>, memref<24x96xf32>) -> ()
  %d1 = call @differing_24x96(%y1, %r1) : (memref<24x96xf32>, memref<24x96xf32>) -> i32
  %t1 = arith.addi %t0, %d1 : i32

  %y2 = memref.alloc() : memref<24x160xf32>
  %r2 = memref.alloc() : memref<24x160xf32>
  linalg.fill ins(%zero : f32) outs(%y2 : memref<24x160xf32>)
  linalg.fill ins(%zero : f32) outs(%r2 : memref<24x160xf32>)
  call @transposed(%dy, %w, %y2) : (memref<24x96xbf16>, memref<160x96xf32>, memref<24x160xf32>) -> ()
  call @reference_backward(%dy, %w, %r2) : (memref<24x96xbf16>, memref<160x96xf32>, memref<24x160xf32>) -> ()
  %d2 = call @differing_24x160(%y2, %r2) : (memref<24x160xf32>, memref<24x160xf32>) -> i32
  %t2 = arith.addi %t1, %d2 : i32

  %y3 = memref.alloc() : memref<24x96xf32>
  %r3 = memref.alloc() : memref<24x96xf32>
  linalg.fill ins(%zero : f32) outs(%y3 : memref<24x96xf32>)
  linalg.fill ins(%zero : f32) outs(%r3 : memref<24x96xf32>)
  call @rows_ahead(%x, %w, %y3) : (memref<24x160xbf16>, memref<160x96xf32>, memref<24x96xf32>) -> ()
  call @reference_forward(%x, %w, %r3) : (memref<24x160xbf16>, memref<160x96xf32>, memref<24x96xf32>) -> ()
  call @reference_forward(%x, %w, %r3) : (memref<24x160xbf16>, memref<160x96xf32>, memref<24x96xf32>) -> ()
  %d3 = call @differing_24x96(%y3, %r3) : (memref<24x96xf32>, memref<24x96xf32>) -> i32
  %t3 = arith.addi %t2, %d3 : i32

  %y4 = memref.alloc() : memref<24x96xf32>
  %r4 = memref.alloc() : memref<24x96xf32>
  linalg.fill ins(%zero : f32) outs(%y4 : memref<24x96xf32>)
  linalg.fill ins(%zero : f32) outs(%r4 : memref<24x96xf32>)
  call @panels_ahead(%x, %panels, %y4) : (memref<24x160xbf16>, memref<160x96xf32>, memref<24x96xf32>) -> ()
  call @reference_forward(%x, %w, %r4) : (memref<24x160xbf16>, memref<160x96xf32>, memref<24x96xf32>) -> ()
  call @reference_forward(%x, %w, %r4) : (memref<24x160xbf16>, memref<160x96xf32>, memref<24x96xf32>) -> ()
  %d4 = call @differing_24x96(%y4, %r4) : (memref<24x96xf32>, memref<24x96xf32>) -> i32
  %t4 = arith.addi %t3, %d4 : i32

  %y5 = memref.alloc() : memref<24x160xf32>
  %r5 = memref.alloc() : memref<24x160xf32>
  linalg.fill ins(%zero : f32) outs(%y5 : memref<24x160xf32>)
  linalg.fill ins(%zero : f32) outs(%r5 : memref<24x160xf32>)
  call @transposed_ahead(%dy, %w, %y5) : (memref<24x96xbf16>, memref<160x96xf32>, memref<24x160xf32>) -> ()
  call @reference_backward(%dy, %w, %r5) : (memref<24x96xbf16>, memref<160x96xf32>, memref<24x160xf32>) -> ()
  call @reference_backward(%dy, %w, %r5) : (memref<24x96xbf16>, memref<160x96xf32>, memref<24x160xf32>) -> ()
  %d5 = call @differing_24x160(%y5, %r5) : (memref<24x160xf32>, memref<24x160xf32>) -> i32
  %t5 = arith.addi %t4, %d5 : i32

  %y6 = memref.alloc() : memref<24x160xf32>
  %r6 = memref.alloc() : memref<24x160xf32>
  linalg.fill ins(%zero : f32) outs(%y6 : memref<24x160xf32>)
  linalg.fill ins(%zero : f32) outs(%r6 : memref<24x160xf32>)
  call @transposed_panels_ahead(%dy, %panels, %y6) : (memref<24x96xbf16>, memref<160x96xf32>, memref<24x160xf32>) -> ()
  call @reference_backward(%dy, %w, %r6) : (memref<24x96xbf16>, memref<160x96xf32>, memref<24x160xf32>) -> ()
  call @reference_backward(%dy, %w, %r6) : (memref<24x96xbf16>, memref<160x96xf32>, memref<24x160xf32>) -> ()
  %d6 = call @differing_24x160(%y6, %r6) : (memref<24x160xf32>, memref<24x160xf32>) -> i32
  %t6 = arith.addi %t5, %d6 : i32

  %y7 = memref.alloc() : memref<24x96xf32>
  %r7 = memref.alloc() : memref<24x96xf32>
  linalg.fill ins(%zero : f32) outs(%y7 : memref<24x96xf32>)
  linalg.fill ins(%zero : f32) outs(%r7 : memref<24x96xf32>)
  call @wide(%wide, %w, %y7) : (memref<24x160xf32>, memref<160x96xf32>, memref<24x96xf32>) -> ()
  call @reference_forward(%x, %w, %r7) : (memref<24x160xbf16>, memref<160x96xf32>, memref<24x96xf32>) -> ()
  %d7 = call @differing_24x96(%y7, %r7) : (memref<24x96xf32>, memref<24x96xf32>) -> i32
  %t7 = arith.addi %t6, %d7 : i32

  %y8 = memref.alloc() : memref<24x96xf32>
  %r8 = memref.alloc() : memref<24x96xf32>
  linalg.fill ins(%zero : f32) outs(%y8 : memref<24x96xf32>)
  linalg.fill ins(%zero : f32) outs(%r8 : memref<24x96xf32>)
  call @wide_panels(%wide, %panels, %y8) : (memref<24x160xf32>, memref<160x96xf32>, memref<24x96xf32>) -> ()
  call @reference_forward(%x, %w, %r8) : (memref<24x160xbf16>, memref<160x96xf32>, memref<24x96xf32>) -> ()
  %d8 = call @differing_24x96(%y8, %r8) : (memref<24x96xf32>, memref<24x96xf32>) -> i32
  %t8 = arith.addi %t7, %d8 : i32

  %y9 = memref.alloc() : memref<24x96xf32>
  %r9 = memref.alloc() : memref<24x96xf32>
  linalg.fill ins(%zero : f32) outs(%y9 : memref<24x96xf32>)
  linalg.fill ins(%zero : f32) outs(%r9 : memref<24x96xf32>)
  call @wide_panels_ahead(%wide, %panels, %y9) : (memref<24x160xf32>, memref<160x96xf32>, memref<24x96xf32>) -> ()
  call @reference_forward(%x, %w, %r9) : (memref<24x160xbf16>, memref<160x96xf32>, memref<24x96xf32>) -> ()
  call @reference_forward(%x, %w, %r9) : (memref<24x160xbf16>, memref<160x96xf32>, memref<24x96xf32>) -> ()
  %d9 = call @differing_24x96(%y9, %r9) : (memref<24x96xf32>, memref<24x96xf32>) -> i32
  %t9 = arith.addi %t8, %d9 : i32

  %y10 = memref.alloc() : memref<24x96xf32>
  %r10 = memref.alloc() : memref<24x96xf32>
  linalg.fill ins(%zero : f32) outs(%y10 : memref<24x96xf32>)
  linalg.fill ins(%zero : f32) outs(%r10 : memref<24x96xf32>)
  call @wide_narrow(%wide, %narrow, %y10) : (memref<24x160xf32>, memref<160x96xbf16>, memref<24x96xf32>) -> ()
  call @reference_forward(%x, %w, %r10) : (memref<24x160xbf16>, memref<160x96xf32>, memref<24x96xf32>) -> ()
  %d10 = call @differing_24x96(%y10, %r10) : (memref<24x96xf32>, memref<24x96xf32>) -> i32
  %t10 = arith.addi %t9, %d10 : i32

  %y11 = memref.alloc() : memref<24x96xf32>
  %r11 = memref.alloc() : memref<24x96xf32>
  linalg.fill ins(%zero : f32) outs(%y11 : memref<24x96xf32>)
  linalg.fill ins(%zero : f32) outs(%r11 : memref<24x96xf32>)
  call @narrow_wide(%x, %w, %y11) : (memref<24x160xbf16>, memref<160x96xf32>, memref<24x96xf32>) -> ()
  call @reference_unrounded(%x, %w, %r11) : (memref<24x160xbf16>, memref<160x96xf32>, memref<24x96xf32>) -> ()
  %d11 = call @differing_24x96(%y11, %r11) : (memref<24x96xf32>, memref<24x96xf32>) -> i32
  %t11 = arith.addi %t10, %d11 : i32
  return %t11 : i32
}
