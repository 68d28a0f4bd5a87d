// RUN: %fg-opt %s | %fg-opt | FileCheck %s
// RUN: %fg-opt %s --fg-lower-to-linalg | FileCheck %s --check-prefix=LOWER

// CHECK: fg.perturb %{{.*}}, %{{.*}} site 7 law gaussian : <[], i64> -> <[batch = 4, channel = 8], f32>

// The element counts all axes but the batch, innermost last.
// LOWER: %[[SAMPLE:.*]] = linalg.index 0
// LOWER: %[[CHANNEL:.*]] = linalg.index 1
// LOWER: fg.noise %{{.*}}, %{{.*}}, %[[SAMPLE]], %[[CHANNEL]] site 7 law gaussian : f32
// LOWER: %[[SAMPLE:.*]] = linalg.index 0
// LOWER: %[[TOKEN:.*]] = linalg.index 1
// LOWER: %[[CHANNEL:.*]] = linalg.index 2
// LOWER: %[[SIZE:.*]] = arith.constant 16 : index
// LOWER: %[[ROW:.*]] = arith.muli %[[TOKEN]], %[[SIZE]]
// LOWER: %[[ELEMENT:.*]] = arith.addi %[[ROW]], %[[CHANNEL]]
// LOWER: fg.noise %{{.*}}, %{{.*}}, %[[SAMPLE]], %[[ELEMENT]] site 8 law rademacher : f32

// Rows too short for a vector of random numbers are one row a sample, which has room for whole blocks.
// LOWER: %[[ROWS:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<4x120xf32>)
// LOWER: %[[SAMPLE:.*]] = linalg.index 0
// LOWER: %[[ELEMENT:.*]] = linalg.index 1
// LOWER: fg.noise %{{.*}}, %{{.*}}, %[[SAMPLE]], %[[ELEMENT]] site 9
// LOWER: tensor.expand_shape %[[ROWS]] {{\[\[}}0], [1, 2, 3]] output_shape [4, 3, 5, 8]

fg.entry "case" {
  %seed = fg.read "seed" role seed : !fg.array<[], i64>
  %step = fg.read "step" role step : !fg.array<[], i64>
  %u = fg.perturb %seed, %step site 7 law gaussian : !fg.array<[], i64> -> !fg.array<[batch = 4, channel = 8], f32>
  fg.write %u to "out_u" role output : !fg.array<[batch = 4, channel = 8], f32>
  %v = fg.perturb %seed, %step site 8 law rademacher : !fg.array<[], i64> -> !fg.array<[batch = 4, token = 2, channel = 16], f32>
  fg.write %v to "out_v" role output : !fg.array<[batch = 4, token = 2, channel = 16], f32>
  %w = fg.perturb %seed, %step site 9 law gaussian : !fg.array<[], i64> -> !fg.array<[batch = 4, row = 3, column = 5, unit = 8], f32>
  fg.write %w to "out_w" role output : !fg.array<[batch = 4, row = 3, column = 5, unit = 8], f32>
}
