// RUN: %fg-opt %S/Inputs/two-blocks.mlir --fg-rule-lg-p-a | FileCheck %s
// RUN: %fg-opt %S/Inputs/two-blocks.mlir --fg-rule-lg-p-w | FileCheck %s --check-prefix=WEIGHTS

// The model once more, a finite step along all perturbations at once.

// CHECK: fg.entry "gradient" {
// CHECK: %[[Z0:.*]], %{{.*}} = fg.norm
// CHECK: fg.relu %[[Z0]] site "block0.mixed"
// CHECK: %[[LOSS:.*]] = fg.cross_entropy
// CHECK: %[[U0:.*]] = fg.perturb {{.*}} site 0
// CHECK: %[[STEP:.*]] = fg.scale %[[U0]] by 1.000000e-03
// CHECK: %[[MOVED:.*]] = fg.add %[[STEP]], %[[Z0]]
// CHECK: fg.relu %[[MOVED]] site "block0.mixed"
// It goes on through the second block.
// CHECK: %[[H0:.*]] = fg.relu %{{.*}} site "block0.layer"
// CHECK: fg.contract %[[H0]]
// CHECK: %[[AFTER:.*]] = fg.cross_entropy
// CHECK: %[[CHANGE:.*]] = fg.sub %[[AFTER]], %[[LOSS]]
// CHECK: %[[MEAN:.*]] = fg.mul %[[CHANGE]]
// CHECK: %[[RATE:.*]] = fg.scale %[[MEAN]] by 1.000000e+03
// Every copy of the loss sees all of it.
// CHECK: fg.broadcast %[[RATE]] : <[batch = 2], f32> -> <[batch = 2, token = 2], f32>

// WEIGHTS: %[[W:.*]] = fg.read "block0.mixed.weight"
// WEIGHTS: %[[V:.*]] = fg.perturb {{.*}} site 0
// WEIGHTS: %[[STEP:.*]] = fg.scale %[[V]] by 1.000000e-03
// WEIGHTS: fg.add %[[STEP]], %[[W]]
