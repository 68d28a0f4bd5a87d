// RUN: %fg-opt %s | %fg-opt | FileCheck %s
// RUN: %fg-opt %s --fg-lower-to-linalg --fg-bufferize | FileCheck %s --check-prefix=BUFFERS

// CHECK: fg.recompute %{{.*}} number 1 : <[batch = 4, unit = 3], f32>

// What is computed from it is computed again, from the same buffer, and not shared.
// BUFFERS: func.func @case(%[[X:[^:]*]]:
// BUFFERS-NOT: fg.opaque
// BUFFERS: linalg.generic {{.*}} ins(%[[X]]
// BUFFERS: linalg.generic {{.*}} ins(%[[X]]
// BUFFERS-NOT: memref.copy

fg.entry "case" {
  %x = fg.read "x" role input : !fg.array<[batch = 4, unit = 3], f32>
  %h = fg.relu %x site "first" : !fg.array<[batch = 4, unit = 3], f32>
  fg.write %h to "h" role output : !fg.array<[batch = 4, unit = 3], f32>
  %y = fg.recompute %x number 1 : !fg.array<[batch = 4, unit = 3], f32>
  %g = fg.relu %y site "first" : !fg.array<[batch = 4, unit = 3], f32>
  fg.write %g to "g" role output : !fg.array<[batch = 4, unit = 3], f32>
}
