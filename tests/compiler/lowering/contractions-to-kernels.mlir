// RUN: %fg-opt %s --split-input-file --pass-pipeline='builtin.module(func.func(fg-contractions-to-kernels{vector-bytes=64 vector-registers=32 l2=1048576}),canonicalize,cse)' | FileCheck %s
// RUN: %fg-opt %s --split-input-file --pass-pipeline='builtin.module(func.func(fg-contractions-to-kernels{vector-bytes=32 vector-registers=16 l2=262144}),canonicalize,cse)' | FileCheck %s --check-prefix=AVX2
// RUN: %fg-opt %s --split-input-file --pass-pipeline='builtin.module(func.func(fg-contractions-to-kernels{vector-bytes=64 vector-registers=32 l2=1048576 cores=2}),canonicalize,cse)' | FileCheck %s --check-prefix=CORES

// Rows times weights: the fill is absorbed (sums start from 0, C is never
// loaded), k is unrolled by 4. Both are read in place: what tiles of rows read
// of B again is still in L1.

// CHECK-LABEL: func.func @rows
// CHECK-SAME: %[[A:.*]]: memref<128x64xf32>, %[[B:.*]]: memref<64x96xf32>, %[[C:.*]]: memref<128x96xf32>
// CHECK-DAG: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : vector<16xf32>
// CHECK-DAG: %[[C4:.*]] = arith.constant 4 : index
// CHECK-NOT: linalg
// CHECK: %[[FLATA:.*]] = memref.reinterpret_cast %[[A]]
// CHECK: %[[FLATB:.*]] = memref.reinterpret_cast %[[B]]
// CHECK: %[[FLATC:.*]] = memref.reinterpret_cast %[[C]]
// CHECK: scf.forall
// CHECK-NOT: memref.alloca
// CHECK-NOT: vector.load %[[FLATC]]
// CHECK: scf.for %{{.*}} step %[[C4]] iter_args(%{{.*}} = %[[ZERO]]
// CHECK: vector.load %[[FLATB]]{{.*}} vector<16xf32>
// CHECK: %[[X:.*]] = memref.load %[[FLATA]]
// CHECK: vector.broadcast %[[X]] : f32 to vector<16xf32>
// CHECK: vector.fma
// CHECK: vector.store %{{.*}}, %[[FLATC]]
// CHECK: {fg.bytes = 106496 : i64, fg.flops = 1572864 : i64, fg.what = "product 128 x 96 x 64"}
// CHECK-NOT: linalg

// AVX2-LABEL: func.func @rows
// AVX2: vector.fma {{.*}} : vector<8xf32>
func.func @rows(%a: memref<128x64xf32>, %b: memref<64x96xf32>, %c: memref<128x96xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<128x96xf32>)
  linalg.matmul ins(%a, %b : memref<128x64xf32>, memref<64x96xf32>) outs(%c : memref<128x96xf32>)
  return
}

// -----

// A flat product has no loop over k; from nine steps on it has one, and what is
// left of the unrolled steps behind it has none.

// CHECK-LABEL: func.func @flat
// CHECK-NOT: iter_args
// CHECK: vector.fma
// CHECK-NOT: iter_args
// CHECK: return
func.func @flat(%a: memref<128x8xf32>, %b: memref<8x96xf32>, %c: memref<128x96xf32>) {
  linalg.matmul ins(%a, %b : memref<128x8xf32>, memref<8x96xf32>) outs(%c : memref<128x96xf32>)
  return
}

// -----

// CHECK-LABEL: func.func @less_flat
// CHECK-DAG: %[[C4:.*]] = arith.constant 4 : index
// CHECK: scf.for %{{.*}} step %[[C4]] iter_args
// CHECK: scf.yield
// CHECK-NOT: iter_args
// CHECK: vector.fma
// CHECK: vector.store
func.func @less_flat(%a: memref<96x9xf32>, %b: memref<9x96xf32>, %c: memref<96x96xf32>) {
  linalg.matmul ins(%a, %b : memref<96x9xf32>, memref<9x96xf32>) outs(%c : memref<96x96xf32>)
  return
}

// -----

// So many tiles of rows read B that it is worth packing.

// CHECK-LABEL: func.func @many_rows
// CHECK: %[[FLATA:.*]] = memref.reinterpret_cast %arg0
// CHECK: %[[FLATB:.*]] = memref.reinterpret_cast %arg1
// CHECK: scf.forall
// CHECK: %[[PANELS:.*]] = memref.alloca() {alignment = 64 : i64}
// CHECK: vector.load %[[FLATB]]{{.*}} vector<16xf32>
// CHECK: vector.store %{{.*}}, %[[PANELS]]
// CHECK: iter_args
// CHECK: vector.load %[[PANELS]]
// CHECK: memref.load %[[FLATA]]
func.func @many_rows(%a: memref<1024x1024xf32>, %b: memref<1024x1024xf32>, %c: memref<1024x1024xf32>) {
  linalg.matmul ins(%a, %b : memref<1024x1024xf32>, memref<1024x1024xf32>) outs(%c : memref<1024x1024xf32>)
  return
}

// -----

// Without a fill C is added to; ten columns take a mask, and so do those of B, which is read in place.

// CHECK-LABEL: func.func @tail
// CHECK: scf.forall
// CHECK-NOT: memref.alloca
// CHECK: %[[MASK:.*]] = vector.constant_mask [10] : vector<16xi1>
// CHECK: vector.maskedload %{{.*}}, %[[MASK]]
// CHECK: iter_args
// CHECK: vector.maskedload %{{.*}}, %[[MASK]]
// CHECK: vector.maskedstore %{{.*}}, %[[MASK]]
// CHECK: fg.flops = 1310720 : i64
func.func @tail(%a: memref<128x512xf32>, %b: memref<512x10xf32>, %c: memref<128x10xf32>) {
  linalg.matmul ins(%a, %b : memref<128x512xf32>, memref<512x10xf32>) outs(%c : memref<128x10xf32>)
  return
}

// -----

// Several tiles of columns are packed, the last vector by a mask.

// CHECK-LABEL: func.func @tail_of_tiles
// CHECK: %[[FLATB:.*]] = memref.reinterpret_cast %arg1
// CHECK: scf.forall
// CHECK: memref.alloca
// CHECK: vector.maskedload %[[FLATB]]
// CHECK: iter_args
// CHECK-NOT: vector.maskedload %[[FLATB]]
// CHECK: vector.maskedstore
func.func @tail_of_tiles(%a: memref<8192x1024xf32>, %b: memref<1024x1000xf32>, %c: memref<8192x1000xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<8192x1000xf32>)
  linalg.matmul ins(%a, %b : memref<8192x1024xf32>, memref<1024x1000xf32>) outs(%c : memref<8192x1000xf32>)
  return
}

// -----

// A weight gradient: k runs through batch and token together, in chunks; the
// first chunk starts from 0, the others from C. Both are read in place: rows of
// a chunk are side by side in A and B alike, and L2 keeps them.

// CHECK-LABEL: func.func @weight_gradient
// CHECK: %[[FLATA:.*]] = memref.reinterpret_cast %arg0
// CHECK: scf.forall
// CHECK-NOT: memref.alloca
// CHECK: scf.for
// CHECK: %[[FIRST:.*]] = arith.cmpi eq
// CHECK: scf.if %[[FIRST]]
// CHECK: vector.load
// CHECK: memref.load %[[FLATA]]
// CHECK: vector.fma
// CHECK: fg.flops = 67108864 : i64
func.func @weight_gradient(%a: memref<32x64x128xf64>, %q: memref<32x64x128xf64>, %c: memref<128x128xf64>) {
  %zero = arith.constant 0.0 : f64
  linalg.fill ins(%zero : f64) outs(%c : memref<128x128xf64>)
  linalg.generic {
      indexing_maps = [affine_map<(b, t, i, o) -> (b, t, i)>, affine_map<(b, t, i, o) -> (b, t, o)>, affine_map<(b, t, i, o) -> (i, o)>],
      iterator_types = ["reduction", "reduction", "parallel", "parallel"]}
      ins(%a, %q : memref<32x64x128xf64>, memref<32x64x128xf64>) outs(%c : memref<128x128xf64>) {
  ^bb0(%x: f64, %y: f64, %z: f64):
    %m = arith.mulf %y, %x fastmath<contract> : f64
    %s = arith.addf %m, %z fastmath<contract> : f64
    linalg.yield %s : f64
  }
  return
}

// -----

// A gradient per group: both are read in place, group by group, of which L1 keeps
// one, and the tiles of its rows inside.

// CHECK-LABEL: func.func @gradient_per_group
// CHECK: scf.forall (%[[TASK:.*]]) in (8)
// CHECK: %[[FIRST:.*]] = arith.muli %[[TASK]], %c2
// CHECK-NOT: memref.alloca
// CHECK-NOT: scf.for %{{.*}} = %c0
// CHECK: scf.for %{{.*}} = %[[FIRST]] to
// CHECK-NEXT: scf.for %{{.*}} = %c0 to %c2 step %c1
// CHECK: vector.fma
func.func @gradient_per_group(%a: memref<128x16x32xf32>, %q: memref<128x16x32xf32>, %c: memref<16x32x32xf32>) {
  linalg.generic {
      indexing_maps = [affine_map<(g, i, o, k) -> (k, g, i)>, affine_map<(g, i, o, k) -> (k, g, o)>, affine_map<(g, i, o, k) -> (g, i, o)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%a, %q : memref<128x16x32xf32>, memref<128x16x32xf32>) outs(%c : memref<16x32x32xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %product = arith.mulf %x, %y : f32
    %next = arith.addf %sum, %product : f32
    linalg.yield %next : f32
  }
  return
}

// -----

// Rows of A and B are 8 KiB apart, so that those of a chunk push each other out
// of L2: both are packed, and A asks for the rows of later steps.

// CHECK-LABEL: func.func @wide_weight_gradient
// CHECK: scf.forall
// CHECK-COUNT-2: memref.alloca()
// CHECK: memref.prefetch %{{.*}}, read, locality<3>, data
// CHECK: vector.fma
func.func @wide_weight_gradient(%a: memref<2048x2048xf32>, %q: memref<2048x2048xf32>, %c: memref<2048x2048xf32>) {
  linalg.generic {
      indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %q : memref<2048x2048xf32>, memref<2048x2048xf32>) outs(%c : memref<2048x2048xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %product = arith.mulf %x, %y : f32
    %next = arith.addf %sum, %product : f32
    linalg.yield %next : f32
  }
  return
}

// -----

// A task goes through all 32 blocks of rows, so that it packs its columns once: tasks are 16 blocks
// of columns in two lanes.

// AVX2-LABEL: func.func @blocks_of_rows_inside
// AVX2: scf.forall (%{{.*}}) in (32) {
// AVX2: %[[A:.*]] = memref.alloca()
// AVX2: %[[B:.*]] = memref.alloca()
// AVX2: scf.for %{{.*}} = %c0 to %c256 step %c1 {
// AVX2: vector.store %{{.*}}, %[[B]]
// AVX2: scf.for %{{.*}} = %c0 to %c32 step %c1 {
// AVX2: scf.for %{{.*}} = %c0 to %c256 step %c1 {
// AVX2: vector.store %{{.*}}, %[[A]]
// AVX2: vector.fma
// AVX2: } {fg.bytes = {{.*}} fg.what = "product 2048 x 2048 x 256, 2 times"}
func.func @blocks_of_rows_inside(%a: memref<2x256x2048xf32>, %q: memref<2x256x2048xf32>, %c: memref<2x2048x2048xf32>) {
  linalg.generic {
      indexing_maps = [affine_map<(l, m, n, k) -> (l, k, m)>, affine_map<(l, m, n, k) -> (l, k, n)>, affine_map<(l, m, n, k) -> (l, m, n)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%a, %q : memref<2x256x2048xf32>, memref<2x256x2048xf32>) outs(%c : memref<2x2048x2048xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %product = arith.mulf %x, %y : f32
    %next = arith.addf %sum, %product : f32
    linalg.yield %next : f32
  }
  return
}

// -----

// Groups: a group's weights are a panel as they stand, so nothing is packed.

// CHECK-LABEL: func.func @grouped
// CHECK: scf.forall
// CHECK-NOT: memref.alloca
// CHECK: vector.fma
// CHECK: fg.flops = 4194304 : i64, fg.what = "product 256 x 32 x 32, 8 times"
func.func @grouped(%x: memref<32x8x8x32xf32>, %w: memref<8x32x32xf32>, %c: memref<32x8x8x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<32x8x8x32xf32>)
  linalg.generic {
      indexing_maps = [affine_map<(b, t, g, v, u) -> (b, t, g, u)>, affine_map<(b, t, g, v, u) -> (g, u, v)>, affine_map<(b, t, g, v, u) -> (b, t, g, v)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<32x8x8x32xf32>, memref<8x32x32xf32>) outs(%c : memref<32x8x8x32xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// B lies transposed: it is packed through transposed registers.

// CHECK-LABEL: func.func @transposed
// CHECK: scf.forall
// CHECK: vector.shuffle {{.*}} [0, 16, 1, 17,
// CHECK: vector.shuffle {{.*}} [8, 24, 9, 25,
// CHECK: vector.fma
func.func @transposed(%q: memref<128x64xf32>, %w: memref<64x64xf32>, %c: memref<128x64xf32>) {
  linalg.generic {
      indexing_maps = [affine_map<(b, i, o) -> (b, o)>, affine_map<(b, i, o) -> (i, o)>, affine_map<(b, i, o) -> (b, i)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%q, %w : memref<128x64xf32>, memref<64x64xf32>) outs(%c : memref<128x64xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// The fill is kept where something reads the output in between.

// CHECK-LABEL: func.func @fill_is_read
// CHECK: linalg.fill
// CHECK: memref.copy
// CHECK: scf.forall
// CHECK: vector.fma
func.func @fill_is_read(%a: memref<64x64xf32>, %b: memref<64x64xf32>, %c: memref<64x64xf32>, %d: memref<64x64xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<64x64xf32>)
  memref.copy %c, %d : memref<64x64xf32> to memref<64x64xf32>
  linalg.matmul ins(%a, %b : memref<64x64xf32>, memref<64x64xf32>) outs(%c : memref<64x64xf32>)
  return
}

// -----

// A bias that was written into each row is where the sums start: one load for
// all rows of a tile, in each chunk but the first C is loaded.

// CHECK-LABEL: func.func @bias
// CHECK-SAME: %[[BIAS:[a-z0-9]+]]: memref<96xf32>, %[[C:[a-z0-9]+]]: memref<4x32x96xf32>
// CHECK-NOT: linalg
// CHECK-NOT: vector.load %[[C]]
// CHECK: scf.forall
// CHECK: vector.load %[[BIAS]]
// CHECK: iter_args
// CHECK: vector.fma
// CHECK-NOT: linalg
func.func @bias(%a: memref<4x32x64xf32>, %b: memref<64x96xf32>, %bias: memref<96xf32>, %c: memref<4x32x96xf32>) {
  linalg.generic {indexing_maps = [affine_map<(b, t, o) -> (o)>, affine_map<(b, t, o) -> (b, t, o)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%bias : memref<96xf32>) outs(%c : memref<4x32x96xf32>) {
  ^bb0(%x: f32, %o: f32):
    linalg.yield %x : f32
  }
  linalg.generic {
      indexing_maps = [affine_map<(b, t, o, i) -> (b, t, i)>, affine_map<(b, t, o, i) -> (i, o)>, affine_map<(b, t, o, i) -> (b, t, o)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<4x32x64xf32>, memref<64x96xf32>) outs(%c : memref<4x32x96xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %m = arith.mulf %x, %y : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// A bias a group, and one that belongs to rows (token mixing): one value for
// all columns.

// CHECK-LABEL: func.func @bias_of_groups_and_rows
// CHECK-SAME: %[[GROUPS:[a-z0-9]+]]: memref<8x32xf32>, %[[ROWS:[a-z0-9]+]]: memref<64xf32>
// CHECK-NOT: linalg
// CHECK: %[[FLAT:.*]] = memref.reinterpret_cast %[[GROUPS]]
// CHECK: scf.forall
// CHECK: vector.load %[[FLAT]]
// CHECK: vector.fma
// CHECK: scf.forall
// CHECK: %[[VALUE:.*]] = memref.load %[[ROWS]]
// CHECK: vector.broadcast %[[VALUE]]
// CHECK: vector.fma
// CHECK-NOT: linalg
func.func @bias_of_groups_and_rows(%a: memref<32x8x16xf32>, %w: memref<8x16x32xf32>, %groups: memref<8x32xf32>, %rows: memref<64xf32>, %c: memref<32x8x32xf32>,
                                   %t: memref<64x64xf32>, %x: memref<4x64x128xf32>, %d: memref<4x64x128xf32>) {
  linalg.generic {indexing_maps = [affine_map<(b, g, o) -> (g, o)>, affine_map<(b, g, o) -> (b, g, o)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%groups : memref<8x32xf32>) outs(%c : memref<32x8x32xf32>) {
  ^bb0(%i: f32, %o: f32):
    linalg.yield %i : f32
  }
  linalg.generic {
      indexing_maps = [affine_map<(b, g, o, i) -> (b, g, i)>, affine_map<(b, g, o, i) -> (g, i, o)>, affine_map<(b, g, o, i) -> (b, g, o)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%a, %w : memref<32x8x16xf32>, memref<8x16x32xf32>) outs(%c : memref<32x8x32xf32>) {
  ^bb0(%i: f32, %j: f32, %o: f32):
    %m = arith.mulf %i, %j : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [affine_map<(b, t, o) -> (t)>, affine_map<(b, t, o) -> (b, t, o)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%rows : memref<64xf32>) outs(%d : memref<4x64x128xf32>) {
  ^bb0(%i: f32, %o: f32):
    linalg.yield %i : f32
  }
  linalg.generic {
      indexing_maps = [affine_map<(b, t, o, i) -> (t, i)>, affine_map<(b, t, o, i) -> (b, i, o)>, affine_map<(b, t, o, i) -> (b, t, o)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%t, %x : memref<64x64xf32>, memref<4x64x128xf32>) outs(%d : memref<4x64x128xf32>) {
  ^bb0(%i: f32, %j: f32, %o: f32):
    %m = arith.mulf %i, %j : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// The bias changes before the product: what was written stays.

// CHECK-LABEL: func.func @bias_changes
// CHECK: linalg.generic
// CHECK: linalg.fill
// CHECK: vector.fma
func.func @bias_changes(%a: memref<64x64xf32>, %b: memref<64x64xf32>, %bias: memref<64xf32>, %c: memref<64x64xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.generic {indexing_maps = [affine_map<(b, o) -> (o)>, affine_map<(b, o) -> (b, o)>], iterator_types = ["parallel", "parallel"]}
      ins(%bias : memref<64xf32>) outs(%c : memref<64x64xf32>) {
  ^bb0(%x: f32, %o: f32):
    linalg.yield %x : f32
  }
  linalg.fill ins(%zero : f32) outs(%bias : memref<64xf32>)
  linalg.matmul ins(%a, %b : memref<64x64xf32>, memref<64x64xf32>) outs(%c : memref<64x64xf32>)
  return
}

// -----

// In a loop over tiles, what weights are multiplied with changes, the weights do not: their panels
// are made before the loop, once for both products. Tasks are equal parts of the rows.

// CHECK-LABEL: func.func @weights_of_a_loop
// CHECK-SAME: %[[W:[a-z0-9]+]]: memref<256x128xf32>
// CHECK: %[[PANELS:.*]] = memref.alloc() {alignment = 64 : i64} : memref<32768xf32>
// CHECK: scf.forall (%{{.*}}) in (3) {
// CHECK: vector.load %{{.*}} : memref<32768xf32>, vector<16xf32>
// CHECK: vector.store %{{.*}}, %[[PANELS]]
// CHECK: } {fg.bytes = 262144 : i64, fg.what = "panels of 256 x 128"}
// CHECK-NOT: fg.what = "panels
// CHECK: scf.for
// CHECK-COUNT-2: vector.load %[[PANELS]]
func.func @weights_of_a_loop(%w: memref<256x128xf32>, %x: memref<1024x256xf32>, %y: memref<128x256xf32>) {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %tile = %c0 to %c8 step %c1 {
    %c = memref.alloc() : memref<128x128xf32>
    %d = memref.alloc() : memref<128x128xf32>
    linalg.fill ins(%zero : f32) outs(%c : memref<128x128xf32>)
    linalg.matmul ins(%y, %w : memref<128x256xf32>, memref<256x128xf32>) outs(%c : memref<128x128xf32>)
    linalg.fill ins(%zero : f32) outs(%d : memref<128x128xf32>)
    linalg.matmul ins(%y, %w : memref<128x256xf32>, memref<256x128xf32>) outs(%d : memref<128x128xf32>)
  }
  return
}

// -----

// Panels of the transposed are as deep as k says, not as the squares in which they are transposed:
// of 26 rows, 16 are written by one and 10 by another.

// CHECK-LABEL: func.func @transposed_of_a_loop
// CHECK: memref.alloc() {alignment = 64 : i64} : memref<832xf32>
// CHECK-COUNT-16: vector.store %{{.*}}, %{{.*}} : memref<832xf32>, vector<16xf32>
// CHECK-COUNT-10: vector.store %{{.*}}, %{{.*}} : memref<832xf32>, vector<16xf32>
// CHECK-NOT: vector.store %{{.*}}, %{{.*}} : memref<832xf32>, vector<16xf32>
// CHECK: return
func.func @transposed_of_a_loop(%w: memref<32x26xf32>, %y: memref<128x26xf32>) {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %tile = %c0 to %c8 step %c1 {
    %c = memref.alloc() : memref<128x32xf32>
    linalg.fill ins(%zero : f32) outs(%c : memref<128x32xf32>)
    linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>],
                    iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%y, %w : memref<128x26xf32>, memref<32x26xf32>) outs(%c : memref<128x32xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %p = arith.mulf %a, %b : f32
      %s = arith.addf %o, %p : f32
      linalg.yield %s : f32
    }
  }
  return
}

// -----

// The same with weights that the loop writes, or that are of one iteration.

// CHECK-LABEL: func.func @no_panels_before_the_loop
// CHECK-NOT: panels of
// CHECK: return
func.func @no_panels_before_the_loop(%w: memref<256x128xf32>, %y: memref<128x256xf32>) {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %tile = %c0 to %c8 step %c1 {
    %c = memref.alloc() : memref<128x128xf32>
    %own = memref.alloc() : memref<256x128xf32>
    linalg.matmul ins(%y, %w : memref<128x256xf32>, memref<256x128xf32>) outs(%c : memref<128x128xf32>)
    linalg.fill ins(%zero : f32) outs(%w : memref<256x128xf32>)
    linalg.matmul ins(%y, %own : memref<128x256xf32>, memref<256x128xf32>) outs(%c : memref<128x128xf32>)
  }
  return
}

// -----

// Tasks are alike, so that cores come to an end together: 16 parts of 16 rows, which are a tile of 6
// and two of 5, and not 43 tiles of 6 in 7 tasks and a rest.

// AVX2-LABEL: func.func @equal_tasks
// AVX2: scf.for
// AVX2: scf.forall (%{{.*}}) in (16) {
// AVX2-NEXT: arith.muli
// AVX2-NEXT: scf.for %{{.*}} = %c0 to %c32 step %c1 {
// AVX2-NOT: scf.for %
// AVX2: %{{.*}}:12 = scf.for
// AVX2: scf.for %{{.*}} = %c1 to %c3 step %c1 {
// AVX2: %{{.*}}:10 = scf.for
func.func @equal_tasks(%x: memref<256x512xf32>, %w: memref<512x512xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %tile = %c0 to %c8 step %c1 {
    %c = memref.alloc() : memref<256x512xf32>
    linalg.matmul ins(%x, %w : memref<256x512xf32>, memref<512x512xf32>) outs(%c : memref<256x512xf32>)
    linalg.matmul ins(%c, %w : memref<256x512xf32>, memref<512x512xf32>) outs(%x : memref<256x512xf32>)
  }
  return
}

// -----

// A packed panel has an odd number of cache lines: 16 columns of 128 steps would lie 8 KiB apart, all
// in one set of L1. What is left of a tile's 6 rows is copied without a mask.

// AVX2-LABEL: func.func @panels_apart
// AVX2: scf.forall
// AVX2-NEXT: %[[A:.*]] = memref.alloca() {{.*}} : memref<17072xf32>
// AVX2-NEXT: %[[B:.*]] = memref.alloca() {{.*}} : memref<33024xf32>
// AVX2-NOT: vector.maskedload
// AVX2: vector.store %{{.*}}, %[[A]][%{{.*}}] : memref<17072xf32>, vector<4xf32>
// AVX2: vector.store %{{.*}}, %[[A]][%{{.*}}] : memref<17072xf32>, vector<2xf32>
// AVX2: vector.fma
func.func @panels_apart(%a: memref<128x512xf32>, %q: memref<128x512xf32>, %c: memref<512x512xf32>) {
  linalg.generic {
      indexing_maps = [affine_map<(b, i, o) -> (b, i)>, affine_map<(b, i, o) -> (b, o)>, affine_map<(b, i, o) -> (i, o)>],
      iterator_types = ["reduction", "parallel", "parallel"]}
      ins(%a, %q : memref<128x512xf32>, memref<128x512xf32>) outs(%c : memref<512x512xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %m = arith.mulf %y, %x : f32
    %s = arith.addf %m, %z : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// Reductions without rows or columns, small products and other bodies are left
// to the row kernels.

// CHECK-LABEL: func.func @left_alone
// CHECK-NOT: scf.forall
// CHECK-COUNT-3: linalg.generic
// CHECK-NOT: scf.forall
func.func @left_alone(%x: memref<64x64x32xf32>, %s: memref<64x64xf32>, %a: memref<4x4xf32>, %m: memref<64x64xf32>, %p: memref<64x64xf32>) {
  linalg.generic {
      indexing_maps = [affine_map<(b, t, u) -> (b, t, u)>, affine_map<(b, t, u) -> (b, t, u)>, affine_map<(b, t, u) -> (b, t)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %x : memref<64x64x32xf32>, memref<64x64x32xf32>) outs(%s : memref<64x64xf32>) {
  ^bb0(%l: f32, %r: f32, %o: f32):
    %0 = arith.mulf %l, %r : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  }
  linalg.matmul ins(%a, %a : memref<4x4xf32>, memref<4x4xf32>) outs(%a : memref<4x4xf32>)
  linalg.generic {
      indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%m, %p : memref<64x64xf32>, memref<64x64xf32>) outs(%s : memref<64x64xf32>) {
  ^bb0(%l: f32, %r: f32, %o: f32):
    %0 = arith.mulf %l, %r : f32
    %1 = arith.maximumf %o, %0 : f32
    linalg.yield %1 : f32
  }
  return
}

// -----

// More tasks than there are cores to take them cost time and gain nothing.

// CHECK-LABEL: func.func @tasks_for_the_cores
// CHECK: scf.forall (%{{.*}}) in (32)
// CORES-LABEL: func.func @tasks_for_the_cores
// CORES: scf.forall (%{{.*}}) in (4)
func.func @tasks_for_the_cores(%a: memref<128x512xf32>, %q: memref<128x512xf32>, %c: memref<512x512xf32>) {
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %q : memref<128x512xf32>, memref<128x512xf32>) outs(%c : memref<512x512xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %product = arith.mulf %x, %y : f32
    %next = arith.addf %sum, %product : f32
    linalg.yield %next : f32
  }
  return
}

// -----

// A small gradient in panels has fewer tasks than there might be cores: its rows are not cut for them,
// since a part would begin inside of a panel.

// CHECK-LABEL: func.func @small_gradient_in_panels
// CHECK: scf.forall (%{{.*}}) in (2) {
// CHECK: vector.store
// CHECK: fg.what = "product 64 x 32 x 16"
func.func @small_gradient_in_panels(%x: memref<16x64xf32>, %dy: memref<16x32xf32>) {
  %g = memref.alloc() {alignment = 64 : i64, fg.panels = {depth = 64 : i64, widths = array<i64: 16, 16>}} : memref<64x32xf32>
  linalg.generic {indexing_maps = [affine_map<(k, n, i) -> (i, k)>, affine_map<(k, n, i) -> (i, n)>, affine_map<(k, n, i) -> (k, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %dy : memref<16x64xf32>, memref<16x32xf32>) outs(%g : memref<64x32xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// Rows of A are 8 KiB apart, and a tile has more of them than L1 has ways: they are packed side by side,
// an odd number of lines apart. The panels of B do not stay in L2 until the next product: while a tile is
// computed, a line of the panel behind is asked for in each step of the loop.

// CHECK-LABEL: func.func @rows_of_one_set
// CHECK: %[[B:.+]] = memref.reinterpret_cast %arg1
// CHECK: scf.forall
// CHECK: %[[ROWS:.+]] = memref.alloca() {alignment = 64 : i64} : memref<6336xf32>
// CHECK: vector.store %{{.*}}, %[[ROWS]]
// CHECK: scf.for %{{.*}} = %{{.*}} to %c512 step %c4
// CHECK: memref.prefetch %[[B]][%{{.+}}], read, locality<2>, data
// CHECK: vector.load %[[B]]
// CHECK: memref.load %[[ROWS]]
func.func @rows_of_one_set(%x: memref<96x2048xf32>, %w: memref<2048x256xf32> {fg.panels = {depth = 2048 : i64, widths = array<i64: 32, 32, 32, 32, 32, 32, 32, 32>}}, %y: memref<96x256xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<96x256xf32>)
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<96x2048xf32>, memref<2048x256xf32>) outs(%y : memref<96x256xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// Here the lines of a tile's rows are in sets of their own: they are read in place. B stays in L2.

// CHECK-LABEL: func.func @rows_of_many_sets
// CHECK-NOT: memref.alloca
// CHECK-NOT: memref.prefetch
// CHECK: return
func.func @rows_of_many_sets(%x: memref<96x1040xf32>, %w: memref<1040x64xf32> {fg.panels = {depth = 1040 : i64, widths = array<i64: 32, 32>}}, %y: memref<96x64xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<96x64xf32>)
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<96x1040xf32>, memref<1040x64xf32>) outs(%y : memref<96x64xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// Transposed weights of groups are packed before the loop around; a task goes through all groups of a tile of rows.

// CORES-LABEL: func.func @grouped_ahead
// CORES: fg.what = "panels of 32 x 32, 8 times"
// CORES: scf.for %{{.+}} = %c0 to %c8 step %c1
// CORES: scf.forall ({{.*}}) in (4)
// CORES: scf.for %{{.+}} = %c0 to %c{{.+}} step %c1
// CORES: scf.for %[[GROUP:.+]] = %c0 to %c8 step %c1
// CORES: arith.muli %[[GROUP]], %c1024
// CORES: vector.fma
// CORES: fg.what = "product 256 x 32 x 32, 8 times"
func.func @grouped_ahead(%x: memref<256x8x32xf32>, %w: memref<8x32x32xf32>, %y: memref<256x8x32xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    linalg.generic {indexing_maps = [affine_map<(m, g, n, k) -> (m, g, k)>, affine_map<(m, g, n, k) -> (g, n, k)>, affine_map<(m, g, n, k) -> (m, g, n)>],
                    iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
        ins(%x, %w : memref<256x8x32xf32>, memref<8x32x32xf32>) outs(%y : memref<256x8x32xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %p = arith.mulf %a, %b : f32
      %s = arith.addf %o, %p : f32
      linalg.yield %s : f32
    }
  }
  return
}

// -----

// Panels that hold all of k are asked for too, while the one before is read: a task's 16 tiles of rows ask for an equal
// share of 16384 numbers each. Nothing is asked of C, which is only written.

// CORES-LABEL: func.func @whole_panels
// CORES: %[[B:.+]] = memref.reinterpret_cast %arg1
// CORES: scf.forall ({{.*}}) in (4)
// CORES: scf.for {{.*}} to %c16 step
// CORES-NEXT: scf.for %[[TILE:.+]] = %[[FIRST:.+]] to
// CORES: %[[NUMBER:.+]] = arith.subi %[[TILE]], %[[FIRST]]
// CORES: arith.muli %[[NUMBER]], %c1024
// CORES: arith.minui %{{.+}}, %c261120
// CORES: scf.for %[[K:.+]] = %c0 to %c512 step %c4
// CORES: %[[ITERATION:.+]] = arith.divui %[[K]], %c4
// CORES: arith.muli %[[ITERATION]], %c8
// CORES: memref.prefetch %[[B]][%{{.+}}], read, locality<2>, data
// CORES-NOT: memref.prefetch
// CORES: return
func.func @whole_panels(%x: memref<768x512xf32>, %w: memref<512x512xf32> {fg.panels = {depth = 512 : i64, widths = array<i64: 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32>}}, %y: memref<768x512xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<768x512xf32>)
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<768x512xf32>, memref<512x512xf32>) outs(%y : memref<768x512xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// A tile of 48 steps is over before what it asks for has come.

// CORES-LABEL: func.func @short_panels
// CORES-NOT: memref.prefetch
// CORES: return
func.func @short_panels(%x: memref<768x48xf32>, %w: memref<48x4096xf32> {fg.panels = {depth = 48 : i64, widths = array<i64: 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32>}}, %y: memref<768x4096xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<768x4096xf32>)
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<768x48xf32>, memref<48x4096xf32>) outs(%y : memref<768x4096xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// Asking for a line of panels ahead is no writing of them: panels of the transposed are made before the loop.

// CHECK-LABEL: func.func @both_ways
// CHECK: fg.what = "panels of 1024 x 1024"
// CHECK: scf.for
// CHECK: memref.prefetch %{{.*}}, read, locality<2>
// CHECK: fg.what = "product 96 x 1024 x 1024"
// CHECK: fg.what = "product 96 x 1024 x 1024"
func.func @both_ways(%x: memref<96x1024xf32>, %w: memref<1024x1024xf32> {fg.panels = {depth = 1024 : i64, widths = array<i64: 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32>}}, %y: memref<96x1024xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                    iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%x, %w : memref<96x1024xf32>, memref<1024x1024xf32>) outs(%y : memref<96x1024xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %p = arith.mulf %a, %b : f32
      %s = arith.addf %o, %p : f32
      linalg.yield %s : f32
    }
    linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>],
                    iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%y, %w : memref<96x1024xf32>, memref<1024x1024xf32>) outs(%x : memref<96x1024xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %p = arith.mulf %a, %b : f32
      %s = arith.addf %o, %p : f32
      linalg.yield %s : f32
    }
  }
  return
}

// -----

// A task writes more of C than L1 keeps: while a tile is computed the next one is asked for, a line in each step of
// the loop over k.

// CHECK-LABEL: func.func @next_tile
// CHECK: %[[C:.+]] = memref.reinterpret_cast %arg2
// CHECK: scf.forall
// CHECK: scf.for %{{.*}} = %c0 to %c128 step %c4 iter_args
// CHECK-NEXT: arith
// CHECK: memref.prefetch %[[C]][%{{.*}}], read, locality<3>, data
// CHECK-NOT: memref.prefetch
// CHECK: vector.fma
// CHECK: scf.yield
func.func @next_tile(%x: memref<128x512xf32>, %dy: memref<128x512xf32>, %g: memref<512x512xf32>) {
  linalg.generic {indexing_maps = [affine_map<(k, n, i) -> (i, k)>, affine_map<(k, n, i) -> (i, n)>, affine_map<(k, n, i) -> (k, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %dy : memref<128x512xf32>, memref<128x512xf32>) outs(%g : memref<512x512xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}
