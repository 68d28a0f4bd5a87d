// RUN: %fg-opt --fg-outline-kernels --split-input-file %s | FileCheck %s

// A kernel gets the buffers it uses, by address; constants and views are repeated in
// it; its task reads the addresses from the fg_call that is its context.

// CHECK-LABEL: llvm.func @foregrad_step
// CHECK-SAME:    (%[[CALL:.*]]: !llvm.ptr) -> i32
// CHECK-SAME:    fg.arena_bytes = 128 : i64
// CHECK-SAME:    fg.entry = "step"
// CHECK-SAME:    fg.flops = 1.600000e+01 : f64
// The kernels in the order of their calls, for those who measure them.
// CHECK-SAME:    fg.kernels = [{bytes = 6.400000e+01 : f64, chain = 0 : i64, draws = 0 : i64, flops = 1.200000e+01 : f64, loop = 0 : i64, trips = 1 : i64, what = "copy 8 x 4"
// CHECK-SAME:                  {bytes = 0.000000e+00 : f64, chain = 0 : i64, draws = 0 : i64, flops = 4.000000e+00 : f64, loop = 0 : i64, trips = 1 : i64, what = "kernel"
// CHECK-SAME:    fg.scratch_bytes = 8192 : i64
// The version and the size of fg_call.
// CHECK:         %[[VERSION:.*]] = llvm.load %[[CALL]] : !llvm.ptr -> i32
// CHECK:         llvm.icmp "eq" %[[VERSION]]
// CHECK:         llvm.getelementptr %[[CALL]][4]
// CHECK:         llvm.mlir.constant(80 : i32)
// CHECK:         llvm.cond_br %{{.*}}, ^[[WORK:.*]], ^[[MISMATCH:.*]]
// CHECK:       ^[[WORK]]:
// CHECK:         %[[TASK:.*]] = llvm.mlir.addressof @step_task0
// CHECK:         llvm.getelementptr %[[CALL]][32]
// CHECK:         %[[FUNCTION:.*]] = llvm.load
// CHECK:         llvm.getelementptr %[[CALL]][40]
// CHECK:         %[[POOL:.*]] = llvm.load
// CHECK:         %[[COUNT:.*]] = llvm.mlir.constant(8 : i64)
// CHECK:         llvm.call %[[FUNCTION]](%[[POOL]], %[[COUNT]], %[[TASK]], %[[CALL]])
// CHECK:         %[[TASK1:.*]] = llvm.mlir.addressof @step_task1
// CHECK:         %[[ONE:.*]] = llvm.mlir.constant(1 : i64)
// CHECK:         llvm.call %{{.*}}(%{{.*}}, %[[ONE]], %[[TASK1]], %[[CALL]])
// CHECK:         llvm.mlir.constant(0 : i32)
// CHECK:         llvm.return
// CHECK:       ^[[MISMATCH]]:
// CHECK:         llvm.mlir.constant(1 : i32)
// CHECK:         llvm.return

// CHECK-LABEL: func.func private @step_kernel0
// CHECK-SAME:    %[[X:[a-z0-9]+]]: memref<8x4xf32> {llvm.align = 64 : i64, llvm.noalias}
// CHECK-SAME:    %[[W:[a-z0-9]+]]: memref<2048xf32> {llvm.align = 64 : i64, llvm.noalias}
// CHECK-SAME:    %[[T:[a-z0-9]+]]: memref<32xf32> {llvm.align = 64 : i64, llvm.noalias}
// CHECK-SAME:    %[[I:[a-z0-9]+]]: index
// CHECK:         memref.expand_shape %[[T]]
// CHECK:         memref.load %[[X]][%[[I]], %[[I]]]

// CHECK-LABEL: llvm.func internal @step_task0
// CHECK-SAME:    (%[[CALL:.*]]: !llvm.ptr, %[[INDEX:.*]]: i64, %[[WORKER:.*]]: i64)
// CHECK:         llvm.getelementptr %[[CALL]][8]
// CHECK:         %[[BUFFERS:.*]] = llvm.load
// CHECK:         llvm.getelementptr %[[BUFFERS]][24]
// CHECK:         llvm.getelementptr %[[CALL]][24]
// CHECK:         %[[BYTES:.*]] = llvm.mlir.constant(8192 : i64)
// CHECK:         llvm.mul %[[WORKER]], %[[BYTES]]
// CHECK:         llvm.getelementptr %[[CALL]][16]
// CHECK:         %[[ARENA:.*]] = llvm.load
// CHECK:         call @step_kernel0
// CHECK-LABEL: llvm.func internal @step_task1
func.func @step(%x: memref<8x4xf32> {fg.binding = 3 : i64},
                %arena: memref<128xi8> {fg.arena},
                %scratch: memref<8192xi8> {fg.scratch})
    attributes {fg.arena_bytes = 128 : i64, fg.scratch_bytes = 8192 : i64} {
  %c0 = arith.constant 0 : index
  %t = memref.view %arena[%c0][] : memref<128xi8> to memref<32xf32>
  %rows = memref.expand_shape %t [[0, 1]] output_shape [8, 4]
      : memref<32xf32> into memref<8x4xf32>
  scf.forall (%i) in (8) {
    %w = memref.view %scratch[%c0][] : memref<8192xi8> to memref<2048xf32>
    %f = memref.load %x[%i, %i] : memref<8x4xf32>
    memref.store %f, %w[%i] : memref<2048xf32>
    memref.store %f, %rows[%i, %c0] : memref<8x4xf32>
  } {fg.flops = 12 : i64, fg.what = "copy 8 x 4", fg.bytes = 64 : i64}
  scf.forall (%i) in (1) {
    %f = memref.load %t[%i] : memref<32xf32>
    memref.store %f, %x[%i, %i] : memref<8x4xf32>
  } {fg.flops = 4.0 : f64}
  return
}

// -----

// A number that the entry computes travels in a structure on the entry's stack.

// CHECK-LABEL: llvm.func @foregrad_scaled
// CHECK:         %[[CONTEXT:.*]] = llvm.alloca %{{.*}} x !llvm.struct<(ptr, f32)>
// CHECK:         memref.load
// CHECK:         llvm.store %{{.*}} : !llvm.ptr, !llvm.ptr
// CHECK:         llvm.store %{{.*}} : f32, !llvm.ptr
// CHECK:         llvm.call %{{.*}}(%{{.*}}, %{{.*}}, %{{.*}}, %[[CONTEXT]])
// CHECK-LABEL: func.func private @scaled_kernel0
// CHECK-SAME:    memref<8xf32> {{.*}}, %{{.*}}: f32, %{{.*}}: index
func.func @scaled(%x: memref<8xf32> {fg.binding = 0 : i64},
                  %rate: memref<f32> {fg.binding = 1 : i64}) {
  %s = memref.load %rate[] : memref<f32>
  scf.forall (%i) in (8) {
    %f = memref.load %x[%i] : memref<8xf32>
    %g = arith.mulf %f, %s : f32
    memref.store %g, %x[%i] : memref<8xf32>
  }
  return
}

// -----

// Several dimensions are one index; a kernel in a kernel is a loop; a kernel without
// iterations is nothing.

// CHECK-LABEL: llvm.func @foregrad_shapes
// CHECK:         llvm.mlir.constant(6 : i64)
// CHECK-LABEL: func.func private @shapes_kernel0
// CHECK-SAME:    %[[I:[a-z0-9]+]]: index)
// CHECK:         %[[THREE:.*]] = arith.constant 3
// CHECK:         %[[COLUMN:.*]] = arith.remui %[[I]], %[[THREE]]
// CHECK:         %[[ROW:.*]] = arith.divui %[[I]], %[[THREE]]
// CHECK:         scf.for
// CHECK:         memref.load %{{.*}}[%[[ROW]], %[[COLUMN]]]
// CHECK-NOT:   scf.forall
func.func @shapes(%x: memref<2x3xf32> {fg.binding = 0 : i64}) {
  scf.forall (%i, %j) in (2, 3) {
    scf.forall (%k) in (5) {
      %f = memref.load %x[%i, %j] : memref<2x3xf32>
      memref.store %f, %x[%i, %j] : memref<2x3xf32>
    }
  }
  scf.forall (%i) in (0) {
  }
  return
}

// -----

// Kernels in a loop over tiles: what begins within a buffer is an argument of its own, aligned as far
// as every tile is; the number of the tile travels in the structure; the loop's kernels count as
// often as it turns.

// CHECK-LABEL: llvm.func @foregrad_tiles
// CHECK-SAME:    fg.flops = 4.000000e+01 : f64
// CHECK-SAME:    fg.kernels = [{{.*}}flops = 1.000000e+01 : f64, loop = 1 : i64, trips = 4 : i64
// CHECK:         %[[CONTEXT:.*]] = llvm.alloca %{{.*}} x !llvm.struct<(ptr, i64)>
// CHECK:         scf.for
// CHECK:           llvm.store %{{.*}} : i64, !llvm.ptr
// CHECK:           llvm.call %{{.*}}(%{{.*}}, %{{.*}}, %{{.*}}, %[[CONTEXT]])
// CHECK-LABEL: func.func private @tiles_kernel0
// CHECK-SAME:    memref<16x4xf32> {llvm.align = 32 : i64, llvm.noalias}
// CHECK-SAME:    memref<4xf32> {llvm.align = 64 : i64, llvm.noalias}
// CHECK-LABEL: llvm.func internal @tiles_task0
// CHECK:         %[[BY:.*]] = llvm.load %{{.*}} -> i64
// CHECK:         llvm.getelementptr %{{.*}}[%[[BY]]] : (!llvm.ptr, i64) -> !llvm.ptr, f32
// CHECK:         call @tiles_kernel0
func.func @tiles(%x: memref<16x4xf32> {fg.binding = 0 : i64},
                 %sum: memref<4xf32> {fg.binding = 1 : i64}) {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %c2 = arith.constant 2 : index
  scf.for %first = %c0 to %c8 step %c2 {
    %by = arith.muli %first, %c4 : index
    %tile = fg.shift %x by %by : memref<16x4xf32>
    scf.forall (%i) in (4) {
      %f = memref.load %tile[%c0, %i] : memref<16x4xf32>
      memref.store %f, %sum[%i] : memref<4xf32>
    } {fg.flops = 10 : i64}
  }
  return
}

// -----

// A chain is one call: each of its tasks runs its share of the first kernel, then of the second,
// whose body is a function of its own. A serial kernel has one task.

// CHECK-LABEL: llvm.func @foregrad_chained
// CHECK-SAME:    fg.kernels = [{bytes = {{.*}}, chain = 1 : i64, {{.*}}, what = "copy"
// CHECK-SAME:                  {bytes = {{.*}}, chain = 1 : i64, {{.*}}, what = "add"
// CHECK-SAME:                  {bytes = {{.*}}, chain = 0 : i64,
// CHECK:         %[[COUNT:.*]] = llvm.mlir.constant(4 : i64)
// CHECK:         llvm.call %{{.*}}(%{{.*}}, %[[COUNT]], %{{.*}}, %{{.*}})
// CHECK:         %[[ONE:.*]] = llvm.mlir.constant(1 : i64)
// CHECK:         llvm.call %{{.*}}(%{{.*}}, %[[ONE]], %{{.*}}, %{{.*}})
// CHECK-LABEL: func.func private @chained_kernel0_0
// CHECK-SAME:    %[[TASK:[a-z0-9]+]]: index)
// CHECK:         %[[FIRST:.*]] = arith.muli %[[TASK]], %{{.*}}
// CHECK:         scf.for %{{.*}} = %[[FIRST]] to
// CHECK-LABEL: func.func private @chained_kernel0_1
// CHECK-NOT:     scf.for
// CHECK-LABEL: llvm.func internal @chained_task0
// CHECK:         call @chained_kernel0_0
// Who measures kernels is told that one of a chain is done.
// CHECK:         llvm.cond_br %{{.*}}, ^[[TELL:.*]], ^[[BEHIND:.*]]
// CHECK:       ^[[TELL]]:
// CHECK:         llvm.call %{{.*}}(%{{.*}}, %{{.*}}, %{{.*}}) : !llvm.ptr, (!llvm.ptr, i64, i64) -> ()
// CHECK:         llvm.br ^[[BEHIND]]
// CHECK:       ^[[BEHIND]]:
// CHECK:         call @chained_kernel0_1
// CHECK:         llvm.return
// CHECK-LABEL: func.func private @chained_kernel1(
// CHECK:         scf.for
func.func @chained(%x: memref<8xf32> {fg.binding = 0 : i64}, %y: memref<8xf32> {fg.binding = 1 : i64}) {
  %c2 = arith.constant 2 : index
  scf.forall (%i) in (8) {
    %v = memref.load %x[%i] : memref<8xf32>
    memref.store %v, %y[%i] : memref<8xf32>
  } {fg.chain = 0 : i64, fg.what = "copy"}
  scf.forall (%i) in (4) {
    %at = arith.muli %i, %c2 : index
    %v = vector.load %y[%at] : memref<8xf32>, vector<2xf32>
    %w = arith.addf %v, %v : vector<2xf32>
    vector.store %w, %y[%at] : memref<8xf32>, vector<2xf32>
  } {fg.chain = 0 : i64, fg.what = "add"}
  scf.forall (%i) in (8) {
    %v = memref.load %y[%i] : memref<8xf32>
    memref.store %v, %x[%i] : memref<8xf32>
  } {fg.serial}
  return
}

// -----

// The caller is asked for samples: for those of a tile, into the arena; or for all, to where they
// lie in a larger buffer.

// CHECK-LABEL: llvm.func @foregrad_fetch
// CHECK-SAME:    (%[[CALL:.*]]: !llvm.ptr) -> i32
// CHECK:         scf.for %[[I:.*]] =
// CHECK:           llvm.getelementptr %[[CALL]][16]
// CHECK:           %[[ARENA:.*]] = llvm.load
// CHECK:           %[[TILE:.*]] = llvm.getelementptr %[[ARENA]][64]
// CHECK:           %[[FIRST:.*]] = builtin.unrealized_conversion_cast %[[I]] : index to i64
// CHECK:           llvm.getelementptr %[[CALL]][64]
// CHECK:           %[[FETCH:.*]] = llvm.load
// CHECK:           llvm.getelementptr %[[CALL]][72]
// CHECK:           %[[SAMPLES:.*]] = llvm.load
// CHECK:           %[[BINDING:.*]] = llvm.mlir.constant(3 : i64)
// CHECK:           %[[COUNT:.*]] = llvm.mlir.constant(2 : i64)
// CHECK:           llvm.call %[[FETCH]](%[[SAMPLES]], %[[BINDING]], %[[FIRST]], %[[COUNT]], %[[TILE]])
// CHECK:           %[[BY:.*]] = builtin.unrealized_conversion_cast %{{.*}} : index to i64
// CHECK:           %[[PART:.*]] = llvm.getelementptr %{{.*}}[%[[BY]]] : (!llvm.ptr, i64) -> !llvm.ptr, i8
// CHECK:           llvm.call %{{.*}}(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[PART]])
func.func @fetch(%x: memref<8x4xi8> {fg.binding = 3 : i64}, %arena: memref<256xi8> {fg.arena},
                 %scratch: memref<0xi8> {fg.scratch}) {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %c64 = arith.constant 64 : index
  %c128 = arith.constant 128 : index
  %tile = memref.view %arena[%c64][] : memref<256xi8> to memref<2x4xi8>
  %all = memref.view %arena[%c128][] : memref<256xi8> to memref<8x4xi8>
  scf.for %i = %c0 to %c8 step %c2 {
    fg.fetch %x from %i to %tile : memref<8x4xi8>, memref<2x4xi8>
    %by = arith.muli %i, %c4 : index
    %from = fg.shift %all by %by : memref<8x4xi8>
    %part = memref.subview %from[0, 0] [2, 4] [1, 1]
      : memref<8x4xi8> to memref<2x4xi8, strided<[4, 1]>>
    fg.fetch %x from %i to %part : memref<8x4xi8>, memref<2x4xi8, strided<[4, 1]>>
  }
  return
}
