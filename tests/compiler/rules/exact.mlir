// RUN: %fg-opt %S/Inputs/two-blocks.mlir --fg-rule-fg-a --fg-rule-bp=exact=true --fg-write-step --fg-write-entries | FileCheck %s
// RUN: not %fg-opt %S/Inputs/two-blocks.mlir --fg-rule-fg-a=exact=true 2>&1 | FileCheck %s --check-prefix=ERROR

// What a rule estimates is an entry of its own, which writes the same gradients. Nothing else is
// made from it.

// CHECK: fg.entry "gradient" {
// CHECK: fg.entry "perturbation" rare {
// CHECK: fg.entry "exact" {
// CHECK-NOT: fg.perturb
// CHECK-NOT: "seed"
// CHECK: fg.write %{{.*}} to "block0.mixed.weight.grad" role {{ ?}}gradient
// CHECK: fg.write %{{.*}} to "loss" role {{ ?}}output
// CHECK: fg.entry "init" rare {
// CHECK-NOT: fg.entry "exact"

// ERROR: fg-rule-fg-a: is no exact rule, it stands in for bp
