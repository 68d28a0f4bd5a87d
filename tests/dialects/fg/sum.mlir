// RUN: %fg-opt %s | %fg-opt | FileCheck %s
// RUN: %fg-opt %s --fg-lower-to-linalg | FileCheck %s --check-prefix=LOWER
// RUN: %fg-opt %s --canonicalize | FileCheck %s --check-prefix=FOLD

// CHECK: fg.sum %{{.*}} over ["token"] : <[batch = 4, token = 2, unit = 3], f32> -> <[batch = 4, unit = 3], f32>

// LOWER-DAG: #[[$IN:.*]] = affine_map<(d0, d1, d2) -> (d0, d2, d1)>
// LOWER-DAG: #[[$OUT:.*]] = affine_map<(d0, d1, d2) -> (d0, d1)>
// LOWER: linalg.fill
// LOWER: linalg.generic {indexing_maps = [#[[$IN]], #[[$OUT]]],
// LOWER-SAME: iterator_types = ["parallel", "parallel", "reduction"]
// LOWER: arith.addf

// FOLD: %[[X:.*]] = fg.read "x"
// FOLD: fg.write %[[X]] to "none"

fg.entry "case" {
  %x = fg.read "x" role input : !fg.array<[batch = 4, token = 2, unit = 3], f32>
  %y = fg.sum %x over ["token"] : !fg.array<[batch = 4, token = 2, unit = 3], f32> -> !fg.array<[batch = 4, unit = 3], f32>
  fg.write %y to "out_y" role output : !fg.array<[batch = 4, unit = 3], f32>
  %n = fg.sum %x over [] : !fg.array<[batch = 4, token = 2, unit = 3], f32> -> !fg.array<[batch = 4, token = 2, unit = 3], f32>
  fg.write %n to "none" role output : !fg.array<[batch = 4, token = 2, unit = 3], f32>
}
