// RUN: %fg-opt %s --fg-fuse-replicated-losses --split-input-file --verify-diagnostics | FileCheck %s

// A head on the mean over tokens: one reverse sweep, then a product summed for each token.

// CHECK-NOT: fg.replicated_tangent
// CHECK: %[[X:.*]] = fg.read "x"
// CHECK: %[[DX:.*]] = fg.read "dx"
// CHECK: %[[WEIGHT:.*]] = fg.constant [5.000000e-01]
// CHECK: %[[POOLED:.*]] = fg.sum %[[X]] over ["token"]
// CHECK: %[[SOFTMAX:.*]] = fg.softmax %[[POOLED]] over "unit"
// CHECK: %[[ERROR:.*]] = fg.sub %[[SOFTMAX]],
// CHECK: %[[COTANGENT:.*]] = fg.mul %[[ERROR]], %[[WEIGHT]]
// CHECK: %[[G:.*]] = fg.broadcast %[[COTANGENT]]
// CHECK: %[[S:.*]] = fg.contract %[[G]] "abc", %[[DX]] "abc" -> "ab"
// CHECK: fg.write %[[S]] to "s"

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

// Any head of which each sample has its own loss: here two layers and a squared error.

// CHECK-NOT: fg.replicated_tangent
// CHECK: %[[DX:.*]] = fg.read "dx"
// CHECK: %[[H:.*]] = fg.relu
// CHECK: fg.one_hot
// CHECK: fg.sub %[[H]],
// CHECK: fg.positive %[[H]]
// CHECK: %[[S:.*]] = fg.contract %{{.*}} "abc", %[[DX]] "abc" -> "ab"
// CHECK: fg.write %[[S]] to "s"

fg.entry "case" {
  %x = fg.read "x" role input : !fg.array<[batch = 2, token = 2, unit = 3], f32>
  %dx = fg.read "dx" role input : !fg.array<[batch = 2, token = 2, unit = 3], f32>
  %y = fg.read "y" role label : !fg.array<[batch = 2], i32>
  %weight = fg.constant [0.5] : !fg.array<[batch = 2], f32>
  %w = fg.read "w" role parameter : !fg.array<[unit = 3, hidden = 3], f32>
  %s = fg.replicated_tangent per ["token"] (%x, %dx, %weight)
    : (!fg.array<[batch = 2, token = 2, unit = 3], f32>, !fg.array<[batch = 2, token = 2, unit = 3], f32>,
       !fg.array<[batch = 2], f32>) -> !fg.array<[batch = 2, token = 2], f32> {
  ^bb0(%a: !fg.array<[batch = 2, token = 2, unit = 3], f32>):
    %m = fg.sum %a over ["token"] : !fg.array<[batch = 2, token = 2, unit = 3], f32>
           -> !fg.array<[batch = 2, unit = 3], f32>
    %q = fg.contract %m "nu", %w "uv" -> "nv"
      : (!fg.array<[batch = 2, unit = 3], f32>, !fg.array<[unit = 3, hidden = 3], f32>)
        -> !fg.array<[batch = 2, hidden = 3], f32>
    %h = fg.relu %q site "head" : !fg.array<[batch = 2, hidden = 3], f32>
    %l = fg.squared_error %h, %y over "hidden"
      : (!fg.array<[batch = 2, hidden = 3], f32>, !fg.array<[batch = 2], i32>) -> !fg.array<[batch = 2], f32>
    fg.yield %l : !fg.array<[batch = 2], f32>
  }
  fg.write %s to "s" role output : !fg.array<[batch = 2, token = 2], f32>
}

// -----

// A loss without copies: one number for each sample.

// CHECK-NOT: fg.replicated_tangent
// CHECK: %[[DX:.*]] = fg.read "dx"
// CHECK: %[[S:.*]] = fg.contract %{{.*}} "abc", %[[DX]] "abc" -> "a" {{.*}} -> <[batch = 2], f32>

fg.entry "case" {
  %x = fg.read "x" role input : !fg.array<[batch = 2, token = 2, unit = 3], f32>
  %dx = fg.read "dx" role input : !fg.array<[batch = 2, token = 2, unit = 3], f32>
  %y = fg.read "y" role label : !fg.array<[batch = 2], i32>
  %weight = fg.constant [0.5] : !fg.array<[batch = 2], f32>
  %s = fg.replicated_tangent per [] (%x, %dx, %weight)
    : (!fg.array<[batch = 2, token = 2, unit = 3], f32>, !fg.array<[batch = 2, token = 2, unit = 3], f32>,
       !fg.array<[batch = 2], f32>) -> !fg.array<[batch = 2], f32> {
  ^bb0(%a: !fg.array<[batch = 2, token = 2, unit = 3], f32>):
    %m = fg.sum %a over ["token"] : !fg.array<[batch = 2, token = 2, unit = 3], f32>
           -> !fg.array<[batch = 2, unit = 3], f32>
    %l = fg.cross_entropy %m, %y over "unit"
      : (!fg.array<[batch = 2, unit = 3], f32>, !fg.array<[batch = 2], i32>) -> !fg.array<[batch = 2], f32>
    fg.yield %l : !fg.array<[batch = 2], f32>
  }
  fg.write %s to "s" role output : !fg.array<[batch = 2], f32>
}
