// RUN: %fg-opt %s | %fg-opt | FileCheck %s
// RUN: %fg-opt %s --fg-lower-to-linalg | FileCheck %s --check-prefix=LOWER
// RUN: %fg-opt %s --canonicalize | FileCheck %s --check-prefix=FOLD

// CHECK: fg.split %{{.*}} axis "channel" into ["group", "unit"] :
// CHECK-SAME: <[batch = 4, channel = 8], f32> -> <[batch = 4, group = 2, unit = 4], f32>

// LOWER: tensor.expand_shape %{{.*}} {{\[\[}}0], [1, 2]] output_shape [4, 2, 4]

// FOLD: %[[X:.*]] = fg.read "x"
// FOLD: fg.write %[[X]] to "back"

fg.entry "case" {
  %x = fg.read "x" role input : !fg.array<[batch = 4, channel = 8], f32>
  %s = fg.split %x axis "channel" into ["group", "unit"] : !fg.array<[batch = 4, channel = 8], f32> -> !fg.array<[batch = 4, group = 2, unit = 4], f32>
  fg.write %s to "out_s" role output : !fg.array<[batch = 4, group = 2, unit = 4], f32>
  %b = fg.merge %s axes ["group", "unit"] into "channel" : !fg.array<[batch = 4, group = 2, unit = 4], f32> -> !fg.array<[batch = 4, channel = 8], f32>
  fg.write %b to "back" role output : !fg.array<[batch = 4, channel = 8], f32>
}
