// RUN: %fg-opt %S/Inputs/two-blocks.mlir --fg-rule-fg-w | FileCheck %s
// RUN: %fg-opt %S/Inputs/two-blocks.mlir --fg-rule-lg-fg-w | FileCheck %s --check-prefix=LOCAL

// Weights perturbed: one direction for the batch, and each takes its own times what is heard.

// CHECK: fg.entry "gradient" {
// CHECK: %[[V:.*]] = fg.perturb %{{.*}}, %{{.*}} site 0 law {{ ?}}gaussian : <[], i64> -> <[token = 2, "token'" = 2], f32>
// CHECK: fg.perturb {{.*}} site 5
// CHECK: %[[S:.*]] = fg.replicated_tangent per []
// The whole batch hears together.
// CHECK: %[[SUM:.*]] = fg.sum %[[S]] over ["batch"] : <[batch = 2], f32> -> <[], f32>
// CHECK: %[[G:.*]] = fg.mul %[[V]], %[[SUM]]
// CHECK: fg.write %[[G]] to "block0.mixed.weight.grad"

// A token layer mixes the copies per token, others hear them all too: weights have no place.
// LOCAL: fg.entry "gradient" {
// LOCAL: %[[V:.*]] = fg.perturb %{{.*}} site 0
// LOCAL: %[[S:.*]] = fg.replicated_tangent per ["token"]
// LOCAL: %[[SUM:.*]] = fg.sum %[[S]] over ["batch", "token"]
// LOCAL: %[[G:.*]] = fg.mul %[[V]], %[[SUM]]
// LOCAL: fg.write %[[G]] to "block0.mixed.weight.grad"
