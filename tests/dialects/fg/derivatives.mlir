// RUN: %fg-opt %s --test-fg-tangent --split-input-file | FileCheck %s --check-prefix=JVP
// RUN: %fg-opt %s --test-fg-cotangent --split-input-file | FileCheck %s --check-prefix=VJP

// Derivatives are ops of the dialect; axes that only they have come first.

// JVP: %[[DX:.*]] = fg.read "dx"
// JVP: %[[T:.*]] = fg.contract %[[DX]] "antc", %{{.*}} "cd" -> "antd"
// JVP-SAME: -> <[dir = 2, batch = 4, token = 2, channel = 8], f32>
// JVP: fg.write %[[T]] to "tangent"
fg.entry "contract" {
  %x = fg.read "x" role input : !fg.array<[batch = 4, token = 2, pixel = 3], f32>
  %w = fg.read "w" role parameter : !fg.array<[pixel = 3, channel = 8], f32>
  %dx = fg.read "dx" role input : !fg.array<[dir = 2, batch = 4, token = 2, pixel = 3], f32>
  %q = fg.contract %x "ntc", %w "cd" -> "ntd" {tangents = ["dx"]}
    : (!fg.array<[batch = 4, token = 2, pixel = 3], f32>, !fg.array<[pixel = 3, channel = 8], f32>)
      -> !fg.array<[batch = 4, token = 2, channel = 8], f32>
}

// -----

// A product with an operand that lacks axes: the cotangent is one contraction.
// VJP: %[[CT:.*]] = fg.read "ct"
// VJP: %[[A:.*]] = fg.mul %[[CT]], %{{.*}}
// VJP: %[[B:.*]] = fg.contract %[[CT]] "ab", %{{.*}} "ab" -> "b"
// VJP: fg.write %[[A]] to "cotangent0"
// VJP: fg.write %[[B]] to "cotangent1"
fg.entry "mul" {
  %a = fg.read "a" role input : !fg.array<[batch = 4, unit = 3], f32>
  %b = fg.read "b" role input : !fg.array<[unit = 3], f32>
  %ct = fg.read "ct" role input : !fg.array<[batch = 4, unit = 3], f32>
  %r = fg.mul %a, %b {cotangent = "ct"} : (!fg.array<[batch = 4, unit = 3], f32>, !fg.array<[unit = 3], f32>)
         -> !fg.array<[batch = 4, unit = 3], f32>
}

// -----

// JVP: %[[Z:.*]], %[[R:.*]] = fg.norm
// JVP: fg.norm_jacobian %[[Z]], %[[R]], %{{.*}} over ["unit"]
// VJP: %[[Z:.*]], %[[R:.*]] = fg.norm
// VJP: fg.norm_jacobian %[[Z]], %[[R]], %{{.*}} over ["unit"]
fg.entry "norm" {
  %a = fg.read "a" role input : !fg.array<[batch = 4, unit = 3], f32>
  %d = fg.read "d" role input : !fg.array<[batch = 4, unit = 3], f32>
  %z, %r = fg.norm %a over ["unit"] epsilon 1.0e-05 {tangents = ["d"], cotangent = "d"}
    : !fg.array<[batch = 4, unit = 3], f32>, !fg.array<[batch = 4], f32>
}

// -----

// The mask is taken from the result, which is there anyway.
// JVP: %[[H:.*]] = fg.relu
// JVP: %[[M:.*]] = fg.positive %[[H]]
// JVP: fg.mul %{{.*}}, %[[M]]
fg.entry "relu" {
  %a = fg.read "a" role input : !fg.array<[batch = 4, unit = 3], f32>
  %d = fg.read "d" role input : !fg.array<[batch = 4, unit = 3], f32>
  %h = fg.relu %a site "s" {tangents = ["d"]} : !fg.array<[batch = 4, unit = 3], f32>
}

// -----

// Labels have no derivative.
// VJP: %[[E:.*]] = fg.sub
// VJP: %[[C:.*]] = fg.mul %[[E]], %{{.*}}
// VJP: fg.write %[[C]] to "cotangent0"
// VJP-NOT: "cotangent1"
fg.entry "loss" {
  %a = fg.read "a" role input : !fg.array<[batch = 4, class = 3], f32>
  %y = fg.read "y" role label : !fg.array<[batch = 4], i32>
  %ct = fg.read "ct" role input : !fg.array<[batch = 4], f32>
  %l = fg.cross_entropy %a, %y over "class" {cotangent = "ct"}
    : (!fg.array<[batch = 4, class = 3], f32>, !fg.array<[batch = 4], i32>) -> !fg.array<[batch = 4], f32>
}
