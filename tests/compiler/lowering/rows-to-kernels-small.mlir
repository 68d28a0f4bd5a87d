// RUN: %fg-opt --pass-pipeline='builtin.module(func.func(fg-rows-to-kernels{vector-bytes=32 vector-registers=16 l1=32768 l2=524288 cores=2},cse))' --split-input-file %s | FileCheck %s

// Samples of a tile: the maximum of each, and how far its numbers are below. Four rows side by side
// would be a little faster; but then the kernels around, which cut the samples into two, would wait.

// CHECK-LABEL: func.func @samples
// CHECK:       scf.forall (%{{.*}}) in (2) {
// CHECK:       } {{{.*}}fg.small, fg.what = "rows 4 x 10, 2 ops"}
// CHECK-NOT:   scf.forall
func.func @samples(%x: memref<4x10xf32>, %y: memref<4x10xf32>) {
  %lowest = arith.constant 0xFF800000 : f32
  %max = memref.alloc() : memref<4xf32>
  linalg.fill ins(%lowest : f32) outs(%max : memref<4xf32>)
  linalg.generic {
    indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>],
    iterator_types = ["parallel", "reduction"]
  } ins(%x : memref<4x10xf32>) outs(%max : memref<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %m = arith.maximumf %out, %in : f32
    linalg.yield %m : f32
  }
  linalg.generic {
    indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>,
                     affine_map<(d0, d1) -> (d0, d1)>],
    iterator_types = ["parallel", "parallel"]
  } ins(%x, %max : memref<4x10xf32>, memref<4xf32>) outs(%y : memref<4x10xf32>) {
  ^bb0(%in: f32, %m: f32, %out: f32):
    %below = arith.subf %in, %m : f32
    linalg.yield %below : f32
  }
  return
}

// -----

// One number for all samples: there is one task, whatever waits.

// CHECK-LABEL: func.func @sum
// CHECK:       scf.forall (%{{.*}}) in (1) {
func.func @sum(%x: memref<4x10xf32>, %y: memref<f32>) {
  %zero = arith.constant 0.000000e+00 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<f32>)
  linalg.generic {
    indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> ()>],
    iterator_types = ["reduction", "reduction"]
  } ins(%x : memref<4x10xf32>) outs(%y : memref<f32>) {
  ^bb0(%in: f32, %out: f32):
    %s = arith.addf %out, %in : f32
    linalg.yield %s : f32
  }
  return
}
