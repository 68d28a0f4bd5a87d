// RUN: %fg-opt %s --pass-pipeline='builtin.module(fg.entry(fg-round-products),cse)' --split-input-file | FileCheck %s

// Both operands are rounded, sums stay f32; what two products read is rounded once.

// CHECK-LABEL: fg.entry "layer"
// CHECK: %[[X:.*]] = fg.read "x"
// CHECK: %[[X16:.*]] = fg.cast %[[X]] : {{.*}} -> <[batch = 4, c = 3], bf16>
// CHECK: %[[W:.*]] = fg.read "w"
// CHECK: %[[W16:.*]] = fg.cast %[[W]] : {{.*}} -> <[c = 3, d = 2], bf16>
// CHECK: %[[G16:.*]] = fg.cast
// CHECK: fg.contract %[[X16]] "nc", %[[W16]] "cd" -> "nd" : (<[batch = 4, c = 3], bf16>, <[c = 3, d = 2], bf16>) -> <[batch = 4, d = 2], f32>
// CHECK: fg.contract %[[X16]] "nc", %[[G16]] "nd" -> "cd"
// CHECK-NOT: fg.cast
fg.entry "layer" {
  %x = fg.read "x" role input : !fg.array<[batch = 4, c = 3], f32>
  %w = fg.read "w" role parameter : !fg.array<[c = 3, d = 2], f32>
  %g = fg.read "g" role input : !fg.array<[batch = 4, d = 2], f32>
  %q = fg.contract %x "nc", %w "cd" -> "nd" : (!fg.array<[batch = 4, c = 3], f32>, !fg.array<[c = 3, d = 2], f32>) -> !fg.array<[batch = 4, d = 2], f32>
  %dw = fg.contract %x "nc", %g "nd" -> "cd" : (!fg.array<[batch = 4, c = 3], f32>, !fg.array<[batch = 4, d = 2], f32>) -> !fg.array<[c = 3, d = 2], f32>
  fg.write %q to "q" role output : !fg.array<[batch = 4, d = 2], f32>
  fg.write %dw to "w.grad" role gradient : !fg.array<[c = 3, d = 2], f32>
}

// -----

// Split axes show the same numbers: they are rounded before, and once.

// CHECK-LABEL: fg.entry "groups"
// CHECK: %[[H:.*]] = fg.read "h"
// CHECK: %[[H16:.*]] = fg.cast %[[H]]
// CHECK: fg.split %[[H16]] axis "c" into ["g", "u"] : <[batch = 4, c = 6], bf16> -> <[batch = 4, g = 3, u = 2], bf16>
// CHECK: fg.contract %{{.*}} "ngu"
// CHECK: fg.contract %[[H16]] "nc"
fg.entry "groups" {
  %h = fg.read "h" role input : !fg.array<[batch = 4, c = 6], f32>
  %v = fg.read "v" role parameter : !fg.array<[g = 3, u = 2, o = 2], f32>
  %w = fg.read "w" role parameter : !fg.array<[c = 6, d = 2], f32>
  %s = fg.split %h axis "c" into ["g", "u"] : !fg.array<[batch = 4, c = 6], f32> -> !fg.array<[batch = 4, g = 3, u = 2], f32>
  %p = fg.contract %s "ngu", %v "guo" -> "ngo" : (!fg.array<[batch = 4, g = 3, u = 2], f32>, !fg.array<[g = 3, u = 2, o = 2], f32>) -> !fg.array<[batch = 4, g = 3, o = 2], f32>
  %q = fg.contract %h "nc", %w "cd" -> "nd" : (!fg.array<[batch = 4, c = 6], f32>, !fg.array<[c = 6, d = 2], f32>) -> !fg.array<[batch = 4, d = 2], f32>
  fg.write %p to "p" role output : !fg.array<[batch = 4, g = 3, o = 2], f32>
  fg.write %q to "q" role output : !fg.array<[batch = 4, d = 2], f32>
}

// -----

// Not rounded: sums without a matrix, products without a sum, f64.

// CHECK-LABEL: fg.entry "others"
// CHECK-NOT: bf16
fg.entry "others" {
  %x = fg.read "x" role input : !fg.array<[batch = 4, c = 3], f32>
  %u = fg.read "u" role input : !fg.array<[batch = 4, c = 3], f32>
  %a = fg.read "a" role input : !fg.array<[batch = 4, c = 3], f64>
  %b = fg.read "b" role parameter : !fg.array<[c = 3, d = 2], f64>
  %dot = fg.contract %x "nc", %u "nc" -> "n" : (!fg.array<[batch = 4, c = 3], f32>, !fg.array<[batch = 4, c = 3], f32>) -> !fg.array<[batch = 4], f32>
  %mul = fg.contract %x "nc", %u "nc" -> "nc" : (!fg.array<[batch = 4, c = 3], f32>, !fg.array<[batch = 4, c = 3], f32>) -> !fg.array<[batch = 4, c = 3], f32>
  %q = fg.contract %a "nc", %b "cd" -> "nd" : (!fg.array<[batch = 4, c = 3], f64>, !fg.array<[c = 3, d = 2], f64>) -> !fg.array<[batch = 4, d = 2], f64>
  fg.write %dot to "dot" role output : !fg.array<[batch = 4], f32>
  fg.write %mul to "mul" role output : !fg.array<[batch = 4, c = 3], f32>
  fg.write %q to "q" role output : !fg.array<[batch = 4, d = 2], f64>
}

// -----

// What others are compared with.

// CHECK-LABEL: fg.entry "exact"
// CHECK-NOT: bf16
fg.entry "exact" {
  %x = fg.read "x" role input : !fg.array<[batch = 4, c = 3], f32>
  %w = fg.read "w" role parameter : !fg.array<[c = 3, d = 2], f32>
  %q = fg.contract %x "nc", %w "cd" -> "nd" : (!fg.array<[batch = 4, c = 3], f32>, !fg.array<[c = 3, d = 2], f32>) -> !fg.array<[batch = 4, d = 2], f32>
  fg.write %q to "q" role output : !fg.array<[batch = 4, d = 2], f32>
}

// -----

// What only products and masks read is kept rounded: the mask is taken from that, also where products see the numbers
// split. What something else reads is kept whole, and the mask is taken from it.

// CHECK-LABEL: fg.entry "masks"
// CHECK: %[[H:.*]] = fg.relu
// CHECK-NOT: %[[H]]
// CHECK: %[[H16:.*]] = fg.cast %[[H]] : {{.*}} -> <[batch = 4, c = 6], bf16>
// CHECK-NOT: %[[H]]
// CHECK: %[[SHOWN:.*]] = fg.cast %[[H16]] : {{.*}} -> <[batch = 4, c = 6], f32>
// CHECK: %[[MASK:.*]] = fg.positive %[[SHOWN]]
// CHECK-NOT: %[[H]]
// CHECK: fg.write %[[MASK]] to "again"
// CHECK: %[[K:.*]] = fg.relu
// CHECK: fg.positive %[[K]]
// CHECK: fg.add %[[K]]
fg.entry "masks" {
  %x = fg.read "x" role input : !fg.array<[batch = 4, c = 6], f32>
  %v = fg.read "v" role parameter : !fg.array<[g = 3, u = 2, o = 2], f32>
  %w = fg.read "w" role parameter : !fg.array<[c = 6, d = 2], f32>
  %h = fg.relu %x site "h" : !fg.array<[batch = 4, c = 6], f32>
  %s = fg.split %h axis "c" into ["g", "u"] : !fg.array<[batch = 4, c = 6], f32> -> !fg.array<[batch = 4, g = 3, u = 2], f32>
  %p = fg.contract %s "ngu", %v "guo" -> "ngo" : (!fg.array<[batch = 4, g = 3, u = 2], f32>, !fg.array<[g = 3, u = 2, o = 2], f32>) -> !fg.array<[batch = 4, g = 3, o = 2], f32>
  %m = fg.positive %h : !fg.array<[batch = 4, c = 6], f32>
  %hm = fg.mul %x, %m : (!fg.array<[batch = 4, c = 6], f32>, !fg.array<[batch = 4, c = 6], f32>) -> !fg.array<[batch = 4, c = 6], f32>
  fg.write %p to "p" role output : !fg.array<[batch = 4, g = 3, o = 2], f32>
  fg.write %hm to "m" role output : !fg.array<[batch = 4, c = 6], f32>
  %again = fg.positive %h : !fg.array<[batch = 4, c = 6], f32>
  fg.write %again to "again" role output : !fg.array<[batch = 4, c = 6], f32>
  %k = fg.relu %hm site "k" : !fg.array<[batch = 4, c = 6], f32>
  %q = fg.contract %k "nc", %w "cd" -> "nd" : (!fg.array<[batch = 4, c = 6], f32>, !fg.array<[c = 6, d = 2], f32>) -> !fg.array<[batch = 4, d = 2], f32>
  %n = fg.positive %k : !fg.array<[batch = 4, c = 6], f32>
  %kn = fg.add %k, %n : (!fg.array<[batch = 4, c = 6], f32>, !fg.array<[batch = 4, c = 6], f32>) -> !fg.array<[batch = 4, c = 6], f32>
  fg.write %q to "q" role output : !fg.array<[batch = 4, d = 2], f32>
  fg.write %kn to "n" role output : !fg.array<[batch = 4, c = 6], f32>
}
