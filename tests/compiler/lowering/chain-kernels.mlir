// RUN: %fg-opt --pass-pipeline='builtin.module(func.func(fg-chain-kernels{tasks=4}))' --split-input-file %s | FileCheck %s

// Task i of the first kernel writes rows 4 i .. 4 i + 3; tasks 2 i and 2 i + 1 of the second read
// them. What stands between has no effect. The buffer is cut in the chain: each task keeps to its
// share of it; the sums are not, for every task reads all of them.

// CHECK-LABEL: func.func @rows
// CHECK:       memref.alloc() {fg.cut = array<i64: 0>} : memref<32x16xf32>
// CHECK:       %[[SUMS:.*]] = memref.alloc() : memref<16xf32>
// CHECK:       } {fg.chain = 0 : i64, fg.what = "first"}
// CHECK:       } {fg.chain = 0 : i64, fg.what = "second"}
func.func @rows(%x: memref<32x16xf32>, %y: memref<32x16xf32>) {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %c0 = arith.constant 0 : index
  %h = memref.alloc() : memref<32x16xf32>
  %sums = memref.alloc() : memref<16xf32>
  scf.forall (%i) in (8) {
    %first = arith.muli %i, %c4 : index
    %end = arith.addi %first, %c4 : index
    scf.for %row = %first to %end step %c1 {
      %v = vector.load %x[%row, %c0] : memref<32x16xf32>, vector<16xf32>
      vector.store %v, %h[%row, %c0] : memref<32x16xf32>, vector<16xf32>
    }
  } {fg.what = "first"}
  %flat = memref.collapse_shape %h [[0, 1]] : memref<32x16xf32> into memref<512xf32>
  %c16 = arith.constant 16 : index
  scf.forall (%i) in (16) {
    %first = arith.muli %i, %c2 : index
    %end = arith.addi %first, %c2 : index
    %s = vector.load %sums[%c0] : memref<16xf32>, vector<16xf32>
    scf.for %row = %first to %end step %c1 {
      %at = arith.muli %row, %c16 : index
      %v = vector.load %flat[%at] : memref<512xf32>, vector<16xf32>
      %w = arith.addf %v, %s : vector<16xf32>
      vector.store %w, %y[%row, %c0] : memref<32x16xf32>, vector<16xf32>
    }
  } {fg.what = "second"}
  return
}

// -----

// The second kernel reads what other tasks wrote: a row of the transposed matrix.

// CHECK-LABEL: func.func @columns
// CHECK-NOT:   fg.chain
func.func @columns(%x: memref<8x8xf32>, %y: memref<8x8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %h = memref.alloc() : memref<8x8xf32>
  scf.forall (%i) in (8) {
    %v = vector.load %x[%i, %c0] : memref<8x8xf32>, vector<8xf32>
    vector.store %v, %h[%i, %c0] : memref<8x8xf32>, vector<8xf32>
  }
  scf.forall (%i) in (8) {
    scf.for %k = %c0 to %c8 step %c1 {
      %v = memref.load %h[%k, %i] : memref<8x8xf32>
      memref.store %v, %y[%i, %k] : memref<8x8xf32>
    }
  }
  return
}

// -----

// The second kernel writes over what other tasks of the first may still read.

// CHECK-LABEL: func.func @overwritten
// CHECK-NOT:   fg.chain
func.func @overwritten(%x: memref<8xf32>, %y: memref<8xf32>) {
  %c0 = arith.constant 0 : index
  scf.forall (%i) in (8) {
    %v = memref.load %x[%c0] : memref<8xf32>
    memref.store %v, %y[%i] : memref<8xf32>
  }
  scf.forall (%i) in (8) {
    %v = memref.load %y[%i] : memref<8xf32>
    memref.store %v, %x[%i] : memref<8xf32>
  }
  return
}

// -----

// A mask keeps the last vector of a row out of the next one: one row a task. Without it a task would
// write into the row of the next.

// CHECK-LABEL: func.func @masked
// CHECK:       {fg.chain = 0 : i64}
// CHECK:       {fg.chain = 0 : i64}
// CHECK-NOT:   fg.chain
func.func @masked(%v: vector<16xf32>, %w: vector<4xf32>) {
  %c0 = arith.constant 0 : index
  %c10 = arith.constant 10 : index
  %h = memref.alloc() : memref<4x10xf32>
  %y = memref.alloc() : memref<4xf32>
  %mask = vector.create_mask %c10 : vector<16xi1>
  scf.forall (%i) in (4) {
    vector.maskedstore %h[%i, %c0], %mask, %v : memref<4x10xf32>, vector<16xi1>, vector<16xf32>
  }
  scf.forall (%i) in (4) {
    %e = memref.load %h[%i, %c0] : memref<4x10xf32>
    memref.store %e, %y[%i] : memref<4xf32>
  }
  memref.copy %h, %h : memref<4x10xf32> to memref<4x10xf32>
  scf.forall (%i) in (4) {
    vector.store %v, %h[%i, %c0] : memref<4x10xf32>, vector<16xf32>
  }
  scf.forall (%i) in (4) {
    %e = memref.load %h[%i, %c0] : memref<4x10xf32>
    memref.store %e, %y[%i] : memref<4xf32>
  }
  return
}

// -----

// No chain: something between has an effect; an address is not known; a chain would have too few
// tasks; one number of tasks is no multiple of the other.

// CHECK-LABEL: func.func @apart
// CHECK-NOT:   fg.chain
func.func @apart(%x: memref<16xf32>, %y: memref<16xf32>, %where: memref<16xindex>) {
  %c8 = arith.constant 8 : index
  scf.forall (%i) in (16) {
    %v = memref.load %x[%i] : memref<16xf32>
    memref.store %v, %y[%i] : memref<16xf32>
  }
  memref.copy %x, %y : memref<16xf32> to memref<16xf32>
  scf.forall (%i) in (16) {
    %v = memref.load %y[%i] : memref<16xf32>
    memref.store %v, %x[%i] : memref<16xf32>
  }
  scf.forall (%i) in (16) {
    %at = memref.load %where[%i] : memref<16xindex>
    %v = memref.load %x[%at] : memref<16xf32>
    memref.store %v, %y[%i] : memref<16xf32>
  }
  scf.forall (%i) in (2) {
    %at = arith.muli %i, %c8 : index
    %v = vector.load %y[%at] : memref<16xf32>, vector<8xf32>
    vector.store %v, %x[%at] : memref<16xf32>, vector<8xf32>
  }
  scf.forall (%i) in (5) {
    %v = memref.load %x[%i] : memref<16xf32>
    memref.store %v, %y[%i] : memref<16xf32>
  }
  scf.forall (%i) in (16) {
    %v = memref.load %y[%i] : memref<16xf32>
    memref.store %v, %y[%i] : memref<16xf32>
  }
  return
}

// -----

// Small kernels by themselves are not worth starting threads for; in a chain they are.

// CHECK-LABEL: func.func @small
// CHECK:       {fg.chain = 0 : i64, fg.serial, fg.small}
// CHECK:       {fg.chain = 0 : i64, fg.serial, fg.small}
// CHECK:       memref.copy
// CHECK:       {fg.chain = 1 : i64, fg.small}
// CHECK:       {fg.chain = 1 : i64}
// CHECK:       memref.copy
// CHECK:       {fg.serial, fg.small}
func.func @small(%x: memref<16xf32>, %y: memref<16xf32>) {
  scf.forall (%i) in (4) {
    %v = memref.load %x[%i] : memref<16xf32>
    memref.store %v, %y[%i] : memref<16xf32>
  } {fg.small}
  scf.forall (%i) in (4) {
    %v = memref.load %y[%i] : memref<16xf32>
    memref.store %v, %x[%i] : memref<16xf32>
  } {fg.small}
  memref.copy %x, %y : memref<16xf32> to memref<16xf32>
  scf.forall (%i) in (4) {
    %v = memref.load %x[%i] : memref<16xf32>
    memref.store %v, %y[%i] : memref<16xf32>
  } {fg.small}
  scf.forall (%i) in (4) {
    %v = memref.load %y[%i] : memref<16xf32>
    memref.store %v, %x[%i] : memref<16xf32>
  }
  memref.copy %x, %y : memref<16xf32> to memref<16xf32>
  scf.forall (%i) in (4) {
    %v = memref.load %x[%i] : memref<16xf32>
    memref.store %v, %y[%i] : memref<16xf32>
  } {fg.small}
  return
}

// -----

// A signed remainder of a number that may be negative is so itself: what is written behind row %i may
// lie before it.

// CHECK-LABEL: func.func @remainder
// CHECK-NOT:   fg.chain
func.func @remainder(%x: memref<16xf32>, %y: memref<16xf32>, %where: memref<4xindex>) {
  %c4 = arith.constant 4 : index
  scf.forall (%i) in (4) {
    %any = memref.load %where[%i] : memref<4xindex>
    %rest = arith.remsi %any, %c4 : index
    %row = arith.muli %i, %c4 : index
    %at = arith.addi %row, %rest : index
    %v = memref.load %y[%row] : memref<16xf32>
    memref.store %v, %x[%at] : memref<16xf32>
  }
  scf.forall (%i) in (4) {
    %row = arith.muli %i, %c4 : index
    %v = vector.load %x[%row] : memref<16xf32>, vector<4xf32>
    vector.store %v, %x[%row] : memref<16xf32>, vector<4xf32>
  }
  return
}
