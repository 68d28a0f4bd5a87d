// RUN: %fg-opt %s --pass-pipeline='builtin.module(fg-limit-entry{vector-bytes=64 vector-registers=32 l2=1048576})' | FileCheck %s --check-prefixes=CHECK,WIDE
// RUN: %fg-opt %s --pass-pipeline='builtin.module(fg-limit-entry{vector-bytes=32 vector-registers=16 l2=262144 double=true})' | FileCheck %s --check-prefixes=CHECK,NARROW
// RUN: %fg-opt %s --pass-pipeline='builtin.module(fg-limit-entry{vector-bytes=64 vector-registers=32 l2=1048576 dots=true})' | FileCheck %s --check-prefix=DOTS
// RUN: %fg-opt %s --pass-pipeline='builtin.module(fg-limit-entry{vector-bytes=32 vector-registers=16 l2=262144 draws=rademacher})' | FileCheck %s --check-prefix=DRAWS
// RUN: %fg-opt %s --pass-pipeline='builtin.module(fg-limit-entry{vector-bytes=32 vector-registers=16 l2=262144 draws=gaussian double=true})' | FileCheck %s --check-prefix=NORMAL
// RUN: %fg-opt %s --pass-pipeline='builtin.module(fg-limit-entry{vector-bytes=64 vector-registers=32 l2=262144 draws=gaussian})' | FileCheck %s --check-prefix=SIDE
// RUN: not %fg-opt %s --pass-pipeline='builtin.module(fg-limit-entry{vector-bytes=32 draws=uniform})' 2>&1 | FileCheck %s --check-prefix=NOLAW

// What the module has stays, the entry comes behind it.
// CHECK: func.func @step
// CHECK: func.func @limit() {
module {
  func.func @step() {
    return
  }
}

// As many sums as there are registers beside the factors: 24 of 32, 12 of 16.
// WIDE: memref.alloc() : memref<15360xf32>
// NARROW: memref.alloc() : memref<3840xf64>
// CHECK: scf.forall (%{{.*}}) in (960) {
// WIDE: :24 = scf.for %{{.*}} = %c0 to %c1365 
// NARROW: :12 = scf.for
// WIDE-COUNT-24: vector.fma %{{.*}} : vector<16xf32>
// NARROW-COUNT-12: vector.fma %{{.*}} : vector<4xf64>
// CHECK-NOT: vector.fma
// CHECK: vector.store

// 2 operations for each lane, sum and round; nothing is read or written.
// WIDE: } {fg.bytes = 0 : i64, fg.flops = 1006387200 : i64, fg.what = "multiply-adds in registers"}
// NARROW: } {fg.bytes = 0 : i64, fg.flops = 1006571520 : i64, fg.what = "multiply-adds in registers"}

// 4 with pairs of bf16: as many as fit into the same time.
// DOTS: :24 = scf.for %{{.*}} = %c0 to %c682 
// DOTS-COUNT-24: llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"(%{{.*}}) : (vector<16xf32>, vector<32xbf16>, vector<32xbf16>) -> vector<16xf32>
// DOTS-NOT: llvm.call_intrinsic
// DOTS: vector.store

// A quarter of the cache is read, another one is written.
// CHECK: scf.forall (%{{.*}}) in (960) {
// WIDE: memref.alloca() : memref<65536xi32>
// NARROW: memref.alloca() : memref<16384xi32>
// CHECK: scf.for
// CHECK: vector.load
// CHECK: arith.xori
// CHECK: vector.store
// WIDE: } {fg.bytes = 503316480 : i64, fg.flops = 0 : i64, fg.what = "copies in L2"}
// NARROW: } {fg.bytes = 125829120 : i64, fg.flops = 0 : i64, fg.what = "copies in L2"}

// By a law: blocks of 64 numbers, of a seed and a step that are not known.
// CHECK-NOT: fg.draws
// DRAWS: fg.what = "copies in L2"}
// DRAWS: scf.forall (%[[PIECE:.*]]) in (960) {
// DRAWS: memref.load
// DRAWS: memref.load
// DRAWS: memref.alloca() : memref<4096xf32>
// DRAWS: scf.for %[[FIRST:.*]] = %{{.*}} to %{{.*}} step
// DRAWS-COUNT-8: vector.store %{{.*}} : memref<4096xf32>, vector<8xf32>
// DRAWS-NOT: vector.store
// DRAWS: } {fg.bytes = 0 : i64, fg.draws = 3932160 : i64, fg.flops = 0 : i64, fg.what = "draws"}
// NORMAL: memref.alloca() : memref<4096xf64>
// NORMAL: math.cos
// NORMAL-COUNT-16: vector.store %{{.*}} : memref<4096xf64>, vector<4xf64>
// Two blocks side by side, where registers hold them.
// SIDE: memref.alloca() : memref<4096xf32>
// SIDE: scf.for %{{.*}} = %{{.*}} to %c4096{{.*}} step %c128
// SIDE: math.sqrt {{.*}} : vector<64xf32>
// SIDE-COUNT-8: vector.store %{{.*}} : memref<4096xf32>, vector<16xf32>
// SIDE-NOT: vector.store
// NOLAW: no law 'uniform'
