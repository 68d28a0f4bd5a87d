// RUN: %fg-opt %s | %fg-opt | FileCheck %s
// RUN: %fg-opt %s --fg-lower-to-linalg | FileCheck %s --check-prefix=LOWER

// CHECK: fg.squared_error %{{.*}}, %{{.*}} over "class" : (<[batch = 4, class = 10], f32>, <[batch = 4], i32>) -> <[batch = 4], f32>

// LOWER: linalg.index 1
// LOWER: arith.cmpi eq
// LOWER: %[[E:.*]] = arith.subf
// LOWER: arith.mulf %[[E]], %[[E]]

fg.entry "case" {
  %x = fg.read "x" role input : !fg.array<[batch = 4, class = 10], f32>
  %y = fg.read "y" role label : !fg.array<[batch = 4], i32>
  %l = fg.squared_error %x, %y over "class" : (!fg.array<[batch = 4, class = 10], f32>, !fg.array<[batch = 4], i32>) -> !fg.array<[batch = 4], f32>
  fg.write %l to "out_l" role output : !fg.array<[batch = 4], f32>
}
