// RUN: %fg-opt %S/Inputs/two-blocks.mlir --fg-rule-bp=norm-gradient=false | FileCheck %s
// RUN: %fg-opt %S/Inputs/two-blocks.mlir --fg-rule-bp | FileCheck %s --check-prefix=ON

// Statistics of norms held constant in derivatives: no Jacobian, only the scale.

// CHECK: fg.entry "gradient" {
// CHECK: %{{.*}}, %[[R:.*]] = fg.norm %{{.*}} over ["unit"] epsilon 1.000000e-05 frozen
// CHECK-NOT: fg.norm_jacobian
// CHECK: fg.mul %{{.*}}, %[[R]]
// ON-NOT: frozen
// ON: fg.norm_jacobian
