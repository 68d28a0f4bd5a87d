// RUN: %fg-opt %s --fg-lower-to-linalg --split-input-file | FileCheck %s

// One argument for each buffer in the order of first use; reads stand at the top, writes
// at the end. A buffer that is read and written has one writable view.

// CHECK-LABEL: func.func @update(
// CHECK-SAME: %[[W:.*]]: memref<4xf32> {fg.binding = 0 : i64, fg.name = "w", fg.role = #fg<role parameter>, fg.writes},
// CHECK-SAME: %[[G:.*]]: memref<4xf32> {fg.binding = 1 : i64, fg.name = "g", fg.role = #fg<role input>},
// CHECK-SAME: %[[OLD:.*]]: memref<4xf32> {fg.binding = 2 : i64, fg.name = "old", fg.role = #fg<role output>, fg.writes})
// CHECK: %[[WT:.*]] = bufferization.to_tensor %[[W]] restrict writable
// CHECK: %[[GT:.*]] = bufferization.to_tensor %[[G]] restrict :
// CHECK: %[[N:.*]] = linalg.generic
// What is written elsewhere may be overwritten before: it is copied.
// CHECK: %[[COPY:.*]] = bufferization.alloc_tensor() copy(%[[WT]])
// CHECK: bufferization.materialize_in_destination %[[N]] in writable %[[W]]
// CHECK: bufferization.materialize_in_destination %[[COPY]] in restrict writable %[[OLD]]
fg.entry "update" {
  %w = fg.read "w" role parameter : !fg.array<[n = 4], f32>
  %g = fg.read "g" role input : !fg.array<[n = 4], f32>
  %new = fg.sub %w, %g : (!fg.array<[n = 4], f32>, !fg.array<[n = 4], f32>) -> !fg.array<[n = 4], f32>
  fg.write %new to "w" role parameter : !fg.array<[n = 4], f32>
  fg.write %w to "old" role output : !fg.array<[n = 4], f32>
}

// -----

// Writing back what was read is nothing.
// CHECK-LABEL: func.func @same(
// CHECK-NOT: materialize
// CHECK: return
fg.entry "same" {
  %w = fg.read "w" role parameter : !fg.array<[n = 4], f32>
  fg.write %w to "w" role parameter : !fg.array<[n = 4], f32>
}
