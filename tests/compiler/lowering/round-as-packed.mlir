// RUN: %fg-opt %s --split-input-file --fg-round-as-packed | FileCheck %s

// Products read an argument, and a view of it, in place of its rounded copy, which goes away.

#xk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#nk = affine_map<(m, n, k) -> (n, k)>
#mn = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(k, n) -> (k, n)>

// CHECK-LABEL: func.func @step
// CHECK-SAME: %[[X:.*]]: memref<16x64xbf16>, %[[W:[a-z0-9]+]]: memref<64x64xf32>
// CHECK-NOT: memref<64x64xbf16>
// CHECK: linalg.generic {{.*}} ins(%[[X]], %[[W]] : memref<16x64xbf16>, memref<64x64xf32>)
// CHECK-NEXT: ^bb0(%[[A:.*]]: bf16, %[[B:.*]]: f32, %[[O:.*]]: f32)
// CHECK-NEXT: %[[R:.*]] = arith.truncf %[[B]] : f32 to bf16
// CHECK: arith.extf %[[A]]
// CHECK: arith.extf %[[R]]
// CHECK: %[[VIEW:.*]] = memref.expand_shape %[[W]] {{.*}} : memref<64x64xf32> into memref<64x4x16xf32>
// CHECK: linalg.generic {{.*}} ins(%[[X]], %[[VIEW]] : memref<16x64xbf16>, memref<64x4x16xf32>)
// CHECK: arith.truncf
// CHECK: linalg.generic {{.*}} outs(%[[W]] : memref<64x64xf32>)
func.func @step(%x: memref<16x64xbf16>, %w: memref<64x64xf32>, %y: memref<16x64xf32>, %z: memref<16x4x16xf32>) {
  %r = memref.alloc() : memref<64x64xbf16>
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%w : memref<64x64xf32>) outs(%r : memref<64x64xbf16>) {
  ^bb0(%a: f32, %o: bf16):
    %s = arith.truncf %a : f32 to bf16
    linalg.yield %s : bf16
  }
  linalg.generic {indexing_maps = [#xk, #kn, #mn], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %r : memref<16x64xbf16>, memref<64x64xbf16>) outs(%y : memref<16x64xf32>) {
  ^bb0(%a: bf16, %b: bf16, %o: f32):
    %aw = arith.extf %a : bf16 to f32
    %bw = arith.extf %b : bf16 to f32
    %p = arith.mulf %aw, %bw : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  %view = memref.expand_shape %r [[0], [1, 2]] output_shape [64, 4, 16] : memref<64x64xbf16> into memref<64x4x16xbf16>
  linalg.generic {indexing_maps = [affine_map<(m, g, n, k) -> (m, k)>, affine_map<(m, g, n, k) -> (k, g, n)>, affine_map<(m, g, n, k) -> (m, g, n)>],
                  iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%x, %view : memref<16x64xbf16>, memref<64x4x16xbf16>) outs(%z : memref<16x4x16xf32>) {
  ^bb0(%a: bf16, %b: bf16, %o: f32):
    %aw = arith.extf %a : bf16 to f32
    %bw = arith.extf %b : bf16 to f32
    %p = arith.mulf %aw, %bw : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%w : memref<64x64xf32>) {
  ^bb0(%o: f32):
    %s = arith.addf %o, %o : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// Not where the argument is written before a product reads the copy,

#xk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(k, n) -> (k, n)>

// CHECK-LABEL: func.func @written
// CHECK: ins(%{{.*}}, %{{.*}} : memref<16x64xbf16>, memref<64x64xbf16>)
func.func @written(%x: memref<16x64xbf16>, %w: memref<64x64xf32>, %y: memref<16x64xf32>) {
  %r = memref.alloc() : memref<64x64xbf16>
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%w : memref<64x64xf32>) outs(%r : memref<64x64xbf16>) {
  ^bb0(%a: f32, %o: bf16):
    %s = arith.truncf %a : f32 to bf16
    linalg.yield %s : bf16
  }
  linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%w : memref<64x64xf32>) {
  ^bb0(%o: f32):
    %s = arith.addf %o, %o : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#xk, #kn, #mn], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %r : memref<16x64xbf16>, memref<64x64xbf16>) outs(%y : memref<16x64xf32>) {
  ^bb0(%a: bf16, %b: bf16, %o: f32):
    %aw = arith.extf %a : bf16 to f32
    %bw = arith.extf %b : bf16 to f32
    %p = arith.mulf %aw, %bw : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// or in a loop after one does;

#xk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(k, n) -> (k, n)>

// CHECK-LABEL: func.func @written_in_loop
// CHECK: ins(%{{.*}}, %{{.*}} : memref<16x64xbf16>, memref<64x64xbf16>)
func.func @written_in_loop(%x: memref<16x64xbf16>, %w: memref<64x64xf32>, %y: memref<16x64xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %r = memref.alloc() : memref<64x64xbf16>
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%w : memref<64x64xf32>) outs(%r : memref<64x64xbf16>) {
  ^bb0(%a: f32, %o: bf16):
    %s = arith.truncf %a : f32 to bf16
    linalg.yield %s : bf16
  }
  scf.for %i = %c0 to %c8 step %c1 {
    linalg.generic {indexing_maps = [#xk, #kn, #mn], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%x, %r : memref<16x64xbf16>, memref<64x64xbf16>) outs(%y : memref<16x64xf32>) {
    ^bb0(%a: bf16, %b: bf16, %o: f32):
      %aw = arith.extf %a : bf16 to f32
      %bw = arith.extf %b : bf16 to f32
      %p = arith.mulf %aw, %bw : f32
      %s = arith.addf %o, %p : f32
      linalg.yield %s : f32
    }
    linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%w : memref<64x64xf32>) {
    ^bb0(%o: f32):
      %s = arith.addf %o, %o : f32
      linalg.yield %s : f32
    }
  }
  return
}

// -----

// not where something else reads the copy, or a product as A: that is read where it lies;

#xk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(k, n) -> (k, n)>

// CHECK-LABEL: func.func @read_elsewhere
// CHECK: ins(%{{.*}}, %{{.*}} : memref<16x64xbf16>, memref<64x64xbf16>)
// CHECK: ins(%{{.*}}, %{{.*}} : memref<16x64xbf16>, memref<64x64xbf16>)
func.func @read_elsewhere(%x: memref<16x64xbf16>, %v: memref<16x64xf32>, %w: memref<64x64xf32>,
                          %b: memref<64x64xbf16>, %y: memref<16x64xf32>, %q: memref<64x64xbf16>) {
  %r = memref.alloc() : memref<64x64xbf16>
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%w : memref<64x64xf32>) outs(%r : memref<64x64xbf16>) {
  ^bb0(%a: f32, %o: bf16):
    %s = arith.truncf %a : f32 to bf16
    linalg.yield %s : bf16
  }
  linalg.generic {indexing_maps = [#xk, #kn, #mn], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %r : memref<16x64xbf16>, memref<64x64xbf16>) outs(%y : memref<16x64xf32>) {
  ^bb0(%a: bf16, %c: bf16, %o: f32):
    %aw = arith.extf %a : bf16 to f32
    %bw = arith.extf %c : bf16 to f32
    %p = arith.mulf %aw, %bw : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  memref.copy %r, %q : memref<64x64xbf16> to memref<64x64xbf16>
  %u = memref.alloc() : memref<16x64xbf16>
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%v : memref<16x64xf32>) outs(%u : memref<16x64xbf16>) {
  ^bb0(%a: f32, %o: bf16):
    %s = arith.truncf %a : f32 to bf16
    linalg.yield %s : bf16
  }
  linalg.generic {indexing_maps = [#xk, #kn, #mn], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%u, %b : memref<16x64xbf16>, memref<64x64xbf16>) outs(%y : memref<16x64xf32>) {
  ^bb0(%a: bf16, %c: bf16, %o: f32):
    %aw = arith.extf %a : bf16 to f32
    %bw = arith.extf %c : bf16 to f32
    %p = arith.mulf %aw, %bw : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// and not where numbers are computed: then the copy is all that there is.

#xk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(k, n) -> (k, n)>

// CHECK-LABEL: func.func @computed
// CHECK: ins(%{{.*}}, %{{.*}} : memref<16x64xbf16>, memref<64x64xbf16>)
// CHECK: ins(%{{.*}}, %{{.*}} : memref<16x64xbf16>, memref<64x64xbf16>)
func.func @computed(%x: memref<16x64xbf16>, %w: memref<64x64xf32>, %y: memref<16x64xf32>) {
  %r = memref.alloc() : memref<64x64xbf16>
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%w : memref<64x64xf32>) outs(%r : memref<64x64xbf16>) {
  ^bb0(%a: f32, %o: bf16):
    %t = arith.mulf %a, %a : f32
    %s = arith.truncf %t : f32 to bf16
    linalg.yield %s : bf16
  }
  linalg.generic {indexing_maps = [#xk, #kn, #mn], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %r : memref<16x64xbf16>, memref<64x64xbf16>) outs(%y : memref<16x64xf32>) {
  ^bb0(%a: bf16, %b: bf16, %o: f32):
    %aw = arith.extf %a : bf16 to f32
    %bw = arith.extf %b : bf16 to f32
    %p = arith.mulf %aw, %bw : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  %f = memref.alloc() : memref<64x64xf32>
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%w : memref<64x64xf32>) outs(%f : memref<64x64xf32>) {
  ^bb0(%a: f32, %o: f32):
    %t = arith.mulf %a, %a : f32
    linalg.yield %t : f32
  }
  %g = memref.alloc() : memref<64x64xbf16>
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%f : memref<64x64xf32>) outs(%g : memref<64x64xbf16>) {
  ^bb0(%a: f32, %o: bf16):
    %s = arith.truncf %a : f32 to bf16
    linalg.yield %s : bf16
  }
  linalg.generic {indexing_maps = [#xk, #kn, #mn], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %g : memref<16x64xbf16>, memref<64x64xbf16>) outs(%y : memref<16x64xf32>) {
  ^bb0(%a: bf16, %b: bf16, %o: f32):
    %aw = arith.extf %a : bf16 to f32
    %bw = arith.extf %b : bf16 to f32
    %p = arith.mulf %aw, %bw : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}
