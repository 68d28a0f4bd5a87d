// RUN: %fg-opt %S/Inputs/two-blocks.mlir --fg-rule-dfa | FileCheck %s

// The readout's error, straight to each site.

// The token layer's units are tokens, the others' are units.
// CHECK: fg.feedback "block0.mixed.direct_feedback.weight" scale 1.000000e-01 : !fg.array<[token = 2, class = 3], f32>
// CHECK: fg.feedback "block0.layer.direct_feedback.weight" scale 1.000000e-01 : !fg.array<[unit = 4, class = 3], f32>
// CHECK: fg.feedback "block1.layer.direct_feedback.weight" scale 1.000000e-01 : !fg.array<[unit = 4, class = 3], f32>
// CHECK: fg.entry "gradient" {
// CHECK-DAG: %[[FM:.*]] = fg.read "block0.mixed.direct_feedback.weight"
// CHECK-DAG: %[[FL:.*]] = fg.read "block0.layer.direct_feedback.weight"
// CHECK: %[[HM:.*]] = fg.relu %{{.*}} site "block0.mixed"
// CHECK: %[[HL:.*]] = fg.relu %{{.*}} site "block0.layer"
// CHECK: %[[E:.*]] = fg.mul %{{.*}} : (<[batch = 2, class = 3], f32>, <[batch = 2], f32>)
// Shared by all places that are not its units: 4 units of a token, 2 tokens of a unit.
// CHECK: %[[SENT:.*]] = fg.contract %[[E]] "ab", %[[FM]] "cb" -> "ac"
// CHECK: fg.scale %[[SENT]] by 2.500000e-01
// CHECK: fg.positive %[[HM]]
// CHECK: %[[SENT:.*]] = fg.contract %[[E]] "ab", %[[FL]] "cb" -> "ac"
// CHECK: fg.scale %[[SENT]] by 5.000000e-01
// CHECK: %[[MASK:.*]] = fg.positive %[[HL]]
// CHECK: %[[DZ:.*]] = fg.mul %{{.*}}, %[[MASK]]
// CHECK: %[[DQ:.*]] = fg.norm_jacobian %{{.*}}, %{{.*}}, %[[DZ]] over ["unit"]
// CHECK: fg.contract %[[HM]] "abc", %[[DQ]] "abd" -> "cd"
// Local heads take no part.
// CHECK: fg.write %[[ZERO:.*]] to "block0.head.weight.grad"
