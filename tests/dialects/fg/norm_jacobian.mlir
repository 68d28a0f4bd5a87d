// RUN: %fg-opt %s | %fg-opt | FileCheck %s
// RUN: %fg-opt %s --fg-lower-to-linalg | FileCheck %s --check-prefix=LOWER

// CHECK: fg.norm_jacobian %{{.*}}, %{{.*}}, %{{.*}} over ["channel"] :
// CHECK-SAME: <[batch = 4, channel = 8], f32>, <[batch = 4], f32>, <[batch = 4, channel = 8], f32>

// LOWER: iterator_types = ["parallel", "reduction"]
// LOWER: iterator_types = ["parallel", "reduction"]
// LOWER: iterator_types = ["parallel", "parallel"]

fg.entry "case" {
  %z = fg.read "z" role input : !fg.array<[batch = 4, channel = 8], f32>
  %r = fg.read "r" role input : !fg.array<[batch = 4], f32>
  %v = fg.read "v" role input : !fg.array<[batch = 4, channel = 8], f32>
  %d = fg.norm_jacobian %z, %r, %v over ["channel"] : !fg.array<[batch = 4, channel = 8], f32>, !fg.array<[batch = 4], f32>, !fg.array<[batch = 4, channel = 8], f32>
  fg.write %d to "out_d" role output : !fg.array<[batch = 4, channel = 8], f32>
}
