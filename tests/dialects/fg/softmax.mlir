// RUN: %fg-opt %s | %fg-opt | FileCheck %s
// RUN: %fg-opt %s --fg-lower-to-linalg | FileCheck %s --check-prefix=LOWER

// CHECK: fg.softmax %{{.*}} over "class" : <[batch = 4, class = 10], f32>

// LOWER: arith.maximumf
// LOWER: math.exp
// LOWER: arith.addf
// LOWER: arith.divf

fg.entry "case" {
  %x = fg.read "x" role input : !fg.array<[batch = 4, class = 10], f32>
  %p = fg.softmax %x over "class" : !fg.array<[batch = 4, class = 10], f32>
  fg.write %p to "out_p" role output : !fg.array<[batch = 4, class = 10], f32>
}
