// RUN: %fg-opt %s | %fg-opt | FileCheck %s
// RUN: %fg-opt %s --fg-lower-to-linalg | FileCheck %s --check-prefix=LOWER
// RUN: %fg-opt %s --canonicalize | FileCheck %s --check-prefix=FOLD

// CHECK: fg.constant [0.000000e+00] : <[batch = 4, unit = 3], f32>
// CHECK: fg.constant [4.900000e-01, 4.800000e-01, 4.500000e-01] : <[color = 3], f32>

// Small arrays are made by selects, so that there are no data beside the code.
// LOWER-NOT: dense
// LOWER: linalg.index 0
// LOWER: arith.select

// FOLD-DAG: %[[HALF:.*]] = fg.constant [2.450000e-01, 2.400000e-01, 2.250000e-01]
// FOLD-DAG: %[[ZERO:.*]] = fg.constant [0.000000e+00]
// FOLD: fg.write %[[HALF]] to "half"

fg.entry "case" {
  %zero = fg.constant [0.0] : !fg.array<[batch = 4, unit = 3], f32>
  %mean = fg.constant [0.49, 0.48, 0.45] : !fg.array<[color = 3], f32>
  fg.write %zero to "out_zero" role output : !fg.array<[batch = 4, unit = 3], f32>
  fg.write %mean to "out_mean" role output : !fg.array<[color = 3], f32>
  %half = fg.scale %mean by 0.5 : !fg.array<[color = 3], f32>
  fg.write %half to "half" role output : !fg.array<[color = 3], f32>
}
