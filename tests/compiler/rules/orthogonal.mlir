// RUN: %fg-opt %S/Inputs/two-blocks.mlir --fg-rule-"lg-fg-a=directions=3 perturbation=orthogonal" | FileCheck %s
// RUN: %fg-opt %S/Inputs/two-blocks.mlir --fg-rule-"fg-w=directions=3 perturbation=orthogonal" | FileCheck %s --check-prefix=WEIGHTS

// Orthogonal directions: signed rows, the units of one copy side by side.

// The first block has two sites of 4 units at each token: a frame of 8.
// CHECK: fg.entry "gradient" {
// CHECK: %[[ROWS:.*]] = fg.orthogonal_rows offset 0 of 8 : <["#direction" = 3, unit = 4], f32>
// CHECK: %[[SIGNS:.*]] = fg.perturb %{{.*}} site 0 law {{ ?}}rademacher : <[], i64> -> <[batch = 2, token = 2, unit = 4], f32>
// CHECK: fg.mul %[[SIGNS]], %[[ROWS]]
// CHECK: fg.orthogonal_rows offset 4 of 8
// CHECK: fg.orthogonal_rows offset 0 of 4
// CHECK: fg.entry "perturbation" rare {
// CHECK: fg.orthogonal_rows offset 0 of 8
// CHECK: fg.write %{{.*}} to "block0.mixed.perturbation" {{.*}} <["#direction" = 3, batch = 2, token = 2, unit = 4], f32>

// All weights and biases of the blocks: 4 + 2, 16 + 4, 16 + 4.
// WEIGHTS: fg.orthogonal_rows offset 0 of 46 : <["#direction" = 3, token = 2, "token'" = 2], f32>
// WEIGHTS: fg.orthogonal_rows offset 4 of 46 : <["#direction" = 3, token = 2], f32>
// WEIGHTS: fg.orthogonal_rows offset 6 of 46
// WEIGHTS: fg.orthogonal_rows offset 42 of 46
