// RUN: %fg-opt %s --fg-order-by-result --split-input-file | FileCheck %s

// The first gradient needs less than the second: it comes before what only the second needs.
// Writes stay at the end, in their order.

// CHECK-LABEL: fg.entry "blocks"
// CHECK:      %[[X:.*]] = fg.read "x"
// CHECK:      %[[H1:.*]] = fg.relu %[[X]] site "one"
// CHECK-NEXT: %[[G1:.*]] = fg.scale %[[H1]] by 2.0
// CHECK-NEXT: %[[H2:.*]] = fg.relu %[[H1]] site "two"
// CHECK-NEXT: %[[G2:.*]] = fg.scale %[[H2]] by 3.0
// CHECK-NEXT: fg.write %[[G2]] to "g2"
// CHECK-NEXT: fg.write %[[G1]] to "g1"
fg.entry "blocks" {
  %x = fg.read "x" role input : !fg.array<[batch = 2, unit = 3], f32>
  %h1 = fg.relu %x site "one" : !fg.array<[batch = 2, unit = 3], f32>
  %h2 = fg.relu %h1 site "two" : !fg.array<[batch = 2, unit = 3], f32>
  %g1 = fg.scale %h1 by 2.0 : !fg.array<[batch = 2, unit = 3], f32>
  %g2 = fg.scale %h2 by 3.0 : !fg.array<[batch = 2, unit = 3], f32>
  fg.write %g2 to "g2" role output : !fg.array<[batch = 2, unit = 3], f32>
  fg.write %g1 to "g1" role output : !fg.array<[batch = 2, unit = 3], f32>
}
