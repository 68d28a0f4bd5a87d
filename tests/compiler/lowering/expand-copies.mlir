// RUN: %fg-opt --fg-expand-copies %s | FileCheck %s

// CHECK-LABEL: func.func @strided
// CHECK:         scf.for %[[I:.*]] =
// CHECK:           scf.for %[[J:.*]] =
// CHECK:             %[[X:.*]] = memref.load %{{.*}}[%[[I]], %[[J]]]
// CHECK:             memref.store %[[X]], %{{.*}}[%[[I]], %[[J]]]
func.func @strided(%a: memref<2x3xf32, strided<[8, 1]>>, %b: memref<2x3xf32>) {
  memref.copy %a, %b : memref<2x3xf32, strided<[8, 1]>> to memref<2x3xf32>
  return
}

// A dense copy becomes a memcpy later.

// CHECK-LABEL: func.func @dense
// CHECK:         memref.copy
func.func @dense(%a: memref<2x3xf32>, %b: memref<2x3xf32>) {
  memref.copy %a, %b : memref<2x3xf32> to memref<2x3xf32>
  return
}
