// RUN: %fg-opt %s --fg-bf16-as-bits --split-input-file --verify-diagnostics | FileCheck %s

// Loads, stores, masks and moves, loops and calls: what had been cast to bits is them.

// CHECK-LABEL: func.func @moves(
// CHECK-SAME: %[[A:.*]]: memref<64xi16>, %{{.*}}: memref<64xi16, strided<[2]>>
// CHECK-NOT: bf16
// CHECK: %[[ZERO:.*]] = arith.constant dense<0> : vector<8xi16>
// CHECK: %[[HALF:.*]] = arith.constant 16128 : i16
// CHECK: %[[LAST:.*]] = scf.for {{.*}} -> (vector<8xi16>)
// CHECK: vector.maskedload %[[A]]{{.*}} : memref<64xi16>, vector<8xi1>, vector<8xi16> into vector<8xi16>
// CHECK-NOT: arith.bitcast
// CHECK: arith.extui %[[LAST]] : vector<8xi16> to vector<8xi32>
// CHECK: call @use(%{{.*}}) : (vector<8xi16>) -> ()
// CHECK: func.func private @use(vector<8xi16>)
func.func @moves(%a: memref<64xbf16>, %s: memref<64xbf16, strided<[2]>>, %mask: vector<8xi1>, %n: index) -> vector<8xi32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant dense<0.0> : vector<8xbf16>
  %half = arith.constant 0.5 : bf16
  %none = arith.constant dense<0> : vector<8xi32>
  memref.store %half, %s[%c0] : memref<64xbf16, strided<[2]>>
  %last = scf.for %i = %c0 to %n step %c1 iter_args(%v = %zero) -> vector<8xbf16> {
    %x = vector.maskedload %a[%i], %mask, %v : memref<64xbf16>, vector<8xi1>, vector<8xbf16> into vector<8xbf16>
    scf.yield %x : vector<8xbf16>
  }
  %bits = arith.bitcast %last : vector<8xbf16> to vector<8xi16>
  %wide = arith.extui %bits : vector<8xi16> to vector<8xi32>
  func.call @use(%last) : (vector<8xbf16>) -> ()
  return %wide : vector<8xi32>
}
func.func private @use(vector<8xbf16>)

// -----

// Instructions keep their types.

// CHECK-LABEL: func.func @dot
// CHECK: llvm.bitcast %{{.*}} : vector<16xi32> to vector<32xbf16>
// CHECK: llvm.call_intrinsic
func.func @dot(%sum: vector<16xf32>, %x: vector<16xi32>) -> vector<16xf32> {
  %n = llvm.bitcast %x : vector<16xi32> to vector<32xbf16>
  %r = llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"(%sum, %n, %n) : (vector<16xf32>, vector<32xbf16>, vector<32xbf16>) -> vector<16xf32>
  return %r : vector<16xf32>
}

// -----

func.func @computes(%x: bf16) -> bf16 {
  // expected-error @+1 {{computes with bf16 numbers}}
  %y = arith.addf %x, %x : bf16
  return %y : bf16
}

// -----

func.func @rounds(%x: f64) -> bf16 {
  // expected-error @+1 {{computes with bf16 numbers}}
  %y = arith.truncf %x : f64 to bf16
  return %y : bf16
}
