// RUN: %fg-opt %s "--pass-pipeline=builtin.module(func.func(fg-tile-samples{samples=4}))" --split-input-file | FileCheck %s

#all = affine_map<(n, c) -> (n, c)>
#row = affine_map<(n, c) -> (n)>
#column = affine_map<(n, c) -> (c)>
#sample = affine_map<(n) -> (n)>

// A buffer for samples becomes one for a tile; a sum over samples goes on from tile to tile, from
// the fill before the loop; what needs the sum comes behind.

// CHECK-LABEL: func.func @sum
// CHECK-SAME:    %[[X:[a-z0-9]+]]: memref<8x16xf32>
// CHECK-SAME:    %[[G:[a-z0-9]+]]: memref<16xf32>
// CHECK:      linalg.fill ins(%{{.*}}) outs(%[[G]]
// CHECK:      scf.for %[[FIRST:.*]] = %{{.*}} to %{{.*}} step %[[STEP:.*]] {
// CHECK:        %[[BY:.*]] = arith.muli %[[FIRST]], %{{.*}} : index
// CHECK:        %[[FROM:.*]] = fg.shift %[[X]] by %[[BY]] : memref<8x16xf32>
// CHECK:        %[[TILE:.*]] = memref.subview %[[FROM]][0, 0] [4, 16] [1, 1]
// CHECK:        %[[H:.*]] = memref.alloc() {{.*}}: memref<4x16xf32>
// CHECK:        linalg.generic {{.*}} ins(%[[TILE]] : {{.*}}) outs(%[[H]] : memref<4x16xf32>)
// CHECK:        linalg.generic {{.*}} ins(%[[H]] : memref<4x16xf32>) outs(%[[G]] : memref<16xf32>)
// CHECK:          linalg.yield
// CHECK-NEXT:   }
// CHECK-NEXT: }
// CHECK-NEXT: linalg.generic {{.*}} outs(%[[G]] : memref<16xf32>)
// CHECK:      return
func.func @sum(%x: memref<8x16xf32> {fg.binding = 0 : i64, fg.sample_dim = 0 : i64},
               %g: memref<16xf32> {fg.binding = 1 : i64}) {
  %zero = arith.constant 0.0 : f32
  %two = arith.constant 2.0 : f32
  %h = memref.alloc() {alignment = 64 : i64} : memref<8x16xf32>
  linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]}
    ins(%x : memref<8x16xf32>) outs(%h : memref<8x16xf32>) {
  ^bb0(%in: f32, %out: f32):
    %d = arith.mulf %in, %two : f32
    linalg.yield %d : f32
  }
  linalg.fill ins(%zero : f32) outs(%g : memref<16xf32>)
  linalg.generic {indexing_maps = [#all, #column], iterator_types = ["reduction", "parallel"]}
    ins(%h : memref<8x16xf32>) outs(%g : memref<16xf32>) {
  ^bb0(%in: f32, %out: f32):
    %s = arith.addf %out, %in : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#sample], iterator_types = ["parallel"]}
    outs(%g : memref<16xf32>) {
  ^bb0(%out: f32):
    %d = arith.mulf %out, %two : f32
    linalg.yield %d : f32
  }
  return
}

// -----

// Samples keep their number: noise of a sample does not depend on the tile that it is in.

#all = affine_map<(n, c) -> (n, c)>

// CHECK-LABEL: func.func @noise
// CHECK: scf.for %[[FIRST:.*]] =
// CHECK:   %[[N:.*]] = linalg.index 0
// CHECK:   %[[SAMPLE:.*]] = arith.addi %[[N]], %[[FIRST]] : index
// CHECK:   %[[C:.*]] = linalg.index 1
// CHECK:   fg.noise %{{.*}}, %{{.*}}, %[[SAMPLE]], %[[C]] site 3 law gaussian : f32
func.func @noise(%seed: memref<i64> {fg.binding = 0 : i64},
                 %u: memref<8x16xf32> {fg.binding = 1 : i64, fg.sample_dim = 0 : i64}) {
  linalg.generic {indexing_maps = [affine_map<(n, c) -> ()>, #all], iterator_types = ["parallel", "parallel"]}
    ins(%seed : memref<i64>) outs(%u : memref<8x16xf32>) {
  ^bb0(%s: i64, %out: f32):
    %n = linalg.index 0 : index
    %c = linalg.index 1 : index
    %v = fg.noise %s, %s, %n, %c site 3 law gaussian : f32
    linalg.yield %v : f32
  }
  return
}

// -----

// What is left over has a loop of its own.

#all = affine_map<(n) -> (n)>

// CHECK-LABEL: func.func @rest
// CHECK: scf.for
// CHECK:   memref.subview %{{.*}}[0] [4] [1]
// CHECK: scf.for
// CHECK:   memref.subview %{{.*}}[0] [3] [1]
func.func @rest(%x: memref<11xf32> {fg.binding = 0 : i64, fg.sample_dim = 0 : i64}) {
  linalg.generic {indexing_maps = [#all], iterator_types = ["parallel"]} outs(%x : memref<11xf32>) {
  ^bb0(%out: f32):
    %d = arith.addf %out, %out : f32
    linalg.yield %d : f32
  }
  return
}

// -----

// What is for samples but needs the sum over all of them has a second loop; what passes from one
// loop to the other is kept whole.

#all = affine_map<(n) -> (n)>
#one = affine_map<(n) -> ()>

// CHECK-LABEL: func.func @two_loops
// CHECK-SAME:    %[[X:[a-z0-9]+]]: memref<8xf32>
// CHECK-DAG:  %[[H:.*]] = memref.alloc() : memref<8xf32>
// CHECK-DAG:  %[[S:.*]] = memref.alloc() : memref<f32>
// CHECK:      scf.for
// CHECK:        fg.shift %[[X]]
// CHECK:        fg.shift %[[H]]
// CHECK:        linalg.generic {{.*}} outs(%[[S]] : memref<f32>)
// CHECK:      scf.for
// CHECK:        fg.shift %[[H]]
// CHECK:        linalg.generic {{.*}} ins(%{{.*}}, %[[S]] :
func.func @two_loops(%x: memref<8xf32> {fg.binding = 0 : i64, fg.sample_dim = 0 : i64}) {
  %zero = arith.constant 0.0 : f32
  %h = memref.alloc() : memref<8xf32>
  %s = memref.alloc() : memref<f32>
  linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel"]}
    ins(%x : memref<8xf32>) outs(%h : memref<8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %d = arith.mulf %in, %in : f32
    linalg.yield %d : f32
  }
  linalg.fill ins(%zero : f32) outs(%s : memref<f32>)
  linalg.generic {indexing_maps = [#all, #one], iterator_types = ["reduction"]}
    ins(%h : memref<8xf32>) outs(%s : memref<f32>) {
  ^bb0(%in: f32, %out: f32):
    %a = arith.addf %out, %in : f32
    linalg.yield %a : f32
  }
  linalg.generic {indexing_maps = [#all, #one, #all], iterator_types = ["parallel"]}
    ins(%h, %s : memref<8xf32>, memref<f32>) outs(%x : memref<8xf32>) {
  ^bb0(%in: f32, %sum: f32, %out: f32):
    %d = arith.divf %in, %sum : f32
    linalg.yield %d : f32
  }
  return
}

// -----

// Samples that a view mixes with something else cannot be told apart: nothing changes.

#all = affine_map<(n) -> (n)>

// CHECK-LABEL: func.func @mixed
// CHECK-NOT: scf.for
func.func @mixed(%x: memref<8x16xf32> {fg.binding = 0 : i64, fg.sample_dim = 0 : i64}) {
  %flat = memref.collapse_shape %x [[0, 1]] : memref<8x16xf32> into memref<128xf32>
  linalg.generic {indexing_maps = [#all], iterator_types = ["parallel"]} outs(%flat : memref<128xf32>) {
  ^bb0(%out: f32):
    %d = arith.addf %out, %out : f32
    linalg.yield %d : f32
  }
  return
}
