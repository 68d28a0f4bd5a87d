// RUN: %fg-opt %s --fg-expand-replicated-losses --verify-diagnostics
// Copies that no machine holds.

fg.entry "case" {
  %x = fg.read "x" role input : !fg.array<[batch = 2, token = 65536, unit = 65536], f32>
  %y = fg.read "y" role label : !fg.array<[batch = 2], i32>
  %weight = fg.constant [0.5] : !fg.array<[batch = 2], f32>
  // expected-error @+1 {{the copies of this loss cannot be written out}}
  %s = fg.replicated_tangent per ["token", "unit"] (%x, %x, %weight)
    : (!fg.array<[batch = 2, token = 65536, unit = 65536], f32>, !fg.array<[batch = 2, token = 65536, unit = 65536], f32>, !fg.array<[batch = 2], f32>)
      -> !fg.array<[batch = 2, token = 65536, unit = 65536], f32> {
  ^bb0(%a: !fg.array<[batch = 2, token = 65536, unit = 65536], f32>):
    %m = fg.sum %a over ["token"] : !fg.array<[batch = 2, token = 65536, unit = 65536], f32> -> !fg.array<[batch = 2, unit = 65536], f32>
    %l = fg.cross_entropy %m, %y over "unit"
      : (!fg.array<[batch = 2, unit = 65536], f32>, !fg.array<[batch = 2], i32>) -> !fg.array<[batch = 2], f32>
    fg.yield %l : !fg.array<[batch = 2], f32>
  }
  fg.write %s to "s" role output : !fg.array<[batch = 2, token = 65536, unit = 65536], f32>
}
