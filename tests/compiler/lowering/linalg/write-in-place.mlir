// RUN: %fg-opt %s --fg-lower-to-linalg --fg-bufferize --split-input-file | FileCheck %s

// An update is computed in the parameter's own buffer.
// CHECK-LABEL: func.func @update(
// CHECK-SAME: %[[W:[a-z0-9]+]]: memref<4xf32>
// CHECK-SAME: %[[G:[a-z0-9]+]]: memref<4xf32>
// CHECK-NOT: memref.alloc
// CHECK-NOT: memref.copy
// CHECK: linalg.generic
// CHECK-SAME: ins(%[[W]], %[[G]] : {{.*}}) outs(%[[W]] : memref<4xf32>)
// CHECK: return
fg.entry "update" {
  %w = fg.read "w" role parameter : !fg.array<[n = 4], f32>
  %g = fg.read "g" role input : !fg.array<[n = 4], f32>
  %new = fg.sub %w, %g : (!fg.array<[n = 4], f32>, !fg.array<[n = 4], f32>) -> !fg.array<[n = 4], f32>
  fg.write %new to "w" role parameter : !fg.array<[n = 4], f32>
}

// -----

// A result is computed in its own buffer, through a view if its shape differs; a sum too.
// CHECK-LABEL: func.func @outputs(
// CHECK-SAME: %[[X:[a-z0-9]+]]: memref<4x6xf32>
// CHECK-SAME: %[[S:[a-z0-9]+]]: memref<4x2x3xf32>
// CHECK-SAME: %[[T:[a-z0-9]+]]: memref<f32>
// CHECK-NOT: memref.alloc
// CHECK-NOT: memref.copy
// CHECK: %[[VIEW:.*]] = memref.collapse_shape %[[S]]
// CHECK-DAG: outs(%[[VIEW]] : memref<4x6xf32>)
// CHECK-DAG: linalg.fill ins(%{{.*}}) outs(%[[T]] : memref<f32>)
// CHECK: return
fg.entry "outputs" {
  %x = fg.read "x" role input : !fg.array<[batch = 4, c = 6], f32>
  %d = fg.scale %x by 2.0 : !fg.array<[batch = 4, c = 6], f32>
  %s = fg.split %d axis "c" into ["g", "u"] : !fg.array<[batch = 4, c = 6], f32> -> !fg.array<[batch = 4, g = 2, u = 3], f32>
  fg.write %s to "s" role output : !fg.array<[batch = 4, g = 2, u = 3], f32>
  %t = fg.sum %x over ["batch", "c"] : !fg.array<[batch = 4, c = 6], f32> -> !fg.array<[], f32>
  fg.write %t to "t" role output : !fg.array<[], f32>
}

// -----

// Two sums of one shape start from zeros of their own: nothing is copied.
// CHECK-LABEL: func.func @zeros(
// CHECK-COUNT-2: linalg.fill
// CHECK-NOT: memref.copy
// CHECK: return
fg.entry "zeros" {
  %x = fg.read "x" role input : !fg.array<[batch = 4, c = 6], f32>
  %z, %r = fg.norm %x over ["c"] epsilon 1.0e-05 : !fg.array<[batch = 4, c = 6], f32>, !fg.array<[batch = 4], f32>
  fg.write %z to "z" role output : !fg.array<[batch = 4, c = 6], f32>
}

// -----

// What a product reads is computed on top of an operand that nobody reads later.
// CHECK-LABEL: func.func @on_top(
// CHECK: %[[Z:.*]] = memref.alloc() {{.*}} : memref<4x6xf32>
// CHECK: linalg.generic {{.*}} outs(%[[Z]] : memref<4x6xf32>)
// CHECK-NOT: memref.alloc
// CHECK: linalg.generic {{.*}} ins(%[[Z]] : memref<4x6xf32>) outs(%[[Z]] : memref<4x6xf32>)
// CHECK-NOT: memref.alloc
// CHECK: linalg.generic {{.*}} ins(%[[Z]], %{{.*}}) outs(
// CHECK: return
fg.entry "on_top" {
  %x = fg.read "x" role input : !fg.array<[batch = 4, c = 6], f32>
  %v = fg.read "v" role parameter : !fg.array<[c = 6, d = 6], f32>
  %w = fg.read "w" role parameter : !fg.array<[d = 6, e = 5], f32>
  %z = fg.contract %x "nc", %v "cd" -> "nd"
      : (!fg.array<[batch = 4, c = 6], f32>, !fg.array<[c = 6, d = 6], f32>) -> !fg.array<[batch = 4, d = 6], f32>
  %h = fg.relu %z site "one" : !fg.array<[batch = 4, d = 6], f32>
  %y = fg.contract %h "nd", %w "de" -> "ne"
      : (!fg.array<[batch = 4, d = 6], f32>, !fg.array<[d = 6, e = 5], f32>) -> !fg.array<[batch = 4, e = 5], f32>
  fg.write %y to "y" role output : !fg.array<[batch = 4, e = 5], f32>
}

// -----

// Not where the operand is read later.
// CHECK-LABEL: func.func @read_later(
// CHECK: %[[H:.*]] = memref.alloc() {{.*}} : memref<4x6xf32>
// CHECK: %[[Z:.*]] = memref.alloc() {{.*}} : memref<4x6xf32>
// CHECK: linalg.generic {{.*}} ins(%[[Z]] : memref<4x6xf32>) outs(%[[H]] : memref<4x6xf32>)
// CHECK: return
fg.entry "read_later" {
  %x = fg.read "x" role input : !fg.array<[batch = 4, c = 6], f32>
  %v = fg.read "v" role parameter : !fg.array<[c = 6, d = 6], f32>
  %w = fg.read "w" role parameter : !fg.array<[d = 6, e = 5], f32>
  %z = fg.contract %x "nc", %v "cd" -> "nd"
      : (!fg.array<[batch = 4, c = 6], f32>, !fg.array<[c = 6, d = 6], f32>) -> !fg.array<[batch = 4, d = 6], f32>
  %h = fg.relu %z site "one" : !fg.array<[batch = 4, d = 6], f32>
  %y = fg.contract %h "nd", %w "de" -> "ne"
      : (!fg.array<[batch = 4, d = 6], f32>, !fg.array<[d = 6, e = 5], f32>) -> !fg.array<[batch = 4, e = 5], f32>
  %g = fg.contract %z "nd", %y "ne" -> "de"
      : (!fg.array<[batch = 4, d = 6], f32>, !fg.array<[batch = 4, e = 5], f32>) -> !fg.array<[d = 6, e = 5], f32>
  fg.write %y to "y" role output : !fg.array<[batch = 4, e = 5], f32>
  fg.write %g to "g" role gradient : !fg.array<[d = 6, e = 5], f32>
}

// -----

// Nor where all that reads the result comes before the next product: it may stay in registers.
// CHECK-LABEL: func.func @in_registers(
// CHECK: %[[H:.*]] = memref.alloc() {{.*}} : memref<4x6xf32>
// CHECK: %[[Z:.*]] = memref.alloc() {{.*}} : memref<4x6xf32>
// CHECK: linalg.generic {{.*}} ins(%[[Z]], {{.*}}) outs(%[[H]] : memref<4x6xf32>)
// CHECK: return
fg.entry "in_registers" {
  %x = fg.read "x" role input : !fg.array<[batch = 4, c = 6], f32>
  %v = fg.read "v" role parameter : !fg.array<[c = 6, d = 6], f32>
  %z = fg.contract %x "nc", %v "cd" -> "nd"
      : (!fg.array<[batch = 4, c = 6], f32>, !fg.array<[c = 6, d = 6], f32>) -> !fg.array<[batch = 4, d = 6], f32>
  %h, %r = fg.norm %z over ["d"] epsilon 1.0e-05 : !fg.array<[batch = 4, d = 6], f32>, !fg.array<[batch = 4], f32>
  %s = fg.sum %h over ["d"] : !fg.array<[batch = 4, d = 6], f32> -> !fg.array<[batch = 4], f32>
  %q = fg.mul %h, %h : (!fg.array<[batch = 4, d = 6], f32>, !fg.array<[batch = 4, d = 6], f32>) -> !fg.array<[batch = 4, d = 6], f32>
  %t = fg.sum %q over ["d"] : !fg.array<[batch = 4, d = 6], f32> -> !fg.array<[batch = 4], f32>
  fg.write %s to "s" role output : !fg.array<[batch = 4], f32>
  fg.write %t to "t" role output : !fg.array<[batch = 4], f32>
}
