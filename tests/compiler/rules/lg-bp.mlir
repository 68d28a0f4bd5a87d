// RUN: %fg-opt %S/Inputs/two-blocks.mlir --fg-rule-lg-bp | FileCheck %s

// Each block's own loss, back to the block's border.

// CHECK: fg.entry "gradient" {
// CHECK: %[[X:.*]] = fg.read "image"
// CHECK: %[[H0:.*]] = fg.relu %{{.*}} site "block0.layer"
// CHECK: %[[H1:.*]] = fg.relu %{{.*}} site "block1.layer"
// CHECK: fg.positive %[[H0]]
// CHECK: fg.contract %[[X]]
// The second block's error reaches its weight and goes no further.
// CHECK: %[[MASK1:.*]] = fg.positive %[[H1]]
// CHECK: %[[DZ1:.*]] = fg.mul %{{.*}}, %[[MASK1]]
// CHECK: fg.contract %[[H0]] "abc", %[[DZ1]] "abd" -> "cd"
// CHECK-NOT: fg.positive
// CHECK: fg.write %{{.*}} to "block0.head.weight.grad"
