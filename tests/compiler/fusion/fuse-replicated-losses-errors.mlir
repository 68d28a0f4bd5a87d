// RUN: %fg-opt %s --fg-fuse-replicated-losses --split-input-file --verify-diagnostics | FileCheck %s
// What is not fused: a remark says why, and the op stays for --fg-expand-replicated-losses.

// A head on the sum over the batch.

// CHECK: fg.replicated_tangent

fg.entry "case" {
  %x = fg.read "x" role input : !fg.array<[batch = 2, token = 2, unit = 3], f32>
  %dx = fg.read "dx" role input : !fg.array<[batch = 2, token = 2, unit = 3], f32>
  %y = fg.read "y" role label : !fg.array<[batch = 2], i32>
  %weight = fg.constant [0.5] : !fg.array<[batch = 2], f32>
  // expected-remark @+1 {{replicated loss is not fused: the loss of a sample depends on other samples of the batch}}
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

// A norm over the batch.

// CHECK: fg.replicated_tangent

fg.entry "case" {
  %x = fg.read "x" role input : !fg.array<[batch = 2, token = 2, unit = 3], f32>
  %dx = fg.read "dx" role input : !fg.array<[batch = 2, token = 2, unit = 3], f32>
  %y = fg.read "y" role label : !fg.array<[batch = 2], i32>
  %weight = fg.constant [0.5] : !fg.array<[batch = 2], f32>
  // expected-remark @+1 {{replicated loss is not fused: the loss of a sample depends on other samples of the batch}}
  %s = fg.replicated_tangent per ["token"] (%x, %dx, %weight)
    : (!fg.array<[batch = 2, token = 2, unit = 3], f32>, !fg.array<[batch = 2, token = 2, unit = 3], f32>,
       !fg.array<[batch = 2], f32>) -> !fg.array<[batch = 2, token = 2], f32> {
  ^bb0(%a: !fg.array<[batch = 2, token = 2, unit = 3], f32>):
    %p = fg.sum %a over ["token"] : !fg.array<[batch = 2, token = 2, unit = 3], f32>
           -> !fg.array<[batch = 2, unit = 3], f32>
    %m, %r = fg.norm %p over ["batch"] epsilon 1.0e-05
      : !fg.array<[batch = 2, unit = 3], f32>, !fg.array<[unit = 3], f32>
    %l = fg.cross_entropy %m, %y over "unit"
      : (!fg.array<[batch = 2, unit = 3], f32>, !fg.array<[batch = 2], i32>) -> !fg.array<[batch = 2], f32>
    fg.yield %l : !fg.array<[batch = 2], f32>
  }
  fg.write %s to "s" role output : !fg.array<[batch = 2, token = 2], f32>
}

// -----

// One of two ways mixes samples.

// CHECK: fg.replicated_tangent

fg.entry "case" {
  %x = fg.read "x" role input : !fg.array<[batch = 2, token = 2, unit = 3], f32>
  %dx = fg.read "dx" role input : !fg.array<[batch = 2, token = 2, unit = 3], f32>
  %y = fg.read "y" role label : !fg.array<[batch = 2], i32>
  %weight = fg.constant [0.5] : !fg.array<[batch = 2], f32>
  // expected-remark @+1 {{replicated loss is not fused: the loss of a sample depends on other samples of the batch}}
  %s = fg.replicated_tangent per ["token"] (%x, %dx, %weight)
    : (!fg.array<[batch = 2, token = 2, unit = 3], f32>, !fg.array<[batch = 2, token = 2, unit = 3], f32>,
       !fg.array<[batch = 2], f32>) -> !fg.array<[batch = 2, token = 2], f32> {
  ^bb0(%a: !fg.array<[batch = 2, token = 2, unit = 3], f32>):
    %m = fg.sum %a over ["token"] : !fg.array<[batch = 2, token = 2, unit = 3], f32>
           -> !fg.array<[batch = 2, unit = 3], f32>
    %t = fg.sum %m over ["batch"] : !fg.array<[batch = 2, unit = 3], f32> -> !fg.array<[unit = 3], f32>
    %d = fg.sub %m, %t
      : (!fg.array<[batch = 2, unit = 3], f32>, !fg.array<[unit = 3], f32>) -> !fg.array<[batch = 2, unit = 3], f32>
    %l = fg.cross_entropy %d, %y over "unit"
      : (!fg.array<[batch = 2, unit = 3], f32>, !fg.array<[batch = 2], i32>) -> !fg.array<[batch = 2], f32>
    fg.yield %l : !fg.array<[batch = 2], f32>
  }
  fg.write %s to "s" role output : !fg.array<[batch = 2, token = 2], f32>
}

// -----

// A loss that does not look at the array.

// CHECK: fg.replicated_tangent

fg.entry "case" {
  %x = fg.read "x" role input : !fg.array<[batch = 2, token = 2, unit = 3], f32>
  %dx = fg.read "dx" role input : !fg.array<[batch = 2, token = 2, unit = 3], f32>
  %y = fg.read "y" role label : !fg.array<[batch = 2], i32>
  %weight = fg.constant [0.5] : !fg.array<[batch = 2], f32>
  %z = fg.read "z" role input : !fg.array<[batch = 2, unit = 3], f32>
  // expected-remark @+1 {{replicated loss is not fused: the loss does not depend on the array that it is replicated over}}
  %s = fg.replicated_tangent per ["token"] (%x, %dx, %weight)
    : (!fg.array<[batch = 2, token = 2, unit = 3], f32>, !fg.array<[batch = 2, token = 2, unit = 3], f32>,
       !fg.array<[batch = 2], f32>) -> !fg.array<[batch = 2, token = 2], f32> {
  ^bb0(%a: !fg.array<[batch = 2, token = 2, unit = 3], f32>):
    %l = fg.sum %z over ["unit"] : !fg.array<[batch = 2, unit = 3], f32> -> !fg.array<[batch = 2], f32>
    fg.yield %l : !fg.array<[batch = 2], f32>
  }
  fg.write %s to "s" role output : !fg.array<[batch = 2, token = 2], f32>
}
