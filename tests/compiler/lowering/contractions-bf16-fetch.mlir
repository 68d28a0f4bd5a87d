// RUN: %fg-opt %s --pass-pipeline='builtin.module(func.func(fg-contractions-to-kernels{bf16=pairs vector-bytes=64 vector-registers=32 l2=524288 cores=2}),canonicalize,cse)' | FileCheck %s

// Panels that are rounded when they are packed hold a number where the product's steps take two: a task's 16 tiles of
// rows ask for an equal share of a panel's 16384 numbers each, and so for 16 numbers in four steps of 256.

// CHECK-LABEL: func.func @rounded_panels
// CHECK: %[[B:.+]] = memref.reinterpret_cast %arg1
// CHECK: scf.forall ({{.*}}) in (4)
// CHECK: scf.for {{.*}} to %c16 step
// CHECK: arith.muli %{{.+}}, %c1024
// CHECK: arith.minui %{{.+}}, %c261120
// CHECK: scf.for %[[K:.+]] = %c0 to %c256 step %c4
// CHECK: %[[ITERATION:.+]] = arith.divui %[[K]], %c4
// CHECK: arith.muli %[[ITERATION]], %c16
// CHECK: memref.prefetch %[[B]][%{{.+}}], read, locality<2>, data
func.func @rounded_panels(%x: memref<768x512xbf16>, %w: memref<512x512xf32> {fg.panels = {depth = 512 : i64, widths = array<i64: 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32>}},
                          %y: memref<768x512xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<768x512xf32>)
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<768x512xbf16>, memref<512x512xf32>) outs(%y : memref<768x512xf32>) {
  ^bb0(%a: bf16, %b: f32, %o: f32):
    %r = arith.truncf %b : f32 to bf16
    %c = arith.extf %a : bf16 to f32
    %d = arith.extf %r : bf16 to f32
    %p = arith.mulf %c, %d : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}
