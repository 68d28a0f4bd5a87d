// RUN: %fg-opt %s --fg-rule-lg-fg-a=directions=3 | FileCheck %s

// Three estimates share the primal; their mean is taken before the norm and the weights.

// CHECK: fg.entry "gradient" {
// CHECK: %[[U:.*]] = fg.perturb {{.*}} -> <["#direction" = 3, batch = 2, token = 2, unit = 4], f32>
// CHECK: %[[S:.*]] = fg.replicated_tangent {{.*}} -> <["#direction" = 3, batch = 2, token = 2], f32>
// CHECK: %[[MASK:.*]] = fg.positive %{{.*}} : <[batch = 2, token = 2, unit = 4], f32>
// CHECK: %[[UM:.*]] = fg.mul %[[U]], %[[MASK]]
// CHECK: %[[US:.*]] = fg.mul %[[UM]], %[[S]]
// CHECK: %[[SUM:.*]] = fg.sum %[[US]] over ["#direction"]
// CHECK: %[[MEAN:.*]] = fg.scale %[[SUM]] by 0.33333333333333331
// CHECK: fg.norm_jacobian %{{.*}}, %{{.*}}, %[[MEAN]]
// CHECK-NOT: #direction
// CHECK: fg.entry "perturbation" rare {

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
