// RUN: %fg-opt %s | %fg-opt | FileCheck %s
// RUN: %fg-opt %s --fg-lower-to-linalg | FileCheck %s --check-prefix=LOWER
// RUN: %fg-opt %s --test-fg-trace-axis --verify-diagnostics
// RUN: %fg-opt %s --canonicalize | FileCheck %s --check-prefix=FOLD

// CHECK: fg.windows %{{.*}} over ["width"] into ["window"] strides [1] before [1] :
// CHECK-SAME: <[batch = 4, width = 3, color = 2], f32> -> <[batch = 4, width = 3, window = 3, color = 2], f32>

// What lies outside is zero: the array stands within a larger one.
// LOWER: #[[READ:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1 + d2, d3)>
// LOWER: %[[ZEROS:.*]] = linalg.fill {{.*}} -> tensor<4x5x2xf32>
// LOWER: %[[PADDED:.*]] = tensor.insert_slice %{{.*}} into %[[ZEROS]][0, 1, 0] [4, 3, 2] [1, 1, 1]
// LOWER: linalg.generic {indexing_maps = [#[[READ]], {{.*}}ins(%[[PADDED]] : tensor<4x5x2xf32>)

// FOLD: %[[ZERO:.*]] = fg.constant [0.000000e+00] : <[batch = 4, width = 3, window = 3, color = 2], f32>
// FOLD: fg.write %[[ZERO]] to "zeros"

fg.entry "case" {
  %x = fg.read "x" role input : !fg.array<[batch = 4, width = 3, color = 2], f32>
  // Space mixes; samples and colors stay apart.
  // expected-remark @+4 {{batch of operand 0: batch size 4 inner 1}}
  // expected-remark @+3 {{width of operand 0: mixed}}
  // expected-remark @+2 {{window of operand 0: mixed}}
  // expected-remark @+1 {{color of operand 0: color size 2 inner 1}}
  %w = fg.windows %x over ["width"] into ["window"] strides [1] before [1]
    : !fg.array<[batch = 4, width = 3, color = 2], f32>
      -> !fg.array<[batch = 4, width = 3, window = 3, color = 2], f32>
  fg.write %w to "windows" role output : !fg.array<[batch = 4, width = 3, window = 3, color = 2], f32>
  // Windows of one element each mix nothing.
  // expected-remark @+4 {{batch of operand 0: batch size 4 inner 1}}
  // expected-remark @+3 {{width of operand 0: width size 3 inner 1}}
  // expected-remark @+2 {{one of operand 0: mixed}}
  // expected-remark @+1 {{color of operand 0: color size 2 inner 1}}
  %p = fg.windows %x over ["width"] into ["one"] strides [1] before [0]
    : !fg.array<[batch = 4, width = 3, color = 2], f32>
      -> !fg.array<[batch = 4, width = 3, one = 1, color = 2], f32>
  fg.write %p to "plain" role output : !fg.array<[batch = 4, width = 3, one = 1, color = 2], f32>
  %zero = fg.constant [0.0] : !fg.array<[batch = 4, width = 3, color = 2], f32>
  // expected-remark @+4 {{batch of operand 0: batch size 4 inner 1}}
  // expected-remark @+3 {{width of operand 0: mixed}}
  // expected-remark @+2 {{window of operand 0: mixed}}
  // expected-remark @+1 {{color of operand 0: color size 2 inner 1}}
  %z = fg.windows %zero over ["width"] into ["window"] strides [1] before [1]
    : !fg.array<[batch = 4, width = 3, color = 2], f32>
      -> !fg.array<[batch = 4, width = 3, window = 3, color = 2], f32>
  fg.write %z to "zeros" role output : !fg.array<[batch = 4, width = 3, window = 3, color = 2], f32>
}
