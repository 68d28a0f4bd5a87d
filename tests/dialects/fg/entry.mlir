// RUN: %fg-opt %s | %fg-opt | FileCheck %s
// RUN: %fg-opt %s --fg-lower-to-linalg | FileCheck %s --check-prefix=LOWER

// CHECK: fg.entry "predict" {
// CHECK: fg.read "image" role input : <[batch = 4, pixel = 3], f32>
// CHECK: fg.write %{{.*}} to "logits" role output : <[batch = 4, pixel = 3], f32>

// LOWER: func.func @predict(%[[IMAGE:.*]]: memref<4x3xf32> {fg.binding = 0 : i64, fg.name = "image", fg.role = #fg<role input>, fg.sample_dim = 0 : i64},
// LOWER-SAME: %[[LOGITS:.*]]: memref<4x3xf32> {fg.binding = 1 : i64, fg.name = "logits", fg.role = #fg<role output>, fg.sample_dim = 0 : i64, fg.writes})
// LOWER: %[[X:.*]] = bufferization.to_tensor %[[IMAGE]] restrict :
// LOWER: bufferization.materialize_in_destination %[[X]] in restrict writable %[[LOGITS]]

// CHECK: fg.entry "init" rare {
// LOWER: func.func @init({{.*}}) attributes {fg.rare}

fg.entry "predict" {
  %x = fg.read "image" role input : !fg.array<[batch = 4, pixel = 3], f32>
  fg.write %x to "logits" role output : !fg.array<[batch = 4, pixel = 3], f32>
}

fg.entry "init" rare {
  %w = fg.constant [1.0] : !fg.array<[unit = 3], f32>
  fg.write %w to "weight" role parameter : !fg.array<[unit = 3], f32>
}
