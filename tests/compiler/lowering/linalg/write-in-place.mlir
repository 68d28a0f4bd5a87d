// RUN: %fg-opt %s --fg-lower-to-linalg --fg-bufferize --split-input-file | FileCheck %s

// An update is computed in the parameter's own buffer.
// CHECK-LABEL: func.func @update(
// CHECK-SAME: %[[W:[a-z0-9]+]]: memref<4xf32>
// CHECK-SAME: %[[G:[a-z0-9]+]]: memref<4xf32>
// CHECK-NOT: memref.alloc
// CHECK-NOT: memref.copy
// CHECK: linalg.generic
// CHECK-SAME: ins(%[[W]], %[[G]] : {{.*}}) outs(%[[W]] : memref<4xf32>)
// CHECK: return
fg.entry "update" {
  %w = fg.read "w" role parameter : !fg.array<[n = 4], f32>
  %g = fg.read "g" role input : !fg.array<[n = 4], f32>
  %new = fg.sub %w, %g : (!fg.array<[n = 4], f32>, !fg.array<[n = 4], f32>) -> !fg.array<[n = 4], f32>
  fg.write %new to "w" role parameter : !fg.array<[n = 4], f32>
}

// -----

// A result is computed in its own buffer, through a view if its shape differs; a sum too.
// CHECK-LABEL: func.func @outputs(
// CHECK-SAME: %[[X:[a-z0-9]+]]: memref<4x6xf32>
// CHECK-SAME: %[[S:[a-z0-9]+]]: memref<4x2x3xf32>
// CHECK-SAME: %[[T:[a-z0-9]+]]: memref<f32>
// CHECK-NOT: memref.alloc
// CHECK-NOT: memref.copy
// CHECK: %[[VIEW:.*]] = memref.collapse_shape %[[S]]
// CHECK-DAG: outs(%[[VIEW]] : memref<4x6xf32>)
// CHECK-DAG: linalg.fill ins(%{{.*}}) outs(%[[T]] : memref<f32>)
// CHECK: return
fg.entry "outputs" {
  %x = fg.read "x" role input : !fg.array<[batch = 4, c = 6], f32>
  %d = fg.scale %x by 2.0 : !fg.array<[batch = 4, c = 6], f32>
  %s = fg.split %d axis "c" into ["g", "u"] : !fg.array<[batch = 4, c = 6], f32> -> !fg.array<[batch = 4, g = 2, u = 3], f32>
  fg.write %s to "s" role output : !fg.array<[batch = 4, g = 2, u = 3], f32>
  %t = fg.sum %x over ["batch", "c"] : !fg.array<[batch = 4, c = 6], f32> -> !fg.array<[], f32>
  fg.write %t to "t" role output : !fg.array<[], f32>
}

// -----

// Two sums of one shape start from zeros of their own: nothing is copied.
// CHECK-LABEL: func.func @zeros(
// CHECK-COUNT-2: linalg.fill
// CHECK-NOT: memref.copy
// CHECK: return
fg.entry "zeros" {
  %x = fg.read "x" role input : !fg.array<[batch = 4, c = 6], f32>
  %z, %r = fg.norm %x over ["c"] epsilon 1.0e-05 : !fg.array<[batch = 4, c = 6], f32>, !fg.array<[batch = 4], f32>
  fg.write %z to "z" role output : !fg.array<[batch = 4, c = 6], f32>
}
