// RUN: %fg-opt %s | %fg-opt | FileCheck %s
// RUN: %fg-opt %s --fg-lower-to-linalg | FileCheck %s --check-prefix=LOWER

// CHECK: fg.relu %{{.*}} site "block0.channel" : <[batch = 4, channel = 8], f32>

// NaN passes: only what is below zero is replaced.
// LOWER: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// LOWER: %[[BELOW:.*]] = arith.cmpf olt, %[[X:.*]], %[[ZERO]] : f32
// LOWER: arith.select %[[BELOW]], %[[ZERO]], %[[X]] : f32

fg.entry "case" {
  %x = fg.read "x" role input : !fg.array<[batch = 4, channel = 8], f32>
  %r = fg.relu %x site "block0.channel" : !fg.array<[batch = 4, channel = 8], f32>
  fg.write %r to "out_r" role output : !fg.array<[batch = 4, channel = 8], f32>
}
