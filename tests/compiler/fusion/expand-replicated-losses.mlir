// RUN: %fg-opt %s --fg-expand-replicated-losses --split-input-file | FileCheck %s

// Each copy gets the tangent masked to its own elements, and a forward sweep of its own.

// CHECK-NOT: fg.replicated_tangent
// CHECK: %[[X:.*]] = fg.read "x"
// CHECK: %[[DX:.*]] = fg.read "dx"
// CHECK: %[[WEIGHT:.*]] = fg.constant [5.000000e-01]
// CHECK: %[[MASK:.*]] = fg.identity : <["#token.copy" = 2, token = 2], f32>
// CHECK: %[[OWN:.*]] = fg.mul %[[DX]], %[[MASK]]
// CHECK: fg.sum %[[X]] over ["token"]
// CHECK: %[[DM:.*]] = fg.sum %{{.*}} over ["token"]{{.*}}#token.copy
// CHECK: %[[DL:.*]] = fg.contract {{.*}}#token.copy
// CHECK: %[[SCALED:.*]] = fg.mul %[[DL]], %[[WEIGHT]]
// CHECK: fg.split %[[SCALED]] axis "#token.copy" into ["token"]
// CHECK: fg.write %{{.*}} to "s" {{.*}} <[batch = 2, token = 2], f32>

fg.entry "case" {
  %x = fg.read "x" role input : !fg.array<[batch = 2, token = 2, unit = 3], f32>
  %dx = fg.read "dx" role input : !fg.array<[batch = 2, token = 2, unit = 3], f32>
  %y = fg.read "y" role label : !fg.array<[batch = 2], i32>
  %weight = fg.constant [0.5] : !fg.array<[batch = 2], f32>
  %s = fg.replicated_tangent per ["token"] (%x, %dx, %weight)
    : (!fg.array<[batch = 2, token = 2, unit = 3], f32>, !fg.array<[batch = 2, token = 2, unit = 3], f32>,
       !fg.array<[batch = 2], f32>) -> !fg.array<[batch = 2, token = 2], f32> {
  ^bb0(%a: !fg.array<[batch = 2, token = 2, unit = 3], f32>):
    %m = fg.sum %a over ["token"] : !fg.array<[batch = 2, token = 2, unit = 3], f32>
           -> !fg.array<[batch = 2, unit = 3], f32>
    %l = fg.cross_entropy %m, %y over "unit"
      : (!fg.array<[batch = 2, unit = 3], f32>, !fg.array<[batch = 2], i32>) -> !fg.array<[batch = 2], f32>
    fg.yield %l : !fg.array<[batch = 2], f32>
  }
  fg.write %s to "s" role output : !fg.array<[batch = 2, token = 2], f32>
}

// -----

// What cannot be fused is expanded too.

// CHECK-NOT: fg.replicated_tangent
// CHECK: fg.identity
// CHECK: fg.write %{{.*}} to "s"

fg.entry "case" {
  %x = fg.read "x" role input : !fg.array<[batch = 2, token = 2, unit = 3], f32>
  %dx = fg.read "dx" role input : !fg.array<[batch = 2, token = 2, unit = 3], f32>
  %y = fg.read "y" role label : !fg.array<[batch = 2], i32>
  %weight = fg.constant [0.5] : !fg.array<[batch = 2], f32>
  %s = fg.replicated_tangent per ["token"] (%x, %dx, %weight)
    : (!fg.array<[batch = 2, token = 2, unit = 3], f32>, !fg.array<[batch = 2, token = 2, unit = 3], f32>,
       !fg.array<[batch = 2], f32>) -> !fg.array<[batch = 2, token = 2], f32> {
  ^bb0(%a: !fg.array<[batch = 2, token = 2, unit = 3], f32>):
    %t = fg.sum %a over ["batch", "token"] : !fg.array<[batch = 2, token = 2, unit = 3], f32>
           -> !fg.array<[unit = 3], f32>
    %m = fg.broadcast %t : !fg.array<[unit = 3], f32> -> !fg.array<[batch = 2, unit = 3], f32>
    %l = fg.cross_entropy %m, %y over "unit"
      : (!fg.array<[batch = 2, unit = 3], f32>, !fg.array<[batch = 2], i32>) -> !fg.array<[batch = 2], f32>
    fg.yield %l : !fg.array<[batch = 2], f32>
  }
  fg.write %s to "s" role output : !fg.array<[batch = 2, token = 2], f32>
}

// -----

// A loss that does not look at the array has no tangent.

// CHECK-NOT: fg.replicated_tangent
// CHECK: %[[ZERO:.*]] = fg.constant [0.000000e+00] : <[batch = 2, token = 2], f32>
// CHECK: fg.write %[[ZERO]] to "s"

fg.entry "case" {
  %x = fg.read "x" role input : !fg.array<[batch = 2, token = 2, unit = 3], f32>
  %dx = fg.read "dx" role input : !fg.array<[batch = 2, token = 2, unit = 3], f32>
  %y = fg.read "y" role label : !fg.array<[batch = 2], i32>
  %weight = fg.constant [0.5] : !fg.array<[batch = 2], f32>
  %z = fg.read "z" role input : !fg.array<[batch = 2, unit = 3], f32>
  %s = fg.replicated_tangent per ["token"] (%x, %dx, %weight)
    : (!fg.array<[batch = 2, token = 2, unit = 3], f32>, !fg.array<[batch = 2, token = 2, unit = 3], f32>,
       !fg.array<[batch = 2], f32>) -> !fg.array<[batch = 2, token = 2], f32> {
  ^bb0(%a: !fg.array<[batch = 2, token = 2, unit = 3], f32>):
    %l = fg.sum %z over ["unit"] : !fg.array<[batch = 2, unit = 3], f32> -> !fg.array<[batch = 2], f32>
    fg.yield %l : !fg.array<[batch = 2], f32>
  }
  fg.write %s to "s" role output : !fg.array<[batch = 2, token = 2], f32>
}
