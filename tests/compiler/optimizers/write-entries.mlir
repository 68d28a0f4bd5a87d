// RUN: %fg-opt %s --fg-write-entries | FileCheck %s
// RUN: sed 's/fg.cross_entropy/fg.squared_error/' %s | %fg-opt --fg-write-entries \
// RUN:   | FileCheck %s --check-prefix=SQUARED

// Parameters start from streams of their own, above those of the sites.
// CHECK: fg.entry "init" rare {
// CHECK: %[[SEED:.*]] = fg.read "seed" role {{ ?}}seed
// CHECK: %[[DRAWN:.*]] = fg.perturb %[[SEED]], %{{.*}} site 1048576 law {{ ?}}gaussian
// CHECK: %[[SCALED:.*]] = fg.scale %[[DRAWN]] by 1.000000e-01
// CHECK: fg.write %[[SCALED]] to "block0.layer.weight" role {{ ?}}parameter
// CHECK: %[[ZERO:.*]] = fg.constant [0.000000e+00]
// CHECK: fg.write %[[ZERO]] to "block0.layer.bias" role {{ ?}}parameter
// CHECK: site 1048578
// CHECK: to "block0.head.weight" role {{ ?}}parameter
// CHECK: to "block0.head.bias" role {{ ?}}parameter
// CHECK: to "readout.weight" role {{ ?}}parameter
// CHECK: to "readout.bias" role {{ ?}}parameter

// The loss of each sample; local heads are left out.
// CHECK: fg.entry "eval" {
// CHECK-NOT: block0.head
// CHECK: %[[LOGITS:.*]] = fg.add {{.*}} <[batch = 2, class = 3], f32>
// CHECK: %[[LOSSES:.*]] = fg.cross_entropy %[[LOGITS]]
// CHECK: fg.write %[[LOGITS]] to "logits" role {{ ?}}output
// CHECK: fg.write %[[LOSSES]] to "losses" role {{ ?}}output : <[batch = 2], f32>

// No label is needed to predict. Cross entropy takes its logits for logarithms
// of probabilities, other losses do not.
// CHECK: fg.entry "predict" {
// CHECK-NOT: fg.cross_entropy
// CHECK-NOT: role {{ ?}}label
// CHECK: fg.write %[[SAID:.*]] to "logits" role {{ ?}}output
// CHECK: %[[PROBABILITIES:.*]] = fg.softmax %[[SAID]] over "class"
// CHECK: fg.write %[[PROBABILITIES]] to "probabilities" role {{ ?}}output : <[batch = 2, class = 3], f32>
// SQUARED: fg.entry "predict" {
// SQUARED: to "logits"
// SQUARED-NOT: to "probabilities"

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
