// RUN: %fg-opt %S/Inputs/two-blocks.mlir --fg-rule-l-bp | FileCheck %s

// All local losses, back through all blocks; the readout's loss stays with the readout.

// CHECK: fg.entry "gradient" {
// CHECK: %[[H0:.*]] = fg.relu %{{.*}} site "block0.layer"
// CHECK: %[[H1:.*]] = fg.relu %{{.*}} site "block1.layer"
// The second block's own error, through its layer, meets the first block's.
// CHECK: %[[MASK1:.*]] = fg.positive %[[H1]]
// CHECK: %[[DZ1:.*]] = fg.mul %{{.*}}, %[[MASK1]]
// CHECK: %[[BACK:.*]] = fg.contract %[[DZ1]] "abd", %{{.*}} "cd" -> "abc"
// CHECK: %[[BOTH:.*]] = fg.add %{{.*}}, %[[BACK]]
// CHECK: fg.positive %[[H0]]
// CHECK: fg.mul %[[BOTH]]
// Then the readout, for itself: nothing of its error goes on.
// CHECK: %[[ERROR:.*]] = fg.mul %{{.*}} : (<[batch = 2, class = 3], f32>, <[batch = 2], f32>)
// CHECK-NOT: fg.contract %[[ERROR]] "ac", %{{.*}} "bc" -> "ab"
// CHECK: fg.write %{{.*}} to "readout.weight.grad"
