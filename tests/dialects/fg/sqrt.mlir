// RUN: %fg-opt %s | %fg-opt | FileCheck %s
// RUN: %fg-opt %s --fg-lower-to-linalg | FileCheck %s --check-prefix=LOWER

// CHECK: fg.sqrt %{{.*}} : <[unit = 3, class = 2], f32>

// LOWER: math.sqrt %{{.*}} : f32

fg.entry "case" {
  %x = fg.read "x" role input : !fg.array<[unit = 3, class = 2], f32>
  %y = fg.sqrt %x : !fg.array<[unit = 3, class = 2], f32>
  fg.write %y to "out_r" role output : !fg.array<[unit = 3, class = 2], f32>
}
