// RUN: %fg-opt %s | %fg-opt | FileCheck %s
// RUN: %fg-opt %s --cse | FileCheck %s --check-prefix=CSE

// CHECK: fg.opaque %{{.*}} number 1 : tensor<4x3xf32>
// Those with other numbers stay apart.
// CSE-COUNT-2: fg.opaque

func.func @keep(%x: tensor<4x3xf32>) -> (tensor<4x3xf32>, tensor<4x3xf32>, tensor<4x3xf32>) {
  %y = fg.opaque %x number 1 : tensor<4x3xf32>
  %z = fg.opaque %x number 2 : tensor<4x3xf32>
  %w = fg.opaque %x number 2 : tensor<4x3xf32>
  return %y, %z, %w : tensor<4x3xf32>, tensor<4x3xf32>, tensor<4x3xf32>
}
