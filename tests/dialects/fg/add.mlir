// RUN: %fg-opt %s | %fg-opt | FileCheck %s
// RUN: %fg-opt %s --fg-lower-to-linalg | FileCheck %s --check-prefix=LOWER
// RUN: %fg-opt %s --canonicalize | FileCheck %s --check-prefix=FOLD

// CHECK: fg.add %{{.*}}, %{{.*}} : (<[batch = 4, unit = 3], f32>, <[unit = 3], f32>)
// CHECK-SAME: -> <[batch = 4, unit = 3], f32>

// LOWER-DAG: #[[$WHOLE:.*]] = affine_map<(d0, d1) -> (d0, d1)>
// LOWER-DAG: #[[$LAST:.*]] = affine_map<(d0, d1) -> (d1)>
// LOWER: linalg.generic {indexing_maps = [#[[$WHOLE]], #[[$LAST]], #[[$WHOLE]]],
// LOWER-SAME: iterator_types = ["parallel", "parallel"]
// LOWER: arith.addf %{{.*}}, %{{.*}} fastmath<contract> : f32

// x + 0 = 0 + x = x, but only where the sum has the axes of x.
// FOLD: %[[X:.*]] = fg.read "x"
// FOLD: %[[B:.*]] = fg.read "b"
// FOLD: fg.write %[[X]] to "folded"
// FOLD: %[[W:.*]] = fg.add %[[B]],
// FOLD: fg.write %[[W]] to "wider"

fg.entry "case" {
  %x = fg.read "x" role input : !fg.array<[batch = 4, unit = 3], f32>
  %b = fg.read "b" role input : !fg.array<[unit = 3], f32>
  %r = fg.add %x, %b : (!fg.array<[batch = 4, unit = 3], f32>, !fg.array<[unit = 3], f32>) -> !fg.array<[batch = 4, unit = 3], f32>
  fg.write %r to "out_r" role output : !fg.array<[batch = 4, unit = 3], f32>
  %z = fg.constant [0.0] : !fg.array<[batch = 4, unit = 3], f32>
  %f = fg.add %z, %x : (!fg.array<[batch = 4, unit = 3], f32>, !fg.array<[batch = 4, unit = 3], f32>) -> !fg.array<[batch = 4, unit = 3], f32>
  fg.write %f to "folded" role output : !fg.array<[batch = 4, unit = 3], f32>
  %g = fg.add %b, %z : (!fg.array<[unit = 3], f32>, !fg.array<[batch = 4, unit = 3], f32>) -> !fg.array<[batch = 4, unit = 3], f32>
  fg.write %g to "wider" role output : !fg.array<[batch = 4, unit = 3], f32>
}
