// RUN: %fg-opt %s --fg-rule-bp --fg-write-step | FileCheck %s
// RUN: %fg-opt %s --fg-rule-bp --fg-write-step=optimizer=adam | FileCheck %s --check-prefix=ADAM
// RUN: not %fg-opt %s --fg-rule-bp --fg-write-step=optimizer=adagrad 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: not %fg-opt %s --fg-write-step 2>&1 | FileCheck %s --check-prefix=NORULE

// UNKNOWN: error: unknown optimizer 'adagrad'
// NORULE: error: fg-write-step needs a model and its entry `gradient`

// What Adam divides by is one number for all parameters: read and written once.
// ADAM: fg.entry "step" {
// ADAM: fg.read "optimizer.mean_weight" role {{ ?}}state : <[], f32>
// ADAM: fg.write %{{.*}} to "optimizer.mean_weight" role {{ ?}}state : <[], f32>
// ADAM: fg.read "optimizer.square_weight"
// ADAM: fg.write %{{.*}} to "optimizer.square_weight"
// ADAM: to "block0.layer.weight" role {{ ?}}parameter
// ADAM-NOT: "optimizer.
// ADAM: to "readout.bias" role {{ ?}}parameter
// ADAM-NOT: "optimizer.

// The entry `gradient` stays as it is.
// CHECK: fg.entry "gradient" {
// CHECK: fg.write %{{.*}} to "block0.layer.weight.grad"

// CHECK: fg.entry "step" {
// CHECK: %[[GRADIENT:.*]] = fg.contract {{.*}} -> <[pixel = 3, unit = 4], f32>
// CHECK-NOT: .grad"
// CHECK-NOT: block0.loss
// CHECK: fg.write %{{.*}} to "loss"
// CHECK: fg.write %{{.*}} to "logits"
// A weight decays: v <- momentum v + (g + weight_decay w), w <- w - rate v.
// CHECK: %[[W:.*]] = fg.read "block0.layer.weight" role {{ ?}}parameter
// CHECK: %[[DECAY:.*]] = fg.read "weight_decay" role {{ ?}}hyper : <[], f32>
// CHECK: %[[PULL:.*]] = fg.mul %[[W]], %[[DECAY]]
// CHECK: %[[G:.*]] = fg.add %[[GRADIENT]], %[[PULL]]
// CHECK: %[[V:.*]] = fg.read "block0.layer.weight.momentum" role {{ ?}}state
// CHECK: %[[M:.*]] = fg.read "momentum" role {{ ?}}hyper
// CHECK: %[[KEPT:.*]] = fg.mul %[[V]], %[[M]]
// CHECK: %[[V1:.*]] = fg.add %[[KEPT]], %[[G]]
// CHECK: fg.write %[[V1]] to "block0.layer.weight.momentum" role {{ ?}}state
// CHECK: %[[RATE:.*]] = fg.read "rate" role {{ ?}}hyper
// CHECK: %[[STEP:.*]] = fg.mul %[[V1]], %[[RATE]]
// CHECK: %[[W1:.*]] = fg.sub %[[W]], %[[STEP]]
// CHECK: fg.write %[[W1]] to "block0.layer.weight" role {{ ?}}parameter
// A bias does not.
// CHECK: %[[B:.*]] = fg.read "block0.layer.bias" role {{ ?}}parameter
// CHECK-NOT: fg.mul %[[B]],
// CHECK: fg.write %{{.*}} to "block0.layer.bias" role {{ ?}}parameter
// Under bp a local head takes no part: it keeps its parameters and has no state.
// CHECK-NOT: block0.head
// The readout has its own rate.
// CHECK: %[[GROUP:.*]] = fg.read "last_layer_rate" role {{ ?}}hyper
// CHECK: %[[SLOW:.*]] = fg.mul %[[RATE]], %[[GROUP]]
// CHECK: fg.mul %{{.*}}, %[[SLOW]]
// CHECK: fg.write %{{.*}} to "readout.weight" role {{ ?}}parameter
// CHECK: fg.mul %{{.*}}, %[[SLOW]]
// CHECK: fg.write %{{.*}} to "readout.bias" role {{ ?}}parameter

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
