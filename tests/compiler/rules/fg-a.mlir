// RUN: %fg-opt %S/Inputs/two-blocks.mlir --fg-rule-fg-a | FileCheck %s

// Activities of all blocks perturbed; a unit hears the loss of its sample.

// CHECK: fg.entry "gradient" {
// CHECK-DAG: %[[U0:.*]] = fg.perturb {{.*}} site 0 {{.*}} -> <[batch = 2, token = 2, unit = 4], f32>
// CHECK-DAG: %[[U2:.*]] = fg.perturb {{.*}} site 2
// The second block's site adds its own to what comes from the first.
// CHECK: %[[UM2:.*]] = fg.mul %[[U2]]
// CHECK: fg.add %[[UM2]]
// CHECK: %[[S:.*]] = fg.replicated_tangent per []
// CHECK: %[[UM0:.*]] = fg.mul %[[U0]]
// CHECK: fg.mul %[[UM0]], %[[S]] : (<[batch = 2, token = 2, unit = 4], f32>, <[batch = 2], f32>)
