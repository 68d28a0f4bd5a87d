// RUN: %fg-opt %S/Inputs/two-blocks.mlir --fg-rule-bp-checkpoint | FileCheck %s

// The first block is computed again, from its input, behind the reverse sweep of the second.

// CHECK: fg.entry "gradient" {
// CHECK: %[[X:.*]] = fg.read "image"
// CHECK: fg.relu %{{.*}} site "block0.mixed"
// CHECK: %[[X1:.*]] = fg.relu %{{.*}} site "block0.layer"
// CHECK: %[[H1:.*]] = fg.relu %{{.*}} site "block1.layer"
// CHECK: fg.positive %[[H1]]
// CHECK: %[[AGAIN:.*]] = fg.recompute %[[X]] number 0
// CHECK: fg.contract %[[AGAIN]]
// CHECK: %[[M:.*]] = fg.relu %{{.*}} site "block0.mixed"
// CHECK: %[[H0:.*]] = fg.relu %{{.*}} site "block0.layer"
// CHECK: fg.positive %[[H0]]
// CHECK: fg.positive %[[M]]
// CHECK-NOT: fg.recompute
