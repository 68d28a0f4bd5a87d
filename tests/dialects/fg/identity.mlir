// RUN: %fg-opt %s | %fg-opt | FileCheck %s
// RUN: %fg-opt %s --fg-lower-to-linalg | FileCheck %s --check-prefix=LOWER

// CHECK: fg.identity : <[token.copy = 4, token = 4], f32>

// LOWER-DAG: linalg.index 0
// LOWER-DAG: linalg.index 1
// LOWER: arith.cmpi eq

fg.entry "case" {
  %m = fg.identity : !fg.array<[token.copy = 4, token = 4], f32>
  fg.write %m to "out_m" role output : !fg.array<[token.copy = 4, token = 4], f32>
}
