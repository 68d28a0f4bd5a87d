// RUN: %fg-opt %S/Inputs/two-blocks.mlir --fg-rule-fa | FileCheck %s
// RUN: %fg-opt %S/Inputs/two-blocks.mlir --fg-rule-l-fa | FileCheck %s --check-prefix=LOCAL
// RUN: %fg-opt %S/Inputs/two-blocks.mlir --fg-rule-lg-fa | FileCheck %s --check-prefix=GREEDY

// Backpropagation with fixed random arrays in the place of weights.

// They are part of the model: where an error passes, and nowhere else.
// A weight that starts as zero gives no deviation: the language's own.
// CHECK: fg.feedback "readout.feedback.weight" scale 1.000000e-01
// CHECK: fg.feedback "block1.layer.feedback.weight"
// CHECK: fg.feedback "block0.layer.feedback.weight" scale 1.000000e-01 : !fg.array<[unit = 4, "unit'" = 4], f32>
// CHECK-NOT: fg.feedback
// CHECK: fg.entry "gradient" {
// CHECK-DAG: %[[F0:.*]] = fg.read "block0.layer.feedback.weight" role {{ ?}}feedback
// CHECK-DAG: %[[F1:.*]] = fg.read "block1.layer.feedback.weight" role {{ ?}}feedback
// CHECK-DAG: %[[FR:.*]] = fg.read "readout.feedback.weight" role {{ ?}}feedback
// CHECK: %[[H0:.*]] = fg.relu %{{.*}} site "block0.layer"
// CHECK: fg.contract %{{.*}} "ac", %[[FR]] "bc" -> "ab"
// The weight's gradient is exact, the error goes through the feedback.
// CHECK: fg.contract %[[H0]] "abc", %[[DZ1:.*]] "abd" -> "cd"
// CHECK: fg.contract %[[DZ1]] "abd", %[[F1]] "cd" -> "abc"
// CHECK: fg.contract %{{.*}} "abd", %[[F0]] "cd" -> "abc"

// LOCAL-DAG: fg.feedback "block0.head.feedback.weight"
// LOCAL-DAG: fg.feedback "block0.layer.feedback.weight"
// LOCAL-DAG: fg.feedback "block1.head.feedback.weight"
// LOCAL-DAG: fg.feedback "block1.layer.feedback.weight"
// LOCAL-NOT: readout.feedback

// No error leaves the second block, so its layer needs no feedback.
// GREEDY-DAG: fg.feedback "block0.head.feedback.weight"
// GREEDY-DAG: fg.feedback "block0.layer.feedback.weight"
// GREEDY-DAG: fg.feedback "block1.head.feedback.weight"
// GREEDY-NOT: block1.layer.feedback
