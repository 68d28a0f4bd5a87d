// RUN: %fg-opt %s | %fg-opt | FileCheck %s
// RUN: %fg-opt %s --fg-lower-to-linalg | FileCheck %s --check-prefix=LOWER

// CHECK: fg.orthogonal_rows offset 32 of 64 : <["#direction" = 4, unit = 32], f32>

// LOWER: linalg.generic
// LOWER: linalg.index 0
// LOWER: linalg.index 1
// LOWER: math.cos

fg.entry "case" {
  %r = fg.orthogonal_rows offset 32 of 64 : !fg.array<["#direction" = 4, unit = 32], f32>
  fg.write %r to "rows" role output : !fg.array<["#direction" = 4, unit = 32], f32>
}
