// RUN: %fg-opt %s | %fg-opt | FileCheck %s
// RUN: %fg-opt %s --fg-lower-to-linalg | FileCheck %s --check-prefix=LOWER

// CHECK: fg.positive %{{.*}} : <[batch = 4, channel = 8], f32>

// LOWER: %[[ABOVE:.*]] = arith.cmpf ogt, %{{.*}}, %{{.*}} : f32
// LOWER: arith.select %[[ABOVE]], %{{.*}}, %{{.*}} : f32

fg.entry "case" {
  %x = fg.read "x" role input : !fg.array<[batch = 4, channel = 8], f32>
  %r = fg.positive %x : !fg.array<[batch = 4, channel = 8], f32>
  fg.write %r to "out_r" role output : !fg.array<[batch = 4, channel = 8], f32>
}
