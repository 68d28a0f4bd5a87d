// RUN: %fg-opt --pass-pipeline='builtin.module(func.func(fg-rows-to-kernels{vector-bytes=64 vector-registers=32 l1=32768 l2=1048576},cse))' --split-input-file %s | FileCheck %s

// Elementwise: cut into tasks by the vector dimension; whole registers only.

// CHECK-LABEL: func.func @elementwise
// CHECK:       scf.forall (%{{.*}}) in (8)
// CHECK:         scf.for %{{.*}} = %{{.*}} to %{{.*}} step %{{c16.*}}
// CHECK:           vector.load {{.*}} : memref<1048576xf32>, vector<16xf32>
// CHECK:           arith.mulf {{.*}} fastmath<contract> : vector<16xf32>
// CHECK:           vector.store {{.*}} : memref<1048576xf32>, vector<16xf32>
// CHECK-NOT:   linalg
func.func @elementwise(%x: memref<1024x1024xf32>, %y: memref<1024x1024xf32>) {
  linalg.generic {
    indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
    iterator_types = ["parallel", "parallel"]}
    ins(%x : memref<1024x1024xf32>) outs(%y : memref<1024x1024xf32>) {
  ^bb0(%a: f32, %o: f32):
    %s = arith.mulf %a, %a : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// What is the same along the vector is loaded once, as a scalar.

// CHECK-LABEL: func.func @broadcast
// CHECK:       scf.forall
// CHECK:         %[[S:.*]] = memref.load %{{.*}} : memref<64xf32>
// CHECK:         scf.for
// CHECK:           vector.broadcast %[[S]] : f32 to vector<16xf32>
func.func @broadcast(%x: memref<64x512xf32>, %s: memref<64xf32>) {
  linalg.generic {
    indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
    iterator_types = ["parallel", "parallel"]}
    ins(%s : memref<64xf32>) outs(%x : memref<64x512xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.subf %o, %a : f32
    linalg.yield %r : f32
  }
  return
}

// -----

// The last elements of a row under a constant mask.

// CHECK-LABEL: func.func @tail
// CHECK:       %[[MASK:.*]] = vector.constant_mask [10] : vector<16xi1>
// CHECK:       vector.maskedload {{.*}}, %[[MASK]]
// CHECK:       vector.maskedstore {{.*}}, %[[MASK]]
func.func @tail(%x: memref<10xf32>, %y: memref<10xf32>) {
  linalg.copy ins(%x : memref<10xf32>) outs(%y : memref<10xf32>)
  return
}

// -----

// A sum along the row: four partial sums, combined in a fixed order; the fill is
// its start and no kernel.

// CHECK-LABEL: func.func @row_sum
// CHECK-COUNT-1: scf.forall
// CHECK:       %[[P:.*]]:4 = scf.for {{.*}} step %{{c64.*}} iter_args
// CHECK-COUNT-4: arith.addf {{.*}} : vector<16xf32>
// CHECK:       scf.yield
// CHECK:       vector.extract_strided_slice {{.*}} : vector<16xf32> to vector<8xf32>
// CHECK:       memref.store
// CHECK-NOT:   scf.forall
func.func @row_sum(%x: memref<64x512xf32>, %y: memref<64xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<64xf32>)
  linalg.generic {
    indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>],
    iterator_types = ["parallel", "reduction"]}
    ins(%x : memref<64x512xf32>) outs(%y : memref<64xf32>) {
  ^bb0(%a: f32, %o: f32):
    %s = arith.addf %o, %a : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// Masked lanes never enter a sum.

// CHECK-LABEL: func.func @row_sum_tail
// CHECK:       %[[V:.*]] = vector.maskedload
// CHECK:       %[[SUM:.*]] = arith.addf
// CHECK:       arith.select %{{.*}}, %[[SUM]], %{{.*}} : vector<16xi1>, vector<16xf32>
func.func @row_sum_tail(%x: memref<64x10xf32>, %y: memref<64xf32>) {
  linalg.generic {
    indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>],
    iterator_types = ["parallel", "reduction"]}
    ins(%x : memref<64x10xf32>) outs(%y : memref<64xf32>) {
  ^bb0(%a: f32, %o: f32):
    %s = arith.addf %o, %a : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// A sum over rows: tasks over columns, accumulators in registers.

// CHECK-LABEL: func.func @column_sum
// CHECK:       scf.forall (%{{.*}}) in (8)
// CHECK:         %{{.*}}:4 = scf.for %{{.*}} to %{{c8192.*}} step %{{.*}} iter_args
// CHECK-SAME:      vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>
// CHECK-COUNT-4: vector.store
func.func @column_sum(%x: memref<128x64x512xf32>, %y: memref<512xf32>) {
  linalg.generic {
    indexing_maps = [affine_map<(c, b, t) -> (b, t, c)>,
                     affine_map<(c, b, t) -> (c)>],
    iterator_types = ["parallel", "reduction", "reduction"]}
    ins(%x : memref<128x64x512xf32>) outs(%y : memref<512xf32>) {
  ^bb0(%a: f32, %o: f32):
    %s = arith.addf %o, %a : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// A window's few numbers are added one after the other, without a loop.

// CHECK-LABEL: func.func @window
// CHECK-NOT:   iter_args
// CHECK-COUNT-8: vector.load {{.*}} : memref<16384xf32>, vector<16xf32>
// CHECK-NOT:   vector.load
// CHECK:       return
func.func @window(%x: memref<128x2x2x32xf32>, %w: memref<2x2xf32>, %y: memref<128x32xf32>) {
  linalg.generic {
    indexing_maps = [affine_map<(b, c, i, j) -> (b, i, j, c)>,
                     affine_map<(b, c, i, j) -> (j, i)>,
                     affine_map<(b, c, i, j) -> (b, c)>],
    iterator_types = ["parallel", "parallel", "reduction", "reduction"]}
    ins(%x, %w : memref<128x2x2x32xf32>, memref<2x2xf32>) outs(%y : memref<128x32xf32>) {
  ^bb0(%a: f32, %f: f32, %o: f32):
    %m = arith.mulf %a, %f : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// Of a larger one only the inner loop is written out.

// CHECK-LABEL: func.func @larger_window
// CHECK:       scf.for {{.*}} iter_args
// CHECK-NOT:   iter_args
// CHECK-COUNT-6: vector.load {{.*}} : memref<36864xf32>, vector<16xf32>
// CHECK-NOT:   vector.load
// CHECK:       return
func.func @larger_window(%x: memref<128x3x3x32xf32>, %w: memref<3x3xf32>, %y: memref<128x32xf32>) {
  linalg.generic {
    indexing_maps = [affine_map<(b, c, i, j) -> (b, i, j, c)>,
                     affine_map<(b, c, i, j) -> (j, i)>,
                     affine_map<(b, c, i, j) -> (b, c)>],
    iterator_types = ["parallel", "parallel", "reduction", "reduction"]}
    ins(%x, %w : memref<128x3x3x32xf32>, memref<3x3xf32>) outs(%y : memref<128x32xf32>) {
  ^bb0(%a: f32, %f: f32, %o: f32):
    %m = arith.mulf %a, %f : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// A short sum along the row needs none either.

// CHECK-LABEL: func.func @short_row_sum
// CHECK-NOT:   iter_args
// CHECK:       return
func.func @short_row_sum(%x: memref<64x256xf32>, %y: memref<64xf32>) {
  linalg.generic {
    indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>],
    iterator_types = ["parallel", "reduction"]}
    ins(%x : memref<64x256xf32>) outs(%y : memref<64xf32>) {
  ^bb0(%a: f32, %o: f32):
    %s = arith.addf %o, %a : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// All to one number: one task.

// CHECK-LABEL: func.func @full_sum
// CHECK:       scf.forall (%{{.*}}) in (1)
// CHECK:         memref.store {{.*}} : memref<1xf32>
func.func @full_sum(%x: memref<128xf32>, %y: memref<f32>) {
  linalg.generic {
    indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> ()>],
    iterator_types = ["reduction"]}
    ins(%x : memref<128xf32>) outs(%y : memref<f32>) {
  ^bb0(%a: f32, %o: f32):
    %s = arith.addf %o, %a : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// Labels against indices.

// CHECK-LABEL: func.func @one_hot
// CHECK:       %[[LABEL:.*]] = memref.load %{{.*}} : memref<128xi32>
// CHECK:       arith.cmpi eq, {{.*}} : vector<16xindex>
// CHECK:       arith.select {{.*}} : vector<16xi1>, vector<16xf32>
func.func @one_hot(%label: memref<128xi32>, %y: memref<128x10xf32>) {
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  linalg.generic {
    indexing_maps = [affine_map<(n, k) -> (n)>, affine_map<(n, k) -> (n, k)>],
    iterator_types = ["parallel", "parallel"]}
    ins(%label : memref<128xi32>) outs(%y : memref<128x10xf32>) {
  ^bb0(%l: i32, %o: f32):
    %k = linalg.index 1 : index
    %c = arith.index_cast %l : i32 to index
    %is = arith.cmpi eq, %k, %c : index
    %r = arith.select %is, %one, %zero : f32
    linalg.yield %r : f32
  }
  return
}

// -----

// Ops on the same rows share a kernel. Four groups are a row, so that their sums
// are one vector; what only the kernel uses is scratch memory of that size, also
// when one op sees it through a view.

// CHECK-LABEL: func.func @norm
// CHECK-NOT:   memref.alloc()
// CHECK:       scf.forall
// CHECK-DAG:     memref.alloca() {alignment = 64 : i64} : memref<128xf32>
// CHECK-DAG:     memref.alloca() {alignment = 64 : i64} : memref<4xf32>
// CHECK:         scf.for %{{.*}} = %{{.*}} to %[[ROWS:.*]] step
// CHECK-NOT:         scf.for
// CHECK:             arith.maximumf
// CHECK:             vector.shuffle %{{.*}}, %{{.*}} [0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29]
// CHECK:             vector.shuffle %{{.*}}, %{{.*}} [2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31]
// CHECK:             vector.shuffle %{{.*}}, %{{.*}} [0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29]
// CHECK:             vector.store %{{.*}} : memref<4xf32>, vector<4xf32>
// CHECK:             arith.subf
// CHECK-NOT:   scf.forall
// CHECK:       return
func.func @norm(%x: memref<128x64x512xf32>, %y: memref<128x64x16x32xf32>) {
  %zero = arith.constant 0.0 : f32
  %q = memref.alloc() : memref<128x64x512xf32>
  linalg.generic {
    indexing_maps = [affine_map<(b, t, c) -> (b, t, c)>,
                     affine_map<(b, t, c) -> (b, t, c)>],
    iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%x : memref<128x64x512xf32>) outs(%q : memref<128x64x512xf32>) {
  ^bb0(%a: f32, %o: f32):
    %s = arith.maximumf %a, %zero : f32
    linalg.yield %s : f32
  }
  %v = memref.expand_shape %q [[0], [1], [2, 3]] output_shape [128, 64, 16, 32]
    : memref<128x64x512xf32> into memref<128x64x16x32xf32>
  %sum = memref.alloc() : memref<128x64x16xf32>
  linalg.fill ins(%zero : f32) outs(%sum : memref<128x64x16xf32>)
  linalg.generic {
    indexing_maps = [affine_map<(b, t, g, u) -> (b, t, g, u)>,
                     affine_map<(b, t, g, u) -> (b, t, g)>],
    iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
    ins(%v : memref<128x64x16x32xf32>) outs(%sum : memref<128x64x16xf32>) {
  ^bb0(%a: f32, %o: f32):
    %s = arith.addf %a, %o : f32
    linalg.yield %s : f32
  }
  linalg.generic {
    indexing_maps = [affine_map<(b, t, g, u) -> (b, t, g, u)>,
                     affine_map<(b, t, g, u) -> (b, t, g)>,
                     affine_map<(b, t, g, u) -> (b, t, g, u)>],
    iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
    ins(%v, %sum : memref<128x64x16x32xf32>, memref<128x64x16xf32>)
    outs(%y : memref<128x64x16x32xf32>) {
  ^bb0(%a: f32, %m: f32, %o: f32):
    %s = arith.subf %a, %m : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// The sum of a whole row is needed before its pieces: the ops before it and
// behind it have loops of their own, and what passes from one to the other is
// a row.

// CHECK-LABEL: func.func @norm_of_rows
// CHECK:       scf.forall
// CHECK:         memref.alloca() {{.*}} : memref<512xf32>
// CHECK:         scf.for
// CHECK:           scf.for {{.*}} to %c512 step
// CHECK:             arith.maximumf
// CHECK:           scf.for {{.*}} iter_args
// CHECK:             arith.addf
// CHECK:           scf.for %{{.*}} = %c0 to %c8 step
// CHECK-COUNT-4:     arith.subf
// CHECK-COUNT-4:     arith.mulf
func.func @norm_of_rows(%x: memref<8192x512xf32>, %y: memref<8192x512xf32>) {
  %zero = arith.constant 0.0 : f32
  %q = memref.alloc() : memref<8192x512xf32>
  linalg.generic {indexing_maps = [affine_map<(r, c) -> (r, c)>, affine_map<(r, c) -> (r, c)>], iterator_types = ["parallel", "parallel"]}
    ins(%x : memref<8192x512xf32>) outs(%q : memref<8192x512xf32>) {
  ^bb0(%a: f32, %o: f32):
    %s = arith.maximumf %a, %zero : f32
    linalg.yield %s : f32
  }
  %sum = memref.alloc() : memref<8192xf32>
  linalg.fill ins(%zero : f32) outs(%sum : memref<8192xf32>)
  linalg.generic {indexing_maps = [affine_map<(r, c) -> (r, c)>, affine_map<(r, c) -> (r)>], iterator_types = ["parallel", "reduction"]}
    ins(%q : memref<8192x512xf32>) outs(%sum : memref<8192xf32>) {
  ^bb0(%a: f32, %o: f32):
    %s = arith.addf %a, %o : f32
    linalg.yield %s : f32
  }
  %d = memref.alloc() : memref<8192x512xf32>
  linalg.generic {indexing_maps = [affine_map<(r, c) -> (r, c)>, affine_map<(r, c) -> (r)>, affine_map<(r, c) -> (r, c)>], iterator_types = ["parallel", "parallel"]}
    ins(%q, %sum : memref<8192x512xf32>, memref<8192xf32>) outs(%d : memref<8192x512xf32>) {
  ^bb0(%a: f32, %m: f32, %o: f32):
    %s = arith.subf %a, %m : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [affine_map<(r, c) -> (r, c)>, affine_map<(r, c) -> (r, c)>], iterator_types = ["parallel", "parallel"]}
    ins(%d : memref<8192x512xf32>) outs(%y : memref<8192x512xf32>) {
  ^bb0(%a: f32, %o: f32):
    %s = arith.mulf %a, %a : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// A transposed read of what was written needs all rows first: two kernels.

// CHECK-LABEL: func.func @not_fused
// CHECK-COUNT-2: scf.forall
func.func @not_fused(%x: memref<512x512xf32>, %y: memref<512x512xf32>) {
  linalg.generic {
    indexing_maps = [affine_map<(i, j) -> (i, j)>],
    iterator_types = ["parallel", "parallel"]}
    outs(%x : memref<512x512xf32>) {
  ^bb0(%o: f32):
    %s = arith.mulf %o, %o : f32
    linalg.yield %s : f32
  }
  linalg.transpose ins(%x : memref<512x512xf32>) outs(%y : memref<512x512xf32>)
    permutation = [1, 0]
  return
}

// -----

// Four sums of short rows are read as a vector of four: a wider one under a mask would wait until they
// have reached the cache.

// CHECK-LABEL: func.func @short_vectors
// CHECK:       math.sqrt %{{.*}} : vector<4xf32>
// CHECK-NOT:   vector.maskedload
func.func @short_vectors(%x: memref<256x16x32xf32>, %y: memref<256x16x32xf32>) {
  %sums = memref.alloc() : memref<256x16xf32>
  %roots = memref.alloc() : memref<256x16xf32>
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%sums : memref<256x16xf32>)
  linalg.generic {
    indexing_maps = [affine_map<(i, j, k) -> (i, j, k)>, affine_map<(i, j, k) -> (i, j)>],
    iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%x : memref<256x16x32xf32>) outs(%sums : memref<256x16xf32>) {
  ^bb0(%a: f32, %o: f32):
    %square = arith.mulf %a, %a : f32
    %s = arith.addf %o, %square : f32
    linalg.yield %s : f32
  }
  linalg.generic {
    indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
    iterator_types = ["parallel", "parallel"]}
    ins(%sums : memref<256x16xf32>) outs(%roots : memref<256x16xf32>) {
  ^bb0(%a: f32, %o: f32):
    %s = math.sqrt %a : f32
    linalg.yield %s : f32
  }
  linalg.generic {
    indexing_maps = [affine_map<(i, j, k) -> (i, j, k)>, affine_map<(i, j, k) -> (i, j)>, affine_map<(i, j, k) -> (i, j, k)>],
    iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%x, %roots : memref<256x16x32xf32>, memref<256x16xf32>) outs(%y : memref<256x16x32xf32>) {
  ^bb0(%a: f32, %r: f32, %o: f32):
    %s = arith.divf %a, %r : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// How many random numbers a kernel draws, for those who ask what they cost.

// CHECK-LABEL: func.func @draws
// CHECK:       fg.draws = 4096 : i64
func.func @draws(%seed: memref<i64>, %y: memref<64x64xf32>) {
  %s = memref.load %seed[] : memref<i64>
  linalg.generic {
    indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
    outs(%y : memref<64x64xf32>) {
  ^bb0(%o: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %n = fg.noise %s, %s, %i, %j site 7 law gaussian : f32
    linalg.yield %n : f32
  }
  return
}

// -----

// A rare entry leaves the code that draws to a function.

// CHECK-LABEL: func.func @draws_seldom
// CHECK:       %[[V:.*]]:4 = fg.noise_block %{{.*}} site 7 law gaussian : vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>
// CHECK-NOT:   math.sqrt
// CHECK:       %[[W:.*]]:4 = fg.noise_block
// CHECK:       vector.store %[[V]]#3
// CHECK:       vector.store %[[W]]#3
// CHECK:       fg.draws = 8192 : i64
func.func @draws_seldom(%seed: memref<i64>, %y: memref<64x128xf32>) attributes {fg.rare} {
  %s = memref.load %seed[] : memref<i64>
  linalg.generic {
    indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
    outs(%y : memref<64x128xf32>) {
  ^bb0(%o: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %n = fg.noise %s, %s, %i, %j site 7 law gaussian : f32
    linalg.yield %n : f32
  }
  return
}

// -----

// Two blocks are drawn side by side: 32 calls of Philox at once, then 64 logarithms and angles. What
// is left of a row, 100 numbers, takes as much of two blocks as it needs.

// CHECK-LABEL: func.func @two_blocks
// CHECK:       scf.for %{{.*}} = %{{.*}} to %c256{{.*}} step %c128
// CHECK:         arith.muli {{.*}} : vector<16xi64>
// CHECK-COUNT-1: math.sqrt {{.*}} : vector<64xf32>
// CHECK-NOT:     math.sqrt
// CHECK-COUNT-8: vector.store
// CHECK:       }
// CHECK-COUNT-1: math.sqrt {{.*}} : vector<64xf32>
// CHECK-NOT:   math.sqrt
// CHECK-COUNT-6: vector.store
// CHECK:       vector.maskedstore
// CHECK:       fg.draws = 22784 : i64
func.func @two_blocks(%seed: memref<i64>, %y: memref<64x356xf32>) {
  %s = memref.load %seed[] : memref<i64>
  linalg.generic {
    indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
    outs(%y : memref<64x356xf32>) {
  ^bb0(%o: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %n = fg.noise %s, %s, %i, %j site 7 law gaussian : f32
    linalg.yield %n : f32
  }
  return
}

// -----

// Here a block is all there is.

// CHECK-LABEL: func.func @one_block
// CHECK:       arith.muli {{.*}} : vector<8xi64>
// CHECK:       math.sqrt {{.*}} : vector<32xf32>
// CHECK-NOT:   math.sqrt
// CHECK-COUNT-4: vector.store
// CHECK-NOT:   vector.store
// CHECK:       fg.draws = 4096 : i64
func.func @one_block(%seed: memref<i64>, %y: memref<64x64xf32>) {
  %s = memref.load %seed[] : memref<i64>
  linalg.generic {
    indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
    outs(%y : memref<64x64xf32>) {
  ^bb0(%o: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %n = fg.noise %s, %s, %i, %j site 7 law gaussian : f32
    linalg.yield %n : f32
  }
  return
}

// -----

// Four rows of 32 are two blocks.

// CHECK-LABEL: func.func @two_blocks_of_rows
// CHECK:       scf.for %{{.*}} = %{{.*}} to %c16{{.*}} step %c4
// CHECK:         math.sqrt {{.*}} : vector<64xf32>
// CHECK-COUNT-8: vector.store
// CHECK:       fg.draws = 32768 : i64
func.func @two_blocks_of_rows(%seed: memref<i64>, %y: memref<64x16x32xf32>) {
  %s = memref.load %seed[] : memref<i64>
  linalg.generic {
    indexing_maps = [affine_map<(i, j, k) -> (i, j, k)>], iterator_types = ["parallel", "parallel", "parallel"]}
    outs(%y : memref<64x16x32xf32>) {
  ^bb0(%o: f32):
    %c32 = arith.constant 32 : index
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %k = linalg.index 2 : index
    %e = arith.muli %j, %c32 : index
    %f = arith.addi %e, %k : index
    %n = fg.noise %s, %s, %i, %f site 7 law gaussian : f32
    linalg.yield %n : f32
  }
  return
}

// -----

// Rows of one block stay rows: there are as many tasks as they allow.

// CHECK-LABEL: func.func @rows_of_a_block
// CHECK:       scf.forall (%{{.*}}) in (8)
// CHECK:         math.sqrt {{.*}} : vector<32xf32>
// CHECK:       fg.draws = 16384 : i64
func.func @rows_of_a_block(%seed: memref<i64>, %y: memref<256x64xf32>) {
  %s = memref.load %seed[] : memref<i64>
  linalg.generic {
    indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
    outs(%y : memref<256x64xf32>) {
  ^bb0(%o: f32):
    %zero = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %r = arith.muli %i, %c64 : index
    %e = arith.addi %r, %j : index
    %n = fg.noise %s, %s, %zero, %e site 7 law gaussian : f32
    linalg.yield %n : f32
  }
  return
}

// -----

// Rounding that is undone at once is meant: nothing may take the two for one.

// CHECK-LABEL: func.func @rounded
// CHECK:       arith.truncf %{{[a-z0-9]+}} : vector<16xf32> to vector<16xbf16>
// CHECK:       arith.extf %{{[a-z0-9]+}} : vector<16xbf16> to vector<16xf32>
func.func @rounded(%x: memref<1024x1024xf32>, %y: memref<1024x1024xf32>) {
  linalg.generic {
    indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
    iterator_types = ["parallel", "parallel"]}
    ins(%x : memref<1024x1024xf32>) outs(%y : memref<1024x1024xf32>) {
  ^bb0(%a: f32, %o: f32):
    %s = arith.truncf %a : f32 to bf16
    %w = arith.extf %s : bf16 to f32
    linalg.yield %w : f32
  }
  return
}

// -----

// Random numbers are drawn in blocks, which short rows have no room for: they do not join those.

// CHECK-LABEL: func.func @draws_apart
// CHECK:       scf.forall
// CHECK:       } {{.*}}fg.what = "rows 65536 x 8, 6 ops"
// CHECK:       scf.forall
// CHECK:       } {{.*}}fg.draws = 524288 : i64, fg.what = "rows 64 x 8192"
func.func @draws_apart(%s: i64, %x: memref<64x1024x8xf32>, %y: memref<64x8192xf32>,
                       %m: memref<64x1024xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%m : memref<64x1024xf32>)
  linalg.generic {
    indexing_maps = [affine_map<(i, j, k) -> (i, j, k)>, affine_map<(i, j, k) -> (i, j)>],
    iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%x : memref<64x1024x8xf32>) outs(%m : memref<64x1024xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.addf %o, %a : f32
    linalg.yield %r : f32
  }
  linalg.generic {
    indexing_maps = [affine_map<(i, j, k) -> (i, j)>, affine_map<(i, j, k) -> (i, j, k)>],
    iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%m : memref<64x1024xf32>) outs(%x : memref<64x1024x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.subf %o, %a : f32
    linalg.yield %r : f32
  }
  linalg.fill ins(%zero : f32) outs(%m : memref<64x1024xf32>)
  linalg.generic {
    indexing_maps = [affine_map<(i, j, k) -> (i, j, k)>, affine_map<(i, j, k) -> (i, j)>],
    iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%x : memref<64x1024x8xf32>) outs(%m : memref<64x1024xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.addf %o, %a : f32
    linalg.yield %r : f32
  }
  linalg.generic {
    indexing_maps = [affine_map<(i, j, k) -> (i, j)>, affine_map<(i, j, k) -> (i, j, k)>],
    iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%m : memref<64x1024xf32>) outs(%x : memref<64x1024x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.subf %o, %a : f32
    linalg.yield %r : f32
  }
  linalg.fill ins(%zero : f32) outs(%m : memref<64x1024xf32>)
  linalg.generic {
    indexing_maps = [affine_map<(i, j, k) -> (i, j, k)>, affine_map<(i, j, k) -> (i, j)>],
    iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%x : memref<64x1024x8xf32>) outs(%m : memref<64x1024xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.addf %o, %a : f32
    linalg.yield %r : f32
  }
  linalg.generic {
    indexing_maps = [affine_map<(i, j, k) -> (i, j)>, affine_map<(i, j, k) -> (i, j, k)>],
    iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%m : memref<64x1024xf32>) outs(%x : memref<64x1024x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.subf %o, %a : f32
    linalg.yield %r : f32
  }
  linalg.generic {
    indexing_maps = [affine_map<(i, j) -> (i, j)>],
    iterator_types = ["parallel", "parallel"]}
    outs(%y : memref<64x8192xf32>) {
  ^bb0(%o: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %n = fg.noise %s, %s, %i, %j site 7 law gaussian : f32
    linalg.yield %n : f32
  }
  return
}

// -----

// Both lanes of a sum are read: 2 x 1024 numbers of 4 bytes, and as many as one has are written. What is read at one
// place twice counts once.

// CHECK-LABEL: func.func @adds_lanes
// CHECK: fg.bytes = 12288 : i64
func.func @adds_lanes(%lanes: memref<2x1024xf32>, %sum: memref<1024xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (0, i)>, affine_map<(i) -> (1, i)>, affine_map<(i) -> (0, i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%lanes, %lanes, %lanes : memref<2x1024xf32>, memref<2x1024xf32>, memref<2x1024xf32>) outs(%sum : memref<1024xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32, %o: f32):
    %s = arith.addf %a, %b : f32
    %t = arith.addf %s, %c : f32
    linalg.yield %t : f32
  }
  return
}
