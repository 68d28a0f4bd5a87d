// RUN: %fg-opt %s "--pass-pipeline=builtin.module(func.func(fg-sum-in-lanes))" --split-input-file | FileCheck %s

#a = affine_map<(n, t, i, o) -> (n, t, i)>
#b = affine_map<(n, t, i, o) -> (n, t, o)>
#c = affine_map<(n, t, i, o) -> (i, o)>

// The gradient of a weight: each half of a tile's samples has a sum of its own. The gradient itself
// starts as the sum of the lanes, and needs no fill.

// CHECK-LABEL: func.func @gradient
// CHECK-SAME:    %[[G:[a-z0-9]+]]: memref<512xf32>
// CHECK-NOT:  linalg.fill
// CHECK:      %[[LANES:.*]] = memref.alloc() {alignment = 64 : i64} : memref<2x512xf32>
// CHECK:      linalg.fill {{.*}} outs(%[[LANES]]
// CHECK:      scf.for
// CHECK:        %[[VIEW:.*]] = memref.expand_shape %[[LANES]] {{\[\[}}0], [1, 2]] {{.*}} into memref<2x16x32xf32>
// CHECK:        linalg.generic {indexing_maps = [#[[A:.*]], #[[B:.*]], #[[C:.*]]], iterator_types = ["parallel", "reduction", "reduction", "parallel", "parallel"]}
// CHECK-SAME:     ins(%{{.*}}, %{{.*}} : memref<2x2x64x16xf32>, memref<2x2x64x32xf32>) outs(%[[VIEW]] : memref<2x16x32xf32>)
// CHECK-NOT:  linalg.fill
// CHECK:      linalg.generic {indexing_maps = [#[[FIRST:.*]], #[[SECOND:.*]], #[[ALL:.*]]], iterator_types = ["parallel"]}
// CHECK-SAME:   ins(%[[LANES]], %[[LANES]] : memref<2x512xf32>, memref<2x512xf32>) outs(%[[G]] : memref<512xf32>)
// CHECK-NEXT: ^bb0(%[[LANE0:.*]]: f32, %[[LANE1:.*]]: f32, %{{.*}}: f32):
// CHECK-NEXT:   %[[SUM:.*]] = arith.addf %[[LANE0]], %[[LANE1]]
// CHECK-NEXT:   linalg.yield %[[SUM]]
func.func @gradient(%g: memref<512xf32>) {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %c32 = arith.constant 32 : index
  %view = memref.expand_shape %g [[0, 1]] output_shape [16, 32] : memref<512xf32> into memref<16x32xf32>
  linalg.fill ins(%zero : f32) outs(%g : memref<512xf32>)
  scf.for %first = %c0 to %c32 step %c4 {
    %x = memref.alloc() : memref<4x64x16xf32>
    %y = memref.alloc() : memref<4x64x32xf32>
    linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["reduction", "reduction", "parallel", "parallel"]}
        ins(%x, %y : memref<4x64x16xf32>, memref<4x64x32xf32>) outs(%view : memref<16x32xf32>) {
    ^bb0(%p: f32, %q: f32, %out: f32):
      %m = arith.mulf %p, %q : f32
      %s = arith.addf %out, %m : f32
      linalg.yield %s : f32
    }
  }
  return
}

// -----

// The lanes are added up where the sum is first read, on top of what the buffer held before: a number
// that it was filled with is written no sooner.

#all = affine_map<(n, i) -> (n, i)>
#column = affine_map<(n, i) -> (i)>

// CHECK-DAG: #[[LANE0:.*]] = affine_map<(d0) -> (0, d0)>
// CHECK-DAG: #[[LANE1:.*]] = affine_map<(d0) -> (1, d0)>
// CHECK-DAG: #[[SAME:.*]] = affine_map<(d0) -> (d0)>

// CHECK-LABEL: func.func @added_up_where_read
// CHECK-SAME:    %[[G:[a-z0-9]+]]: memref<64xf32>, %[[H:[a-z0-9]+]]: memref<64xf32>, %[[U:[a-z0-9]+]]: memref<8x8xf32>, %[[V:[a-z0-9]+]]: memref<64xf32>
// CHECK-NOT:  outs(%[[G]]
// CHECK:      scf.for
// CHECK:      memref.copy %[[V]], %[[V]]
// CHECK:      %[[ONE:.*]] = arith.constant 1.0
// CHECK:      linalg.generic {indexing_maps = [#[[LANE0]], #[[LANE1]], #[[SAME]]]{{.*}} outs(%[[H]] : memref<64xf32>)
// CHECK-NEXT: ^bb0(%[[A:.*]]: f32, %[[B:.*]]: f32, %[[OUT:.*]]: f32):
// CHECK-NEXT:   %[[PART:.*]] = arith.addf %[[OUT]], %[[A]]
// CHECK-NEXT:   %[[SUM:.*]] = arith.addf %[[PART]], %[[B]]
// CHECK-NEXT:   linalg.yield %[[SUM]]
// CHECK:      memref.copy %[[H]], %[[V]]
// CHECK:      linalg.fill ins(%{{.*}}) outs(%[[G]]
// CHECK-NEXT: linalg.generic {indexing_maps = [#[[LANE0]], #[[LANE1]], #[[SAME]]]{{.*}} outs(%[[G]] : memref<64xf32>)
// CHECK-NEXT: ^bb0(%[[A:.*]]: f32, %[[B:.*]]: f32, %[[OUT:.*]]: f32):
// CHECK-NEXT:   %[[PART:.*]] = arith.addf %[[OUT]], %[[A]]
// CHECK-NEXT:   %[[SUM:.*]] = arith.addf %[[PART]], %[[B]]
// CHECK:      memref.copy %{{.*}}, %[[U]]
// CHECK:      memref.copy %[[G]], %[[V]]
func.func @added_up_where_read(%g: memref<64xf32>, %h: memref<64xf32>, %u: memref<8x8xf32>, %v: memref<64xf32>) {
  %two = arith.constant 2.0 : f32
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %c32 = arith.constant 32 : index
  linalg.fill ins(%two : f32) outs(%g : memref<64xf32>)
  scf.for %first = %c0 to %c32 step %c4 {
    %x = memref.alloc() : memref<4x64xf32>
    linalg.generic {indexing_maps = [#all, #column], iterator_types = ["reduction", "parallel"]} ins(%x : memref<4x64xf32>) outs(%g : memref<64xf32>) {
    ^bb0(%p: f32, %out: f32):
      %s = arith.addf %out, %p : f32
      linalg.yield %s : f32
    }
    linalg.generic {indexing_maps = [#all, #column], iterator_types = ["reduction", "parallel"]} ins(%x : memref<4x64xf32>) outs(%h : memref<64xf32>) {
    ^bb0(%p: f32, %out: f32):
      %s = arith.addf %out, %p : f32
      linalg.yield %s : f32
    }
  }
  memref.copy %v, %v : memref<64xf32> to memref<64xf32>
  %one = arith.constant 1.0 : f32
  memref.copy %h, %v : memref<64xf32> to memref<64xf32>
  %view = memref.expand_shape %g [[0, 1]] output_shape [8, 8] : memref<64xf32> into memref<8x8xf32>
  memref.copy %view, %u : memref<8x8xf32> to memref<8x8xf32>
  memref.copy %g, %v : memref<64xf32> to memref<64xf32>
  return
}

// -----

// A loop over the samples that are left, and the sum of a number for each sample.

#all = affine_map<(n, i) -> (n, i)>
#column = affine_map<(n, i) -> (i)>
#sample = affine_map<(n) -> (n)>
#none = affine_map<(n) -> ()>

// CHECK-DAG: #[[LANE0:.*]] = affine_map<() -> (0)>
// CHECK-DAG: #[[LANE1:.*]] = affine_map<() -> (1)>

// CHECK-LABEL: func.func @before_a_loop
// CHECK-SAME:    %[[G:[a-z0-9]+]]: memref<64xf32>, %[[L:[a-z0-9]+]]: memref<f32>
// CHECK:      scf.for
// CHECK:      linalg.generic {indexing_maps = [#[[LANE0]], #[[LANE1]], #{{.*}}], iterator_types = []} {{.*}} outs(%[[L]] : memref<f32>)
// CHECK:      linalg.generic {{.*}} outs(%[[G]] : memref<64xf32>)
// CHECK:      scf.for
// CHECK:        linalg.generic {{.*}} outs(%[[G]] : memref<64xf32>)
// CHECK-NOT:  linalg.generic
// CHECK:      memref.copy %[[G]]
func.func @before_a_loop(%g: memref<64xf32>, %l: memref<f32>, %v: memref<64xf32>) {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c32 = arith.constant 32 : index
  scf.for %first = %c0 to %c32 step %c4 {
    %x = memref.alloc() : memref<4x64xf32>
    %y = memref.alloc() : memref<4xf32>
    linalg.generic {indexing_maps = [#all, #column], iterator_types = ["reduction", "parallel"]} ins(%x : memref<4x64xf32>) outs(%g : memref<64xf32>) {
    ^bb0(%p: f32, %out: f32):
      %s = arith.addf %out, %p : f32
      linalg.yield %s : f32
    }
    linalg.generic {indexing_maps = [#sample, #none], iterator_types = ["reduction"]} ins(%y : memref<4xf32>) outs(%l : memref<f32>) {
    ^bb0(%p: f32, %out: f32):
      %s = arith.addf %out, %p : f32
      linalg.yield %s : f32
    }
  }
  scf.for %first = %c0 to %c3 step %c3 {
    %x = memref.alloc() : memref<3x64xf32>
    linalg.generic {indexing_maps = [#all, #column], iterator_types = ["reduction", "parallel"]} ins(%x : memref<3x64xf32>) outs(%g : memref<64xf32>) {
    ^bb0(%p: f32, %out: f32):
      %s = arith.addf %out, %p : f32
      linalg.yield %s : f32
    }
  }
  memref.copy %g, %v : memref<64xf32> to memref<64xf32>
  return
}

// -----

// No lanes: something in the loop reads the sum, the samples of a tile are odd, the loop is short, or
// the body is no addition.

#all = affine_map<(n, i) -> (n, i)>
#column = affine_map<(n, i) -> (i)>

// CHECK-LABEL: func.func @as_they_are
// CHECK-NOT: memref.alloc() {{.*}} memref<2x
// CHECK: return
func.func @as_they_are(%read: memref<16384xf32>, %odd: memref<16384xf32>, %largest: memref<16384xf32>, %short: memref<16384xf32>) {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %c32 = arith.constant 32 : index
  scf.for %first = %c0 to %c32 step %c4 {
    %x = memref.alloc() : memref<4x16384xf32>
    %y = memref.alloc() : memref<3x16384xf32>
    linalg.generic {indexing_maps = [#all, #column], iterator_types = ["reduction", "parallel"]} ins(%x : memref<4x16384xf32>) outs(%read : memref<16384xf32>) {
    ^bb0(%p: f32, %out: f32):
      %s = arith.addf %out, %p : f32
      linalg.yield %s : f32
    }
    memref.copy %read, %odd : memref<16384xf32> to memref<16384xf32>
    linalg.generic {indexing_maps = [#all, #column], iterator_types = ["reduction", "parallel"]} ins(%y : memref<3x16384xf32>) outs(%odd : memref<16384xf32>) {
    ^bb0(%p: f32, %out: f32):
      %s = arith.addf %out, %p : f32
      linalg.yield %s : f32
    }
    linalg.generic {indexing_maps = [#all, #column], iterator_types = ["reduction", "parallel"]} ins(%x : memref<4x16384xf32>) outs(%largest : memref<16384xf32>) {
    ^bb0(%p: f32, %out: f32):
      %s = arith.maximumf %out, %p : f32
      linalg.yield %s : f32
    }
  }
  scf.for %first = %c0 to %c8 step %c4 {
    %x = memref.alloc() : memref<4x16384xf32>
    linalg.generic {indexing_maps = [#all, #column], iterator_types = ["reduction", "parallel"]} ins(%x : memref<4x16384xf32>) outs(%short : memref<16384xf32>) {
    ^bb0(%p: f32, %out: f32):
      %s = arith.addf %out, %p : f32
      linalg.yield %s : f32
    }
  }
  return
}

// -----

// A small sum gets lanes too: else all cores would wait for each other in the middle of a tile.

// CHECK-LABEL: func.func @small
// CHECK:       %[[LANES:.*]] = memref.alloc() {alignment = 64 : i64} : memref<2x16xf32>
// CHECK:       scf.for
// CHECK:         linalg.generic {{.*}} outs(%[[LANES]] : memref<2x16xf32>)
func.func @small(%sum: memref<16xf32>) {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %c32 = arith.constant 32 : index
  scf.for %first = %c0 to %c32 step %c4 {
    %x = memref.alloc() : memref<4x16xf32>
    linalg.generic {indexing_maps = [affine_map<(n, i) -> (n, i)>, affine_map<(n, i) -> (i)>], iterator_types = ["reduction", "parallel"]}
        ins(%x : memref<4x16xf32>) outs(%sum : memref<16xf32>) {
    ^bb0(%p: f32, %out: f32):
      %s = arith.addf %out, %p : f32
      linalg.yield %s : f32
    }
  }
  return
}
