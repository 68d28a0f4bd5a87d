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

// -----

// "g2" needs fewer ops than "g1", but %h2 would then be kept beside %h1: of what lies there for
// samples, the least is left behind "g1".

// CHECK-LABEL: fg.entry "kept"
// CHECK:      %[[H1:.*]] = fg.relu %{{.*}} site "one"
// CHECK:      %[[G1:.*]] = fg.sum %{{.*}} over ["batch"]
// CHECK-NEXT: %[[H2:.*]] = fg.relu %[[H1]] site "two"
// CHECK-NEXT: %[[G2:.*]] = fg.sum %[[H2]] over ["batch"]
// CHECK-NEXT: %[[A:.*]] = fg.scale %[[H2]] by 5.0
// CHECK-NEXT: %[[G3:.*]] = fg.sum %[[A]] over ["batch"]
// CHECK-NEXT: fg.write %[[G1]] to "g1"
fg.entry "kept" {
  %x = fg.read "x" role input : !fg.array<[batch = 2, unit = 3], f32>
  %h1 = fg.relu %x site "one" : !fg.array<[batch = 2, unit = 3], f32>
  %h2 = fg.relu %h1 site "two" : !fg.array<[batch = 2, unit = 3], f32>
  %a1 = fg.scale %h1 by 2.0 : !fg.array<[batch = 2, unit = 3], f32>
  %a2 = fg.scale %a1 by 3.0 : !fg.array<[batch = 2, unit = 3], f32>
  %a3 = fg.scale %a2 by 4.0 : !fg.array<[batch = 2, unit = 3], f32>
  %g1 = fg.sum %a3 over ["batch"] : !fg.array<[batch = 2, unit = 3], f32> -> !fg.array<[unit = 3], f32>
  %g2 = fg.sum %h2 over ["batch"] : !fg.array<[batch = 2, unit = 3], f32> -> !fg.array<[unit = 3], f32>
  %b1 = fg.scale %h2 by 5.0 : !fg.array<[batch = 2, unit = 3], f32>
  %g3 = fg.sum %b1 over ["batch"] : !fg.array<[batch = 2, unit = 3], f32> -> !fg.array<[unit = 3], f32>
  fg.write %g1 to "g1" role gradient : !fg.array<[unit = 3], f32>
  fg.write %g2 to "g2" role gradient : !fg.array<[unit = 3], f32>
  fg.write %g3 to "g3" role gradient : !fg.array<[unit = 3], f32>
}

// -----

// What goes on with sums over samples comes last, behind all that reads the parameter before it
// changes.

// CHECK-LABEL: fg.entry "updates"
// CHECK:      %[[W:.*]] = fg.read "w"
// CHECK:      %[[H:.*]] = fg.mul %{{.*}}, %[[W]]
// CHECK-NEXT: %[[G:.*]] = fg.sum %[[H]] over ["batch"]
// CHECK-NEXT: %[[A:.*]] = fg.relu %[[H]] site "one"
// CHECK-NEXT: %[[Y:.*]] = fg.mul %[[A]], %[[W]]
// CHECK-NEXT: %[[U:.*]] = fg.scale %[[G]] by 2.0
// CHECK-NEXT: %[[NEW:.*]] = fg.sub %[[W]], %[[U]]
// CHECK-NEXT: fg.write %[[NEW]] to "w"
// CHECK-NEXT: fg.write %[[Y]] to "y"
fg.entry "updates" {
  %x = fg.read "x" role input : !fg.array<[batch = 2, unit = 3], f32>
  %w = fg.read "w" role parameter : !fg.array<[unit = 3], f32>
  %h = fg.mul %x, %w : (!fg.array<[batch = 2, unit = 3], f32>, !fg.array<[unit = 3], f32>) -> !fg.array<[batch = 2, unit = 3], f32>
  %g = fg.sum %h over ["batch"] : !fg.array<[batch = 2, unit = 3], f32> -> !fg.array<[unit = 3], f32>
  %u = fg.scale %g by 2.0 : !fg.array<[unit = 3], f32>
  %new = fg.sub %w, %u : (!fg.array<[unit = 3], f32>, !fg.array<[unit = 3], f32>) -> !fg.array<[unit = 3], f32>
  %a = fg.relu %h site "one" : !fg.array<[batch = 2, unit = 3], f32>
  %y = fg.mul %a, %w : (!fg.array<[batch = 2, unit = 3], f32>, !fg.array<[unit = 3], f32>) -> !fg.array<[batch = 2, unit = 3], f32>
  fg.write %new to "w" role parameter : !fg.array<[unit = 3], f32>
  fg.write %y to "y" role output : !fg.array<[batch = 2, unit = 3], f32>
}
