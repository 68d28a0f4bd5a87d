// RUN: %fg-opt %s --fg-lower-to-linalg --fg-bufferize | FileCheck %s

// The derivative of a convolution: the product is computed right where the windows are laid
// between zeros; nothing is copied, onto itself or elsewhere.
// CHECK-LABEL: func.func @transposed
// CHECK: %[[SPREAD:.*]] = memref.alloc() {{.*}} : memref<4x8x3x8xf32>
// CHECK: %[[PLACE:.*]] = memref.subview %[[SPREAD]][0, 1, 0, 0] [4, 6, 3, 8] [1, 1, 1, 1]
// CHECK: linalg.generic {{.*}} outs(%[[PLACE]]
// CHECK-NOT: memref.copy
// CHECK: linalg.generic {{.*}} ins(%[[SPREAD]]
// CHECK-NOT: memref.copy
// CHECK: return
fg.entry "transposed" {
  %q = fg.read "q" role input : !fg.array<[batch = 4, width = 6, d = 8], f32>
  %w = fg.read "w" role parameter : !fg.array<[width = 3, c = 8, d = 8], f32>
  %s = fg.contract %q "nwd", %w "kcd" -> "nwkc"
    : (!fg.array<[batch = 4, width = 6, d = 8], f32>, !fg.array<[width = 3, c = 8, d = 8], f32>)
      -> !fg.array<[batch = 4, width = 6, k = 3, c = 8], f32>
  %x = fg.fold_windows %s over ["width"] into ["k"] strides [1] before [1]
    : !fg.array<[batch = 4, width = 6, k = 3, c = 8], f32> -> !fg.array<[batch = 4, width = 6, c = 8], f32>
  fg.write %x to "x" role output : !fg.array<[batch = 4, width = 6, c = 8], f32>
}
