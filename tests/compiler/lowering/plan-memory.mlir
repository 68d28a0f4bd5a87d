// RUN: %fg-opt --fg-plan-memory --split-input-file %s | FileCheck %s

// Two buffers whose lifetimes do not meet share their bytes; a third lives on.

// CHECK-LABEL: func.func @sharing
// CHECK-SAME:    %[[X:[a-z0-9]+]]: memref<32xf32> {fg.binding = 0 : i64}
// CHECK-SAME:    %[[ARENA:[a-z0-9]+]]: memref<256xi8> {fg.arena}
// CHECK-SAME:    %[[SCRATCH:[a-z0-9]+]]: memref<0xi8> {fg.scratch}
// CHECK-SAME:    fg.arena_bytes = 256 : i64, fg.scratch_bytes = 0 : i64
func.func @sharing(%x: memref<32xf32> {fg.binding = 0 : i64}) {
  // CHECK: %[[C0:.*]] = arith.constant 0 : index
  // CHECK: memref.view %[[ARENA]][%[[C0]]][] : memref<256xi8> to memref<32xf32>
  // CHECK: %[[C128:.*]] = arith.constant 128 : index
  // CHECK: memref.view %[[ARENA]][%[[C128]]][] : memref<256xi8> to memref<32xf32>
  // CHECK: %[[AGAIN:.*]] = arith.constant 0 : index
  // CHECK: memref.view %[[ARENA]][%[[AGAIN]]][] : memref<256xi8> to memref<32xf32>
  %a = memref.alloc() : memref<32xf32>
  %b = memref.alloc() : memref<32xf32>
  %c = memref.alloc() : memref<32xf32>
  memref.copy %x, %a : memref<32xf32> to memref<32xf32>
  memref.copy %a, %b : memref<32xf32> to memref<32xf32>
  memref.copy %b, %c : memref<32xf32> to memref<32xf32>
  memref.copy %c, %x : memref<32xf32> to memref<32xf32>
  // CHECK-NOT: memref.dealloc
  memref.dealloc %a : memref<32xf32>
  return
}

// -----

// A view of a buffer keeps it alive: %a is read through %rows after %b is written.

// CHECK-LABEL: func.func @view_keeps_alive
// CHECK-SAME:    memref<256xi8> {fg.arena}
func.func @view_keeps_alive(%x: memref<4x8xf32> {fg.binding = 0 : i64}) {
  %a = memref.alloc() : memref<32xf32>
  %b = memref.alloc() : memref<4x8xf32>
  %rows = memref.expand_shape %a [[0, 1]] output_shape [4, 8]
      : memref<32xf32> into memref<4x8xf32>
  %c0 = arith.constant 0 : index
  %f = memref.load %x[%c0, %c0] : memref<4x8xf32>
  memref.store %f, %a[%c0] : memref<32xf32>
  scf.forall (%i) in (4) {
    memref.store %f, %b[%i, %i] : memref<4x8xf32>
  }
  memref.copy %rows, %x : memref<4x8xf32> to memref<4x8xf32>
  memref.copy %b, %x : memref<4x8xf32> to memref<4x8xf32>
  return
}

// -----

// Without the late use of the view both fit into one place. A use inside a kernel
// counts for the kernel.

// CHECK-LABEL: func.func @no_late_use
// CHECK-SAME:    memref<128xi8> {fg.arena}
func.func @no_late_use(%x: memref<4x8xf32> {fg.binding = 0 : i64}) {
  %a = memref.alloc() : memref<32xf32>
  %b = memref.alloc() : memref<4x8xf32>
  %rows = memref.expand_shape %a [[0, 1]] output_shape [4, 8]
      : memref<32xf32> into memref<4x8xf32>
  scf.forall (%i) in (4) {
    %f = memref.load %rows[%i, %i] : memref<4x8xf32>
    memref.store %f, %x[%i, %i] : memref<4x8xf32>
  }
  memref.copy %x, %b : memref<4x8xf32> to memref<4x8xf32>
  memref.copy %b, %x : memref<4x8xf32> to memref<4x8xf32>
  return
}

// -----

// Large buffers of a kernel go to the worker's scratch, small ones stay on the
// stack, ahead of loops. Kernels share the scratch.

// CHECK-LABEL: func.func @kernels
// CHECK-SAME:    memref<0xi8> {fg.arena}
// CHECK-SAME:    %[[SCRATCH:[a-z0-9]+]]: memref<12416xi8> {fg.scratch}
func.func @kernels(%x: memref<4xf64> {fg.binding = 0 : i64}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  // CHECK: scf.forall
  scf.forall (%i) in (4) {
    // CHECK: memref.alloca() {alignment = 64 : i64} : memref<16xf64>
    // CHECK: scf.for
    scf.for %j = %c0 to %c4 step %c1 {
      // CHECK-NOT: memref.alloca
      %small = memref.alloca() : memref<16xf64>
      // CHECK: %[[AT:.*]] = arith.constant 0 : index
      // CHECK: memref.view %[[SCRATCH]][%[[AT]]][] : memref<12416xi8> to memref<1030xf64>
      %large = memref.alloca() : memref<1030xf64>
      // CHECK: %[[AT:.*]] = arith.constant 8256 : index
      // CHECK: memref.view %[[SCRATCH]][%[[AT]]][] : memref<12416xi8> to memref<1040xf32>
      %odd = memref.alloca() : memref<4x1024xi8>
      %other = memref.alloc() : memref<1040xf32>
      %f = memref.load %x[%i] : memref<4xf64>
      memref.store %f, %small[%j] : memref<16xf64>
      memref.store %f, %large[%j] : memref<1030xf64>
      memref.dealloc %other : memref<1040xf32>
    }
  }
  // CHECK: scf.forall
  scf.forall (%i) in (4) {
    // CHECK: memref.view %[[SCRATCH]]{{.*}} to memref<1025xf64>
    %large = memref.alloca() : memref<1025xf64>
    %f = memref.load %x[%i] : memref<4xf64>
    memref.store %f, %large[%i] : memref<1025xf64>
  }
  return
}

// -----

// A layout is put on top of dense memory.

// CHECK-LABEL: func.func @layout
// CHECK-SAME:    memref<128xi8> {fg.arena}
func.func @layout(%x: memref<2x3xf32> {fg.binding = 0 : i64}) {
  // CHECK: %[[FLAT:.*]] = memref.view {{.*}} to memref<19xf32>
  // CHECK: memref.reinterpret_cast %[[FLAT]] to offset: [0], sizes: [2, 3], strides: [16, 1]
  %a = memref.alloc() : memref<2x3xf32, strided<[16, 1]>>
  memref.copy %x, %a : memref<2x3xf32> to memref<2x3xf32, strided<[16, 1]>>
  memref.copy %a, %x : memref<2x3xf32, strided<[16, 1]>> to memref<2x3xf32>
  return
}

// -----

// In a loop over tiles: buffers of the loop share bytes with each other, and not with one from
// outside that is used in it, before or behind.

// CHECK-LABEL: func.func @tiles
// CHECK-SAME:    fg.arena_bytes = 256 : i64
// CHECK:         %[[C0:c0_[0-9]+]] = arith.constant 0 : index
// CHECK:         memref.view %{{.*}}[%[[C0]]][] : memref<256xi8> to memref<32xf32>
// CHECK:         scf.for
// CHECK:           %[[C128:.*]] = arith.constant 128 : index
// CHECK:           memref.view %{{.*}}[%[[C128]]][] : memref<256xi8> to memref<32xf32>
// CHECK:           %[[AGAIN:.*]] = arith.constant 128 : index
// CHECK:           memref.view %{{.*}}[%[[AGAIN]]][] : memref<256xi8> to memref<32xf32>
func.func @tiles(%x: memref<32xf32> {fg.binding = 0 : i64}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %a = memref.alloc() : memref<32xf32>
  scf.for %i = %c0 to %c4 step %c1 {
    %b = memref.alloc() : memref<32xf32>
    %c = memref.alloc() : memref<32xf32>
    memref.copy %x, %b : memref<32xf32> to memref<32xf32>
    memref.copy %b, %x : memref<32xf32> to memref<32xf32>
    memref.copy %x, %c : memref<32xf32> to memref<32xf32>
    memref.copy %c, %a : memref<32xf32> to memref<32xf32>
  }
  return
}

// -----

// In a chain no task waits for the others: buffers of it share bytes only in one place, each task its
// own share. %d goes where %a was.

// CHECK-LABEL: func.func @chained
// CHECK-SAME:    fg.arena_bytes = 576 : i64
// CHECK:         %[[A:.*]] = arith.constant 0 : index
// CHECK:         memref.view %{{.*}}[%[[A]]][] : {{.*}} to memref<64xf32>
// CHECK:         %[[B:.*]] = arith.constant 256 : index
// CHECK:         memref.view %{{.*}}[%[[B]]][] : {{.*}} to memref<64xf32>
// CHECK:         %[[C:.*]] = arith.constant 512 : index
// CHECK:         memref.view %{{.*}}[%[[C]]][] : {{.*}} to memref<16xf32>
// CHECK:         %[[D:.*]] = arith.constant 0 : index
// CHECK:         memref.view %{{.*}}[%[[D]]][] : {{.*}} to memref<64xf32>
func.func @chained(%x: memref<64xf32> {fg.binding = 0 : i64}) {
  %a = memref.alloc() {fg.cut = array<i64: 0>} : memref<64xf32>
  %b = memref.alloc() {fg.cut = array<i64: 0>} : memref<64xf32>
  %c = memref.alloc() {fg.cut = array<i64: 0>} : memref<16xf32>
  %d = memref.alloc() {fg.cut = array<i64: 0>} : memref<64xf32>
  scf.forall (%i) in (16) {
    %v = memref.load %x[%i] : memref<64xf32>
    memref.store %v, %a[%i] : memref<64xf32>
  } {fg.chain = 0 : i64}
  scf.forall (%i) in (16) {
    %v = memref.load %a[%i] : memref<64xf32>
    memref.store %v, %b[%i] : memref<64xf32>
  } {fg.chain = 0 : i64}
  scf.forall (%i) in (16) {
    %v = memref.load %b[%i] : memref<64xf32>
    memref.store %v, %c[%i] : memref<16xf32>
    memref.store %v, %d[%i] : memref<64xf32>
  } {fg.chain = 0 : i64}
  scf.forall (%i) in (16) {
    %v = memref.load %c[%i] : memref<16xf32>
    %w = memref.load %d[%i] : memref<64xf32>
    %s = arith.addf %v, %w : f32
    memref.store %s, %x[%i] : memref<64xf32>
  } {fg.chain = 0 : i64}
  return
}

// -----

// A buffer of another size would meet shares of other tasks: %c finds no place, though %a is no
// longer needed.

// CHECK-LABEL: func.func @chained_sizes
// CHECK-SAME:    fg.arena_bytes = 576 : i64
func.func @chained_sizes(%x: memref<64xf32> {fg.binding = 0 : i64}) {
  %a = memref.alloc() {fg.cut = array<i64: 0>} : memref<64xf32>
  %b = memref.alloc() {fg.cut = array<i64: 0>} : memref<64xf32>
  %c = memref.alloc() {fg.cut = array<i64: 0>} : memref<16xf32>
  scf.forall (%i) in (16) {
    %v = memref.load %x[%i] : memref<64xf32>
    memref.store %v, %a[%i] : memref<64xf32>
  } {fg.chain = 0 : i64}
  scf.forall (%i) in (16) {
    %v = memref.load %a[%i] : memref<64xf32>
    memref.store %v, %b[%i] : memref<64xf32>
  } {fg.chain = 0 : i64}
  scf.forall (%i) in (16) {
    %v = memref.load %b[%i] : memref<64xf32>
    memref.store %v, %c[%i] : memref<16xf32>
  } {fg.chain = 0 : i64}
  scf.forall (%i) in (16) {
    %v = memref.load %c[%i] : memref<16xf32>
    memref.store %v, %x[%i] : memref<64xf32>
  } {fg.chain = 0 : i64}
  return
}
