// RUN: %fg-opt %S/lg-fg-a-influence.mlir --fg-rule-lg-fg-a --split-input-file | FileCheck %s
// RUN: %fg-opt %S/Inputs/two-blocks.mlir --fg-rule-lg-fg-w | FileCheck %s --check-prefix=WEIGHTS
// RUN: %fg-opt %S/Inputs/two-blocks.mlir --fg-rule-lg-bp | FileCheck %s --check-prefix=NOTHING

// What is perturbed is declared: how many of a layer's values, and of all, act on one copy of the
// loss. A token layer's units reach all groups of a token, the others' their own group only.

// CHECK-LABEL: fg.model "Mixer"
// CHECK: fg.perturbed "block0.token" units 6 acting 12 loss "block0" parameters ["block0.token.weight", "block0.token.bias"]
// CHECK-NEXT: fg.perturbed "block0.channel" units 3 acting 12 loss "block0" parameters ["block0.channel.weight", "block0.channel.bias"]
// CHECK-NEXT: fg.perturbed "block0.group" units 3 acting 12 loss "block0" parameters ["block0.group.weight", "block0.group.bias"]

// Weights act on all samples, and each learns from its own perturbation.
// WEIGHTS: fg.perturbed "block0.mixed.weight" units 4 acting {{[0-9]+}} loss "{{.*}}" shared parameters ["block0.mixed.weight"]
// WEIGHTS: fg.perturbed "block1.

// NOTHING-NOT: fg.perturbed
