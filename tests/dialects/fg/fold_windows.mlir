// RUN: %fg-opt %s | %fg-opt | FileCheck %s
// RUN: %fg-opt %s --fg-lower-to-linalg | FileCheck %s --check-prefix=LOWER
// RUN: %fg-opt %s --canonicalize | FileCheck %s --check-prefix=FOLD

// CHECK: fg.fold_windows %{{.*}} over ["width"] into ["window"] strides [2] before [1] :
// CHECK-SAME: <[batch = 4, width = 2, window = 3], f32> -> <[batch = 4, width = 4], f32>

// The windows are laid two apart between zeros, so that each element's share of the i-th
// element of any window lies at one place.
// LOWER: #[[READ:.*]] = affine_map<(d0, d1, d2) -> (d0, d1 - d2 + 2, d2)>
// LOWER: %[[ZEROS:.*]] = linalg.fill {{.*}} -> tensor<4x6x3xf32>
// LOWER: %[[SPREAD:.*]] = tensor.insert_slice %{{.*}} into %[[ZEROS]][0, 1, 0] [4, 2, 3] [1, 2, 1]
// LOWER: linalg.generic {indexing_maps = [#[[READ]], {{.*}} iterator_types = ["parallel", "parallel", "reduction"]}
// LOWER-SAME: ins(%[[SPREAD]] : tensor<4x6x3xf32>)

// FOLD: %[[ZERO:.*]] = fg.constant [0.000000e+00] : <[batch = 4, width = 4], f32>
// FOLD: fg.write %[[ZERO]] to "zeros"

fg.entry "case" {
  %w = fg.read "w" role input : !fg.array<[batch = 4, width = 2, window = 3], f32>
  %x = fg.fold_windows %w over ["width"] into ["window"] strides [2] before [1]
    : !fg.array<[batch = 4, width = 2, window = 3], f32> -> !fg.array<[batch = 4, width = 4], f32>
  fg.write %x to "x" role output : !fg.array<[batch = 4, width = 4], f32>
  %zero = fg.constant [0.0] : !fg.array<[batch = 4, width = 2, window = 3], f32>
  %z = fg.fold_windows %zero over ["width"] into ["window"] strides [2] before [1]
    : !fg.array<[batch = 4, width = 2, window = 3], f32> -> !fg.array<[batch = 4, width = 4], f32>
  fg.write %z to "zeros" role output : !fg.array<[batch = 4, width = 4], f32>
}
