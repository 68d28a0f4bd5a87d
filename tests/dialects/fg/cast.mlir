// RUN: %fg-opt %s | %fg-opt | FileCheck %s
// RUN: %fg-opt %s --fg-lower-to-linalg | FileCheck %s --check-prefix=LOWER
// RUN: %fg-opt %s --canonicalize | FileCheck %s --check-prefix=FOLD

// CHECK: fg.cast %{{.*}} : <[batch = 4, unit = 3], f64> -> <[batch = 4, unit = 3], f32>

// LOWER: arith.truncf %{{.*}} : f64 to f32
// LOWER: arith.extf %{{.*}} : f32 to f64

// Bytes are 0 to 255.
// LOWER: arith.uitofp %{{.*}} : i8 to f32

// FOLD: %[[X:.*]] = fg.read "x"
// FOLD: fg.write %[[X]] to "same"

fg.entry "case" {
  %x = fg.read "x" role input : !fg.array<[batch = 4, unit = 3], f64>
  %r = fg.cast %x : !fg.array<[batch = 4, unit = 3], f64> -> !fg.array<[batch = 4, unit = 3], f32>
  fg.write %r to "narrow" role output : !fg.array<[batch = 4, unit = 3], f32>
  %t = fg.add %r, %r : (!fg.array<[batch = 4, unit = 3], f32>, !fg.array<[batch = 4, unit = 3], f32>) -> !fg.array<[batch = 4, unit = 3], f32>
  %w = fg.cast %t : !fg.array<[batch = 4, unit = 3], f32> -> !fg.array<[batch = 4, unit = 3], f64>
  fg.write %w to "wide" role output : !fg.array<[batch = 4, unit = 3], f64>
  %s = fg.cast %x : !fg.array<[batch = 4, unit = 3], f64> -> !fg.array<[batch = 4, unit = 3], f64>
  fg.write %s to "same" role output : !fg.array<[batch = 4, unit = 3], f64>
  %b = fg.read "b" role input : !fg.array<[batch = 4, unit = 3], i8>
  %n = fg.cast %b : !fg.array<[batch = 4, unit = 3], i8> -> !fg.array<[batch = 4, unit = 3], f32>
  fg.write %n to "number" role output : !fg.array<[batch = 4, unit = 3], f32>
}
