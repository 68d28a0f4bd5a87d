// RUN: %fg-opt %s | %fg-opt | FileCheck %s
// RUN: %fg-opt %s --fg-lower-to-linalg | FileCheck %s --check-prefix=LOWER
// RUN: %fg-opt %s --canonicalize | FileCheck %s --check-prefix=FOLD

// CHECK: fg.reorder %{{.*}} : <[batch = 4, height = 2, width = 3], f32> -> <[batch = 4, width = 3, height = 2], f32>

// LOWER-DAG: #[[$IN:.*]] = affine_map<(d0, d1, d2) -> (d0, d2, d1)>
// LOWER: linalg.generic {indexing_maps = [#[[$IN]],

// FOLD: %[[X:.*]] = fg.read "x"
// FOLD: fg.write %[[X]] to "back"

fg.entry "case" {
  %x = fg.read "x" role input : !fg.array<[batch = 4, height = 2, width = 3], f32>
  %y = fg.reorder %x : !fg.array<[batch = 4, height = 2, width = 3], f32> -> !fg.array<[batch = 4, width = 3, height = 2], f32>
  fg.write %y to "out_y" role output : !fg.array<[batch = 4, width = 3, height = 2], f32>
  %b = fg.reorder %y : !fg.array<[batch = 4, width = 3, height = 2], f32> -> !fg.array<[batch = 4, height = 2, width = 3], f32>
  fg.write %b to "back" role output : !fg.array<[batch = 4, height = 2, width = 3], f32>
}
