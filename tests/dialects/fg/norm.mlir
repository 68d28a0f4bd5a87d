// RUN: %fg-opt %s | %fg-opt | FileCheck %s
// RUN: %fg-opt %s --fg-lower-to-linalg | FileCheck %s --check-prefix=LOWER

// CHECK: fg.norm %{{.*}} over ["channel"] epsilon 1.000000e-05 : <[batch = 4, channel = 8], f32>, <[batch = 4], f32>

// Sum, sum of the squared deviations, inverse deviation, result.
// LOWER: iterator_types = ["parallel", "reduction"]
// LOWER: iterator_types = ["parallel", "reduction"]
// LOWER: iterator_types = ["parallel"]
// LOWER: math.sqrt
// LOWER: arith.divf
// LOWER: iterator_types = ["parallel", "parallel"]

fg.entry "case" {
  %q = fg.read "q" role input : !fg.array<[batch = 4, channel = 8], f32>
  %z, %r = fg.norm %q over ["channel"] epsilon 1.0e-05 : !fg.array<[batch = 4, channel = 8], f32>, !fg.array<[batch = 4], f32>
  fg.write %z to "out_z" role output : !fg.array<[batch = 4, channel = 8], f32>
  fg.write %r to "out_r" role output : !fg.array<[batch = 4], f32>
}
