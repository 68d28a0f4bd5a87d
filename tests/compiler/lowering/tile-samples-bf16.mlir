// RUN: %fg-opt %s "--pass-pipeline=builtin.module(func.func(fg-tile-samples{bytes=131072}))" | FileCheck %s
// RUN: %fg-opt %s "--pass-pipeline=builtin.module(func.func(fg-tile-samples{bytes=131072 bf16-bytes=4}))" | FileCheck %s --check-prefix=WIDE

// A tile has half as many samples where its bf16 numbers will be kept as f32.

// CHECK-LABEL: func.func @rounded
// CHECK: memref.alloc() {{.*}}: memref<16x4096xbf16>
// WIDE-LABEL: func.func @rounded
// WIDE: memref.alloc() {{.*}}: memref<8x4096xbf16>
func.func @rounded(%x: memref<64x4096xf32> {fg.binding = 0 : i64, fg.sample_dim = 0 : i64},
                   %y: memref<64x4096xf32> {fg.binding = 1 : i64, fg.sample_dim = 0 : i64}) {
  %h = memref.alloc() {alignment = 64 : i64} : memref<64x4096xbf16>
  linalg.generic {indexing_maps = [affine_map<(n, c) -> (n, c)>, affine_map<(n, c) -> (n, c)>], iterator_types = ["parallel", "parallel"]}
    ins(%x : memref<64x4096xf32>) outs(%h : memref<64x4096xbf16>) {
  ^bb0(%in: f32, %out: bf16):
    %d = arith.truncf %in : f32 to bf16
    linalg.yield %d : bf16
  }
  linalg.generic {indexing_maps = [affine_map<(n, c) -> (n, c)>, affine_map<(n, c) -> (n, c)>], iterator_types = ["parallel", "parallel"]}
    ins(%h : memref<64x4096xbf16>) outs(%y : memref<64x4096xf32>) {
  ^bb0(%in: bf16, %out: f32):
    %d = arith.extf %in : bf16 to f32
    linalg.yield %d : f32
  }
  return
}
