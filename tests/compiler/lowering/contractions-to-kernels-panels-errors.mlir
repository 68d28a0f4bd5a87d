// RUN: not %fg-opt %s --pass-pipeline='builtin.module(func.func(fg-contractions-to-kernels{vector-bytes=64}))' --split-input-file 2>&1 | FileCheck %s

// CHECK: error: a panel of 24 columns is not made of vectors of 16
func.func @f(%x: memref<96x64xf32>, %w: memref<64x72xf32> {fg.panels = {depth = 64 : i64, widths = array<i64: 24, 24, 24>}}, %y: memref<96x72xf32>) {
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<96x64xf32>, memref<64x72xf32>) outs(%y : memref<96x72xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// Transposed, and no loop before which panels of that could be made.

// CHECK: error: cannot read the panels that its second input lies in
func.func @g(%x: memref<96x64xf32>, %w: memref<64x64xf32> {fg.panels = {depth = 64 : i64, widths = array<i64: 32, 32>}}, %y: memref<96x64xf32>) {
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<96x64xf32>, memref<64x64xf32>) outs(%y : memref<96x64xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}
