// RUN: %fg-opt %s --fg-drop-zeros --split-input-file | FileCheck %s

// The tangent at a block's entry is zero: no product, no norm, only the perturbation.

// CHECK-LABEL: fg.entry "entry_tangent"
// CHECK-NOT: fg.contract
// CHECK-NOT: fg.norm_jacobian
// CHECK-NOT: fg.add
// CHECK: %[[U:.*]] = fg.read "u"
// CHECK-NOT: fg.contract
// CHECK-NOT: fg.norm_jacobian
// CHECK-NOT: fg.add
// CHECK: fg.write %[[U]] to "tangent"

fg.entry "entry_tangent" {
  %x = fg.read "x" role input : !fg.array<[batch = 2, unit = 3], f32>
  %w = fg.read "w" role parameter : !fg.array<[unit = 3, out = 3], f32>
  %u = fg.read "u" role perturbation : !fg.array<[batch = 2, unit = 3], f32>
  %z, %r = fg.norm %x over ["unit"] epsilon 1.0e-05 : !fg.array<[batch = 2, unit = 3], f32>, !fg.array<[batch = 2], f32>
  %zero = fg.constant [0.0] : !fg.array<[batch = 2, unit = 3], f32>
  %t = fg.contract %zero "nu", %w "uv" -> "nv" : (!fg.array<[batch = 2, unit = 3], f32>, !fg.array<[unit = 3, out = 3], f32>) -> !fg.array<[batch = 2, unit = 3], f32>
  %j = fg.norm_jacobian %z, %r, %t over ["unit"] : !fg.array<[batch = 2, unit = 3], f32>, !fg.array<[batch = 2], f32>, !fg.array<[batch = 2, unit = 3], f32>
  %s = fg.add %u, %j : (!fg.array<[batch = 2, unit = 3], f32>, !fg.array<[batch = 2, unit = 3], f32>) -> !fg.array<[batch = 2, unit = 3], f32>
  fg.write %s to "tangent" role output : !fg.array<[batch = 2, unit = 3], f32>
}

// -----

// What is not known to be zero stays.

// CHECK-LABEL: fg.entry "not_zero"
// CHECK: fg.contract
// CHECK: fg.add

fg.entry "not_zero" {
  %x = fg.read "x" role input : !fg.array<[batch = 2, unit = 3], f32>
  %w = fg.read "w" role parameter : !fg.array<[unit = 3, out = 3], f32>
  %u = fg.read "u" role perturbation : !fg.array<[batch = 2, unit = 3], f32>
  %t = fg.contract %x "nu", %w "uv" -> "nv" : (!fg.array<[batch = 2, unit = 3], f32>, !fg.array<[unit = 3, out = 3], f32>) -> !fg.array<[batch = 2, unit = 3], f32>
  %s = fg.add %u, %t : (!fg.array<[batch = 2, unit = 3], f32>, !fg.array<[batch = 2, unit = 3], f32>) -> !fg.array<[batch = 2, unit = 3], f32>
  fg.write %s to "tangent" role output : !fg.array<[batch = 2, unit = 3], f32>
}
