// RUN: %fg-opt %s | %fg-opt | FileCheck %s
// RUN: %fg-opt %s --fg-lower-to-linalg | FileCheck %s --check-prefix=LOWER
// RUN: %fg-opt %s --canonicalize | FileCheck %s --check-prefix=FOLD

// CHECK: fg.scale %{{.*}} by 2.500000e-01 : <[batch = 4, unit = 3], f32>

// LOWER-DAG: %[[FACTOR:.*]] = arith.constant 2.500000e-01 : f32
// LOWER-DAG: arith.mulf %{{.*}}, %{{.*}} fastmath<contract> : f32

// FOLD: %[[ZERO:.*]] = fg.constant [0.000000e+00]
// FOLD: %[[X:.*]] = fg.read "x"
// FOLD: fg.write %[[X]] to "one"
// FOLD: fg.write %[[ZERO]] to "zero"
// FOLD: %[[TWICE:.*]] = fg.scale %[[X]] by 1.500000e+00
// FOLD: fg.write %[[TWICE]] to "twice"

fg.entry "case" {
  %x = fg.read "x" role input : !fg.array<[batch = 4, unit = 3], f32>
  %r = fg.scale %x by 0.25 : !fg.array<[batch = 4, unit = 3], f32>
  fg.write %r to "out_r" role output : !fg.array<[batch = 4, unit = 3], f32>
  %one = fg.scale %x by 1.0 : !fg.array<[batch = 4, unit = 3], f32>
  fg.write %one to "one" role output : !fg.array<[batch = 4, unit = 3], f32>
  %zero = fg.scale %x by 0.0 : !fg.array<[batch = 4, unit = 3], f32>
  fg.write %zero to "zero" role output : !fg.array<[batch = 4, unit = 3], f32>
  %a = fg.scale %x by 3.0 : !fg.array<[batch = 4, unit = 3], f32>
  %b = fg.scale %a by 0.5 : !fg.array<[batch = 4, unit = 3], f32>
  fg.write %b to "twice" role output : !fg.array<[batch = 4, unit = 3], f32>
}
