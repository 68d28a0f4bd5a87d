// RUN: %fg-opt %s | %fg-opt | FileCheck %s
// RUN: %fg-opt %s --fg-lower-to-linalg | FileCheck %s --check-prefix=LOWER
// RUN: %fg-opt %s --canonicalize | FileCheck %s --check-prefix=FOLD

// CHECK: fg.mul %{{.*}}, %{{.*}} : (<[batch = 4, unit = 3], f32>, <[unit = 3], f32>)
// CHECK-SAME: -> <[batch = 4, unit = 3], f32>

// LOWER-DAG: #[[$WHOLE:.*]] = affine_map<(d0, d1) -> (d0, d1)>
// LOWER-DAG: #[[$LAST:.*]] = affine_map<(d0, d1) -> (d1)>
// LOWER: linalg.generic {indexing_maps = [#[[$WHOLE]], #[[$LAST]], #[[$WHOLE]]],
// LOWER-SAME: iterator_types = ["parallel", "parallel"]
// LOWER: arith.mulf %{{.*}}, %{{.*}} fastmath<contract> : f32

// FOLD: %[[ZERO:.*]] = fg.constant [0.000000e+00] : <[batch = 4, unit = 3], f32>
// FOLD: %[[X:.*]] = fg.read "x"
// FOLD: fg.write %[[X]] to "folded"
// FOLD: fg.write %[[ZERO]] to "wider"
// A mask that has cut the numbers need not cut them again; another one must.
// FOLD: %[[MASK:.*]] = fg.positive %[[X]]
// FOLD: %[[CUT:.*]] = fg.mul %{{.*}}, %[[MASK]]
// FOLD: fg.write %[[CUT]] to "cut"
// FOLD: %[[OTHER:.*]] = fg.positive %{{.*}}
// FOLD: %[[TWICE:.*]] = fg.mul %[[CUT]], %[[OTHER]]
// FOLD: fg.write %[[TWICE]] to "twice"
// On either side.
// FOLD: fg.write %[[CUT]] to "left"

fg.entry "case" {
  %x = fg.read "x" role input : !fg.array<[batch = 4, unit = 3], f32>
  %b = fg.read "b" role input : !fg.array<[unit = 3], f32>
  %r = fg.mul %x, %b : (!fg.array<[batch = 4, unit = 3], f32>, !fg.array<[unit = 3], f32>) -> !fg.array<[batch = 4, unit = 3], f32>
  fg.write %r to "out_r" role output : !fg.array<[batch = 4, unit = 3], f32>
  %one = fg.constant [1.0] : !fg.array<[batch = 4, unit = 3], f32>
  %f = fg.mul %one, %x : (!fg.array<[batch = 4, unit = 3], f32>, !fg.array<[batch = 4, unit = 3], f32>) -> !fg.array<[batch = 4, unit = 3], f32>
  fg.write %f to "folded" role output : !fg.array<[batch = 4, unit = 3], f32>
  %z = fg.constant [0.0] : !fg.array<[unit = 3], f32>
  %g = fg.mul %x, %z : (!fg.array<[batch = 4, unit = 3], f32>, !fg.array<[unit = 3], f32>) -> !fg.array<[batch = 4, unit = 3], f32>
  fg.write %g to "wider" role output : !fg.array<[batch = 4, unit = 3], f32>
  %mask = fg.positive %x : !fg.array<[batch = 4, unit = 3], f32>
  %cut = fg.mul %r, %mask : (!fg.array<[batch = 4, unit = 3], f32>, !fg.array<[batch = 4, unit = 3], f32>) -> !fg.array<[batch = 4, unit = 3], f32>
  %again = fg.positive %x : !fg.array<[batch = 4, unit = 3], f32>
  %same = fg.mul %cut, %again : (!fg.array<[batch = 4, unit = 3], f32>, !fg.array<[batch = 4, unit = 3], f32>) -> !fg.array<[batch = 4, unit = 3], f32>
  fg.write %same to "cut" role output : !fg.array<[batch = 4, unit = 3], f32>
  %other = fg.positive %r : !fg.array<[batch = 4, unit = 3], f32>
  %twice = fg.mul %same, %other : (!fg.array<[batch = 4, unit = 3], f32>, !fg.array<[batch = 4, unit = 3], f32>) -> !fg.array<[batch = 4, unit = 3], f32>
  fg.write %twice to "twice" role output : !fg.array<[batch = 4, unit = 3], f32>
  %left = fg.mul %again, %cut : (!fg.array<[batch = 4, unit = 3], f32>, !fg.array<[batch = 4, unit = 3], f32>) -> !fg.array<[batch = 4, unit = 3], f32>
  fg.write %left to "left" role output : !fg.array<[batch = 4, unit = 3], f32>
}
