// RUN: %fg-opt %s --fg-rule-lg-fg-a | FileCheck %s
// RUN: %fg-opt %s --fg-rule-lg-fg-a --fg-fuse-replicated-losses --fg-drop-zeros --cse | FileCheck %s --check-prefix=ONCE
// RUN: %fg-opt %s --fg-rule-lg-fg-a=perturbation=rademacher | FileCheck %s --check-prefix=SIGNS
// RUN: %fg-opt %s --fg-rule-lg-fg-a=external-perturbation=true | FileCheck %s --check-prefix=GIVEN

// CHECK: fg.entry "gradient" {
// CHECK: %[[X:.*]] = fg.read "image"
// CHECK: %[[NORM:.*]], %[[DEVIATION:.*]] = fg.norm
// CHECK: %[[H:.*]] = fg.relu %[[NORM]] site "block0.layer"
// The head learns by its own exact gradient.
// CHECK: %[[DHEAD:.*]] = fg.contract {{.*}} "ab", {{.*}} "ac" -> "bc"
// What enters a block is constant, so the first site's tangent is its perturbation.
// CHECK: %[[U:.*]] = fg.perturb %{{.*}}, %{{.*}} site 0 law {{ ?}}gaussian : <[], i64> -> <[batch = 2, token = 2, unit = 4], f32>
// It counts where the nonlinearity has a slope: u m, before anything is added to it.
// CHECK: %[[SUPPORT:.*]] = fg.positive %[[H]]
// CHECK: %[[UM:.*]] = fg.mul %[[U]], %[[SUPPORT]]
// CHECK: %[[MASK:.*]] = fg.positive %[[H]]
// CHECK: %[[DH:.*]] = fg.mul %[[UM]], %[[MASK]]
// CHECK: %[[MEAN:.*]] = fg.constant [5.000000e-01] : <[batch = 2], f32>
// CHECK: %[[S:.*]] = fg.replicated_tangent per ["token"](%[[H]], %[[DH]], %[[MEAN]]) : {{.*}} -> <[batch = 2, token = 2], f32> {
// CHECK: fg.cross_entropy
// CHECK: fg.yield
// s u m, then exactly to the layer's weights.
// CHECK: %[[SLOPE:.*]] = fg.positive %[[H]]
// CHECK: %[[UM:.*]] = fg.mul %[[U]], %[[SLOPE]]
// CHECK: %[[G:.*]] = fg.mul %[[UM]], %[[S]]
// CHECK: %[[DQ:.*]] = fg.norm_jacobian %[[NORM]], %[[DEVIATION]], %[[G]] over ["unit"]
// CHECK: %[[DB:.*]] = fg.sum %[[DQ]] over ["batch", "token"]
// CHECK: %[[DW:.*]] = fg.contract %[[X]] "abc", %[[DQ]] "abd" -> "cd"
// CHECK: fg.write %[[DW]] to "block0.layer.weight.grad"
// CHECK: fg.write %[[DB]] to "block0.layer.bias.grad"
// CHECK: fg.write %[[DHEAD]] to "block0.head.weight.grad"
// CHECK: fg.write %{{.*}} to "block0.loss"
// What a step uses can be asked for.
// CHECK: fg.entry "perturbation" rare {
// CHECK: %[[DUMP:.*]] = fg.perturb %{{.*}}, %{{.*}} site 0
// CHECK: fg.write %[[DUMP]] to "block0.layer.perturbation"

// Merged, the product with the mask is all that is read of the perturbation, by the tangent and by the estimate.
// ONCE: %[[H:.*]] = fg.relu
// ONCE: %[[U:.*]] = fg.perturb
// ONCE-NEXT: %[[MASK:.*]] = fg.positive %[[H]]
// ONCE-NEXT: %[[UM:.*]] = fg.mul %[[U]], %[[MASK]]
// ONCE: %[[S:.*]] = fg.contract %{{.*}}, %[[UM]]
// ONCE: %[[G:.*]] = fg.mul %[[UM]], %[[S]]
// ONCE-NEXT: fg.norm_jacobian %{{.*}}, %{{.*}}, %[[G]]
// ONCE: fg.entry "perturbation"

// SIGNS-COUNT-2: law {{ ?}}rademacher

// GIVEN-NOT: fg.perturb %
// GIVEN: fg.read "block0.layer.perturbation" role {{ ?}}perturbation : <[batch = 2, token = 2, unit = 4], f32>
// GIVEN-NOT: fg.entry "perturbation"

fg.model "One" {
  %0 = fg.input "image" : <[batch = 2, token = 2, pixel = 3], f32>
  %1 = fg.label "class" : <[batch = 2], i32>
  %2 = fg.block "block0"(%0) : (!fg.array<[batch = 2, token = 2, pixel = 3], f32>) -> !fg.array<[batch = 2, token = 2, unit = 4], f32> {
  ^bb0(%arg0: !fg.array<[batch = 2, token = 2, pixel = 3], f32>):
    %3 = fg.parameter "block0.layer.weight" init  normal scale 1.000000e-01 decay = true : <[pixel = 3, unit = 4], f32>
    %4 = fg.contract %arg0 "abc", %3 "cd" -> "abd" : (<[batch = 2, token = 2, pixel = 3], f32>, <[pixel = 3, unit = 4], f32>) -> <[batch = 2, token = 2, unit = 4], f32>
    %5 = fg.parameter "block0.layer.bias" init  zero scale 0.000000e+00 decay = false : <[unit = 4], f32>
    %6 = fg.add %4, %5 : (<[batch = 2, token = 2, unit = 4], f32>, <[unit = 4], f32>) -> <[batch = 2, token = 2, unit = 4], f32>
    %result, %inverseDeviation = fg.norm %6 over ["unit"] epsilon 1.000000e-05 : <[batch = 2, token = 2, unit = 4], f32>, <[batch = 2, token = 2], f32>
    %7 = fg.relu %result site "block0.layer" : <[batch = 2, token = 2, unit = 4], f32>
    fg.loss "block0" per ["token"](%7) : <[batch = 2, token = 2, unit = 4], f32> {
    ^bb0(%arg1: !fg.array<[batch = 2, token = 2, unit = 4], f32>):
      %8 = fg.sum %arg1 over ["token"] : <[batch = 2, token = 2, unit = 4], f32> -> <[batch = 2, unit = 4], f32>
      %9 = fg.scale %8 by 5.000000e-01 : <[batch = 2, unit = 4], f32>
      %10 = fg.parameter "block0.head.weight" init  normal scale 1.000000e-01 decay = true rate "head_rate" : <[unit = 4, class = 3], f32>
      %11 = fg.contract %9 "ab", %10 "bc" -> "ac" : (<[batch = 2, unit = 4], f32>, <[unit = 4, class = 3], f32>) -> <[batch = 2, class = 3], f32>
      %12 = fg.parameter "block0.head.bias" init  zero scale 0.000000e+00 decay = false rate "head_rate" : <[class = 3], f32>
      %13 = fg.add %11, %12 : (<[batch = 2, class = 3], f32>, <[class = 3], f32>) -> <[batch = 2, class = 3], f32>
      %14 = fg.cross_entropy %13, %1 over "class" : (<[batch = 2, class = 3], f32>, <[batch = 2], i32>) -> <[batch = 2], f32>
      fg.yield %14 : !fg.array<[batch = 2], f32>
    }
    fg.yield %7 : !fg.array<[batch = 2, token = 2, unit = 4], f32>
  }
  fg.predict "readout"(%2) : <[batch = 2, token = 2, unit = 4], f32> {
  ^bb0(%arg0: !fg.array<[batch = 2, token = 2, unit = 4], f32>):
    %3 = fg.sum %arg0 over ["token"] : <[batch = 2, token = 2, unit = 4], f32> -> <[batch = 2, unit = 4], f32>
    %4 = fg.scale %3 by 5.000000e-01 : <[batch = 2, unit = 4], f32>
    %5 = fg.parameter "readout.weight" init  zero scale 0.000000e+00 decay = true rate "last_layer_rate" : <[unit = 4, class = 3], f32>
    %6 = fg.contract %4 "ab", %5 "bc" -> "ac" : (<[batch = 2, unit = 4], f32>, <[unit = 4, class = 3], f32>) -> <[batch = 2, class = 3], f32>
    %7 = fg.parameter "readout.bias" init  zero scale 0.000000e+00 decay = false rate "last_layer_rate" : <[class = 3], f32>
    %8 = fg.add %6, %7 : (<[batch = 2, class = 3], f32>, <[class = 3], f32>) -> <[batch = 2, class = 3], f32>
    %9 = fg.cross_entropy %8, %1 over "class" : (<[batch = 2, class = 3], f32>, <[batch = 2], i32>) -> <[batch = 2], f32>
    fg.yield %8, %9 : !fg.array<[batch = 2, class = 3], f32>, !fg.array<[batch = 2], f32>
  }
}
