// RUN: %fg-opt %s "--pass-pipeline=builtin.module(func.func(fg-tile-samples{bytes=16384}))" | FileCheck %s
// RUN: %fg-opt %s "--pass-pipeline=builtin.module(func.func(fg-tile-samples{bytes=8192}))" | FileCheck %s --check-prefix=SMALL
// RUN: %fg-opt %s "--pass-pipeline=builtin.module(func.func(fg-tile-samples{bytes=180224}))" | FileCheck %s --check-prefix=ELEVEN
// RUN: %fg-opt %s "--pass-pipeline=builtin.module(func.func(fg-tile-samples{bytes=196608}))" | FileCheck %s --check-prefix=TWELVE

// One sample takes what a tile may take, and no weights ask for more: a tile has two for each of two lanes. Not so
// where that would be eight times what it may take. With room for eleven or twelve samples all tiles are made equal:
// 16 are within a third of twelve only.

// CHECK-LABEL: func.func @large_samples
// CHECK: memref.subview %{{.*}}[0, 0] [4, 4096] [1, 1]
// CHECK: memref.alloc() {{.*}}: memref<4x4096xf32>
// SMALL: memref.alloc() {{.*}}: memref<1x4096xf32>
// ELEVEN: memref.alloc() {{.*}}: memref<8x4096xf32>
// TWELVE: memref.alloc() {{.*}}: memref<16x4096xf32>
func.func @large_samples(%x: memref<64x4096xf32> {fg.binding = 0 : i64, fg.sample_dim = 0 : i64},
                         %y: memref<64x4096xf32> {fg.binding = 1 : i64, fg.sample_dim = 0 : i64}) {
  %two = arith.constant 2.0 : f32
  %h = memref.alloc() {alignment = 64 : i64} : memref<64x4096xf32>
  linalg.generic {indexing_maps = [affine_map<(n, c) -> (n, c)>, affine_map<(n, c) -> (n, c)>], iterator_types = ["parallel", "parallel"]}
    ins(%x : memref<64x4096xf32>) outs(%h : memref<64x4096xf32>) {
  ^bb0(%in: f32, %out: f32):
    %d = arith.mulf %in, %two : f32
    linalg.yield %d : f32
  }
  linalg.generic {indexing_maps = [affine_map<(n, c) -> (n, c)>, affine_map<(n, c) -> (n, c)>], iterator_types = ["parallel", "parallel"]}
    ins(%h : memref<64x4096xf32>) outs(%y : memref<64x4096xf32>) {
  ^bb0(%in: f32, %out: f32):
    %d = arith.addf %in, %two : f32
    linalg.yield %d : f32
  }
  return
}
