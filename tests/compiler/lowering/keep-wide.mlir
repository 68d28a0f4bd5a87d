// RUN: %fg-opt %s --split-input-file --fg-keep-wide="bf16=widened l2=262144" | FileCheck %s
// RUN: %fg-opt %s --split-input-file --fg-keep-wide="bf16=dot l2=262144" | FileCheck %s --check-prefix=DOT
// RUN: %fg-opt %s --split-input-file --fg-keep-wide="bf16=widened l2=8000" | FileCheck %s --check-prefix=DOT

// A temporary that L2 keeps holds the rounded numbers as f32: who writes it rounds as before, who reads it
// needs not widen, and copies them as they are. Where pairs are multiplied, or L2 is too small, it stays.

#id = affine_map<(m, k) -> (m, k)>
#xk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>

// CHECK-LABEL: func.func @temporaries
// CHECK-SAME: %[[X:.*]]: memref<16x64xf32>, %[[W:.*]]: memref<64x64xf32>
// CHECK: %[[R:.*]] = memref.alloc() : memref<16x64xf32>
// CHECK: linalg.generic {{.*}} ins(%[[X]] : memref<16x64xf32>) outs(%[[R]] : memref<16x64xf32>)
// CHECK-NEXT: ^bb0(%[[N:.*]]: f32, %{{.*}}: f32)
// CHECK-NEXT: %[[S:.*]] = arith.truncf %[[N]] : f32 to bf16
// CHECK-NEXT: %[[F:.*]] = arith.extf %[[S]] : bf16 to f32
// CHECK-NEXT: linalg.yield %[[F]]
// CHECK: %[[C:.*]] = memref.alloc() : memref<32x64xf32>
// CHECK: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK: linalg.fill ins(%[[ZERO]] : f32) outs(%[[C]] : memref<32x64xf32>)
// CHECK: %[[V:.*]] = memref.subview %[[C]][8, 0] [16, 64] [1, 1] : memref<32x64xf32> to memref<16x64xf32, strided<[64, 1], offset: 512>>
// CHECK: linalg.generic {{.*}} ins(%[[R]] : {{.*}}) outs(%[[V]] : {{.*}})
// CHECK-NEXT: ^bb0(%[[N:.*]]: f32, %{{.*}}: f32)
// CHECK-NEXT: linalg.yield %[[N]]
// CHECK: linalg.generic {{.*}} ins(%[[R]], %[[W]] : memref<16x64xf32>, memref<64x64xf32>)
// CHECK-NEXT: ^bb0(%[[A:.*]]: f32, %[[B:.*]]: f32, %{{.*}}: f32)
// CHECK-NOT: extf %[[A]]
// CHECK: arith.truncf %[[B]]
// CHECK: arith.mulf %[[A]], %{{.*}}
// DOT-LABEL: func.func @temporaries
// DOT: memref.alloc() : memref<16x64xbf16>
// DOT: memref.alloc() : memref<32x64xbf16>
// DOT: ins(%{{.*}}, %{{.*}} : memref<16x64xbf16>, memref<64x64xf32>)
func.func @temporaries(%x: memref<16x64xf32>, %w: memref<64x64xf32>, %y: memref<16x64xf32>) {
  %zero = arith.constant 0.0 : bf16
  %r = memref.alloc() : memref<16x64xbf16>
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<16x64xf32>) outs(%r : memref<16x64xbf16>) {
  ^bb0(%n: f32, %o: bf16):
    %s = arith.truncf %n : f32 to bf16
    linalg.yield %s : bf16
  }
  %c = memref.alloc() : memref<32x64xbf16>
  linalg.fill ins(%zero : bf16) outs(%c : memref<32x64xbf16>)
  %v = memref.subview %c[8, 0] [16, 64] [1, 1] : memref<32x64xbf16> to memref<16x64xbf16, strided<[64, 1], offset: 512>>
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%r : memref<16x64xbf16>) outs(%v : memref<16x64xbf16, strided<[64, 1], offset: 512>>) {
  ^bb0(%n: bf16, %o: bf16):
    linalg.yield %n : bf16
  }
  linalg.generic {indexing_maps = [#xk, #kn, #mn], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%r, %w : memref<16x64xbf16>, memref<64x64xf32>) outs(%y : memref<16x64xf32>) {
  ^bb0(%a: bf16, %b: f32, %o: f32):
    %s = arith.truncf %b : f32 to bf16
    %aw = arith.extf %a : bf16 to f32
    %bw = arith.extf %s : bf16 to f32
    %p = arith.mulf %aw, %bw : f32
    %t = arith.addf %o, %p : f32
    linalg.yield %t : f32
  }
  return
}

// -----

// What adds bf16 numbers up rounds each sum: it stays as it is.

// CHECK-LABEL: func.func @sum
// CHECK: memref.alloc() : memref<64xbf16>
func.func @sum(%x: memref<16x64xf32>, %y: memref<64xf32>) {
  %zero = arith.constant 0.0 : bf16
  %s = memref.alloc() : memref<64xbf16>
  linalg.fill ins(%zero : bf16) outs(%s : memref<64xbf16>)
  linalg.generic {indexing_maps = [affine_map<(n, m) -> (m, n)>, affine_map<(n, m) -> (n)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<16x64xf32>) outs(%s : memref<64xbf16>) {
  ^bb0(%n: f32, %o: bf16):
    %r = arith.truncf %n : f32 to bf16
    %t = arith.addf %o, %r : bf16
    linalg.yield %t : bf16
  }
  linalg.generic {indexing_maps = [affine_map<(n) -> (n)>, affine_map<(n) -> (n)>], iterator_types = ["parallel"]}
      ins(%s : memref<64xbf16>) outs(%y : memref<64xf32>) {
  ^bb0(%n: bf16, %o: f32):
    %t = arith.extf %n : bf16 to f32
    linalg.yield %t : f32
  }
  return
}

// -----

// What leaves the function does, too.

// CHECK-LABEL: func.func @returned
// CHECK: memref.alloc() : memref<16x64xbf16>
func.func @returned(%x: memref<16x64xf32>) -> memref<16x64xbf16> {
  %r = memref.alloc() : memref<16x64xbf16>
  linalg.generic {indexing_maps = [affine_map<(m, k) -> (m, k)>, affine_map<(m, k) -> (m, k)>], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<16x64xf32>) outs(%r : memref<16x64xbf16>) {
  ^bb0(%n: f32, %o: bf16):
    %s = arith.truncf %n : f32 to bf16
    linalg.yield %s : bf16
  }
  return %r : memref<16x64xbf16>
}
