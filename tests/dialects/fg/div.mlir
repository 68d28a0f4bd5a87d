// RUN: %fg-opt %s | %fg-opt | FileCheck %s
// RUN: %fg-opt %s --fg-lower-to-linalg | FileCheck %s --check-prefix=LOWER

// CHECK: fg.div %{{.*}}, %{{.*}} : <[unit = 3, class = 2], f32>, <[class = 2], f32>

// LOWER: arith.divf %{{.*}}, %{{.*}} fastmath<contract> : f32

fg.entry "case" {
  %x = fg.read "x" role input : !fg.array<[unit = 3, class = 2], f32>
  %n = fg.read "n" role input : !fg.array<[class = 2], f32>
  %y = fg.div %x, %n : !fg.array<[unit = 3, class = 2], f32>, !fg.array<[class = 2], f32>
  fg.write %y to "out_r" role output : !fg.array<[unit = 3, class = 2], f32>
}
