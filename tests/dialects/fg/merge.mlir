// RUN: %fg-opt %s | %fg-opt | FileCheck %s
// RUN: %fg-opt %s --fg-lower-to-linalg | FileCheck %s --check-prefix=LOWER
// RUN: %fg-opt %s --canonicalize | FileCheck %s --check-prefix=FOLD

// CHECK: fg.merge %{{.*}} axes ["group", "unit"] into "channel" :
// CHECK-SAME: <[batch = 4, group = 2, unit = 4], f32> -> <[batch = 4, channel = 8], f32>

// LOWER: tensor.collapse_shape %{{.*}} {{\[\[}}0], [1, 2]]

// FOLD: %[[X:.*]] = fg.read "x"
// FOLD: fg.write %[[X]] to "back"

fg.entry "case" {
  %x = fg.read "x" role input : !fg.array<[batch = 4, group = 2, unit = 4], f32>
  %m = fg.merge %x axes ["group", "unit"] into "channel" : !fg.array<[batch = 4, group = 2, unit = 4], f32> -> !fg.array<[batch = 4, channel = 8], f32>
  fg.write %m to "out_m" role output : !fg.array<[batch = 4, channel = 8], f32>
  %b = fg.split %m axis "channel" into ["group", "unit"] : !fg.array<[batch = 4, channel = 8], f32> -> !fg.array<[batch = 4, group = 2, unit = 4], f32>
  fg.write %b to "back" role output : !fg.array<[batch = 4, group = 2, unit = 4], f32>
}
