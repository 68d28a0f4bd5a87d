// RUN: %fg-opt %s | %fg-opt | FileCheck %s
// RUN: %fg-opt %s --fg-lower-to-linalg | FileCheck %s --check-prefix=LOWER

// CHECK: fg.one_hot %{{.*}} : <[batch = 4], i32> -> <[batch = 4, class = 10], f32>

// LOWER: linalg.index 1
// LOWER: arith.cmpi eq, %{{.*}}, %{{.*}} : i32

fg.entry "case" {
  %y = fg.read "y" role label : !fg.array<[batch = 4], i32>
  %t = fg.one_hot %y : !fg.array<[batch = 4], i32> -> !fg.array<[batch = 4, class = 10], f32>
  fg.write %t to "out_t" role output : !fg.array<[batch = 4, class = 10], f32>
}
