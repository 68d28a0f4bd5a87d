// RUN: %fg-opt %s | %fg-opt | FileCheck %s
// RUN: %fg-opt %s --fg-lower-to-linalg | FileCheck %s --check-prefix=LOWER
// RUN: %fg-opt %s --canonicalize | FileCheck %s --check-prefix=FOLD

// CHECK: fg.broadcast %{{.*}} : <[batch = 4], f32> -> <[batch = 4, token = 2], f32>

// LOWER-DAG: #[[$IN:.*]] = affine_map<(d0, d1) -> (d0)>
// LOWER: linalg.generic {indexing_maps = [#[[$IN]],

// FOLD: %[[ONES:.*]] = fg.constant [1.000000e+00] : <[batch = 4, token = 2], f32>
// FOLD: fg.write %[[ONES]] to "ones"

fg.entry "case" {
  %x = fg.read "x" role input : !fg.array<[batch = 4], f32>
  %y = fg.broadcast %x : !fg.array<[batch = 4], f32> -> !fg.array<[batch = 4, token = 2], f32>
  fg.write %y to "out_y" role output : !fg.array<[batch = 4, token = 2], f32>
  %one = fg.constant [1.0] : !fg.array<[batch = 4], f32>
  %ones = fg.broadcast %one : !fg.array<[batch = 4], f32> -> !fg.array<[batch = 4, token = 2], f32>
  fg.write %ones to "ones" role output : !fg.array<[batch = 4, token = 2], f32>
}
