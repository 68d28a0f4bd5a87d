// RUN: %fg-opt %s | %fg-opt | FileCheck %s
// RUN: %fg-opt %s --fg-lower-to-linalg | FileCheck %s --check-prefix=LOWER
// RUN: %fg-opt %s --canonicalize | FileCheck %s --check-prefix=FOLD

// CHECK: fg.contract %{{.*}} "ntc", %{{.*}} "cd" -> "ntd" :
// CHECK-SAME: (<[batch = 4, token = 2, pixel = 3], f32>, <[pixel = 3, channel = 8], f32>)
// CHECK-SAME: -> <[batch = 4, token = 2, channel = 8], f32>

// The loops of the result come first, in its order.
// LOWER-DAG: #[[$LHS:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>
// LOWER-DAG: #[[$RHS:.*]] = affine_map<(d0, d1, d2, d3) -> (d3, d2)>
// LOWER-DAG: #[[$OUT:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
// LOWER: %[[INIT:.*]] = linalg.fill
// LOWER: linalg.generic {indexing_maps = [#[[$LHS]], #[[$RHS]], #[[$OUT]]],
// LOWER-SAME: iterator_types = ["parallel", "parallel", "parallel", "reduction"]
// LOWER-SAME: outs(%[[INIT]] : tensor<4x2x8xf32>)
// LOWER: %[[P:.*]] = arith.mulf %{{.*}}, %{{.*}} fastmath<contract> : f32
// LOWER: arith.addf %{{.*}}, %[[P]] fastmath<contract> : f32
// Without a sum it is a plain loop nest.
// LOWER-NOT: linalg.fill
// LOWER: linalg.generic
// LOWER-NOT: arith.addf
// LOWER: linalg.fill

// Narrower operands are made as wide as the sums.
// LOWER: ^bb0(%[[X:.*]]: bf16, %[[Y:.*]]: bf16, %[[SUM:.*]]: f32):
// LOWER: %[[XW:.*]] = arith.extf %[[X]] : bf16 to f32
// LOWER: %[[YW:.*]] = arith.extf %[[Y]] : bf16 to f32
// LOWER: %[[P:.*]] = arith.mulf %[[XW]], %[[YW]] fastmath<contract> : f32
// LOWER: arith.addf %[[SUM]], %[[P]]

// FOLD: %[[ZERO:.*]] = fg.constant [0.000000e+00] : <[batch = 4, token = 2, channel = 8], f32>
// FOLD: fg.write %[[ZERO]] to "zero"

fg.entry "case" {
  %x = fg.read "x" role input : !fg.array<[batch = 4, token = 2, pixel = 3], f32>
  %w = fg.read "w" role parameter : !fg.array<[pixel = 3, channel = 8], f32>
  %q = fg.contract %x "ntc", %w "cd" -> "ntd" : (!fg.array<[batch = 4, token = 2, pixel = 3], f32>, !fg.array<[pixel = 3, channel = 8], f32>) -> !fg.array<[batch = 4, token = 2, channel = 8], f32>
  fg.write %q to "out_q" role output : !fg.array<[batch = 4, token = 2, channel = 8], f32>
  %e = fg.contract %x "ntc", %x "ntc" -> "ntc" : (!fg.array<[batch = 4, token = 2, pixel = 3], f32>, !fg.array<[batch = 4, token = 2, pixel = 3], f32>) -> !fg.array<[batch = 4, token = 2, pixel = 3], f32>
  fg.write %e to "out_e" role output : !fg.array<[batch = 4, token = 2, pixel = 3], f32>
  %z = fg.constant [0.0] : !fg.array<[pixel = 3, channel = 8], f32>
  %zero = fg.contract %x "ntc", %z "cd" -> "ntd" : (!fg.array<[batch = 4, token = 2, pixel = 3], f32>, !fg.array<[pixel = 3, channel = 8], f32>) -> !fg.array<[batch = 4, token = 2, channel = 8], f32>
  fg.write %zero to "zero" role output : !fg.array<[batch = 4, token = 2, channel = 8], f32>
  %x16 = fg.cast %x : !fg.array<[batch = 4, token = 2, pixel = 3], f32> -> !fg.array<[batch = 4, token = 2, pixel = 3], bf16>
  %w16 = fg.cast %w : !fg.array<[pixel = 3, channel = 8], f32> -> !fg.array<[pixel = 3, channel = 8], bf16>
  %q16 = fg.contract %x16 "ntc", %w16 "cd" -> "ntd" : (!fg.array<[batch = 4, token = 2, pixel = 3], bf16>, !fg.array<[pixel = 3, channel = 8], bf16>) -> !fg.array<[batch = 4, token = 2, channel = 8], f32>
  fg.write %q16 to "out_q16" role output : !fg.array<[batch = 4, token = 2, channel = 8], f32>
}
