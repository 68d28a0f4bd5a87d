// RUN: %fg-opt %s | %fg-opt | FileCheck %s

// CHECK: fg.replicated_tangent per ["token"](%{{.*}}, %{{.*}}, %{{.*}}) :
// CHECK-SAME: (<[batch = 4, token = 2], f32>, <[batch = 4, token = 2], f32>, <[], f32>)
// CHECK-SAME: -> <[batch = 4, token = 2], f32> {

fg.entry "case" {
  %x = fg.read "x" role input : !fg.array<[batch = 4, token = 2], f32>
  %dx = fg.read "dx" role input : !fg.array<[batch = 4, token = 2], f32>
  %y = fg.read "y" role label : !fg.array<[batch = 4], i32>
  %weight = fg.constant [0.25] : !fg.array<[], f32>
  %s = fg.replicated_tangent per ["token"] (%x, %dx, %weight)
    : (!fg.array<[batch = 4, token = 2], f32>, !fg.array<[batch = 4, token = 2], f32>, !fg.array<[], f32>)
      -> !fg.array<[batch = 4, token = 2], f32> {
  ^bb0(%a: !fg.array<[batch = 4, token = 2], f32>):
    %l = fg.cross_entropy %a, %y over "token"
      : (!fg.array<[batch = 4, token = 2], f32>, !fg.array<[batch = 4], i32>) -> !fg.array<[batch = 4], f32>
    fg.yield %l : !fg.array<[batch = 4], f32>
  }
  fg.write %s to "s" role output : !fg.array<[batch = 4, token = 2], f32>
}
