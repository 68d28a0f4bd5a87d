// RUN: %fg-opt %s --split-input-file --pass-pipeline='builtin.module(fg-pack-parameters{vector-bytes=64 vector-registers=32 l1=49152 l2=2097152 cores=2},func.func(fg-contractions-to-kernels{vector-bytes=64 vector-registers=32 l1=49152 l2=2097152 cores=2}),canonicalize,cse)' | FileCheck %s

#x = affine_map<(i, n, k) -> (i, k)>
#w = affine_map<(i, n, k) -> (k, n)>
#y = affine_map<(i, n, k) -> (i, n)>
#kn = affine_map<(k, n) -> (k, n)>

// Weights that nothing writes are read by all cores alike: tasks are parts of the rows, as those of
// what comes before and behind.
// CHECK-LABEL: func.func @read
// CHECK: scf.forall (%[[TASK:.*]]) in (4)
// CHECK: arith.muli %[[TASK]], %c25088
func.func @read(%w: memref<784x512xf32> {fg.name = "w", fg.role = #fg<role parameter>}, %x: memref<128x784xf32>, %y: memref<128x512xf32>) {
  linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<128x784xf32>, memref<784x512xf32>) outs(%y : memref<128x512xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

// Each update leaves columns of the weights with one core: there they are read again, as tasks are
// blocks of four panels.
// CHECK-LABEL: func.func @updated(
// CHECK: scf.forall (%[[TASK:.*]]) in (4)
// CHECK-NEXT: %[[FIRST:.*]] = arith.muli %[[TASK]], %c4 : index
// CHECK-NEXT: %[[END:.*]] = arith.addi %[[FIRST]], %c4 : index
// CHECK: scf.for %{{.*}} = %[[FIRST]] to %[[END]] step
func.func @updated(%w: memref<784x512xf32> {fg.name = "w", fg.role = #fg<role parameter>}, %g: memref<784x512xf32>, %x: memref<128x784xf32>, %y: memref<128x512xf32>) {
  linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<128x784xf32>, memref<784x512xf32>) outs(%y : memref<128x512xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#kn, #kn], iterator_types = ["parallel", "parallel"]}
      ins(%g : memref<784x512xf32>) outs(%w : memref<784x512xf32>) {
  ^bb0(%d: f32, %o: f32):
    %s = arith.subf %o, %d : f32
    linalg.yield %s : f32
  }
  return
}

// Of many products the first alone pays for that.
// CHECK-LABEL: func.func @updated_after_many(
// CHECK: scf.forall (%[[TASK:.*]]) in (4)
// CHECK: arith.muli %[[TASK]], %c25088
func.func @updated_after_many(%w: memref<784x512xf32> {fg.name = "w", fg.role = #fg<role parameter>}, %g: memref<784x512xf32>, %x: memref<128x784xf32>, %y: memref<128x512xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c32 = arith.constant 32 : index
  scf.for %i = %c0 to %c32 step %c1 {
    linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%x, %w : memref<128x784xf32>, memref<784x512xf32>) outs(%y : memref<128x512xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %p = arith.mulf %a, %b : f32
      %s = arith.addf %o, %p : f32
      linalg.yield %s : f32
    }
  }
  linalg.generic {indexing_maps = [#kn, #kn], iterator_types = ["parallel", "parallel"]}
      ins(%g : memref<784x512xf32>) outs(%w : memref<784x512xf32>) {
  ^bb0(%d: f32, %o: f32):
    %s = arith.subf %o, %d : f32
    linalg.yield %s : f32
  }
  return
}

// -----

#x = affine_map<(i, n, k) -> (i, k)>
#w = affine_map<(i, n, k) -> (k, n)>
#y = affine_map<(i, n, k) -> (i, n)>
#kn = affine_map<(k, n) -> (k, n)>

// Panels are those of such blocks: as many for each core, where blocks of rows would want wider ones.
// CHECK-LABEL: func.func @even_panels
// CHECK-SAME: fg.panels = {depth = 256 : i64, widths = array<i64: 32, 32, 32, 32>}
func.func @even_panels(%w: memref<256x128xf32> {fg.name = "w", fg.role = #fg<role parameter>}, %g: memref<256x128xf32>, %x: memref<32x256xf32>, %y: memref<32x128xf32>) {
  linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<32x256xf32>, memref<256x128xf32>) outs(%y : memref<32x128xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#kn, #kn], iterator_types = ["parallel", "parallel"]}
      ins(%g : memref<256x128xf32>) outs(%w : memref<256x128xf32>) {
  ^bb0(%d: f32, %o: f32):
    %s = arith.subf %o, %d : f32
    linalg.yield %s : f32
  }
  return
}
