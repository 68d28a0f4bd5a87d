// RUN: %fg-opt %s "--pass-pipeline=builtin.module(func.func(fg-fetch-samples))" --split-input-file | FileCheck %s
// RUN: %fg-opt %s "--pass-pipeline=builtin.module(func.func(fg-fetch-samples,fg-tile-samples{samples=4}))" --split-input-file | FileCheck %s --check-prefix=TILES

#all = affine_map<(n, c) -> (n, c)>

// An input of bytes is asked for: whole, or a tile at a time, the rest of the batch too.

// CHECK-LABEL: func.func @bytes
// CHECK-SAME:    %[[X:[a-z0-9]+]]: memref<10x16xi8>
// CHECK-SAME:    %[[Y:[a-z0-9]+]]: memref<10x16xf32>
// CHECK:         %[[SAMPLES:.*]] = memref.alloc() {alignment = 64 : i64} : memref<10x16xi8>
// CHECK:         %[[FIRST:.*]] = arith.constant 0 : index
// CHECK:         fg.fetch %[[X]] from %[[FIRST]] to %[[SAMPLES]] : memref<10x16xi8>, memref<10x16xi8>
// CHECK:         linalg.generic {{.*}} ins(%[[SAMPLES]] : memref<10x16xi8>) outs(%[[Y]] : memref<10x16xf32>)
// TILES-LABEL: func.func @bytes
// TILES-SAME:    %[[X:[a-z0-9]+]]: memref<10x16xi8>
// TILES-NOT:     memref.alloc
// TILES:         scf.for %[[FIRST:.*]] = %{{.*}} to %{{.*}} step %{{.*}} {
// TILES:           %[[TILE:.*]] = memref.alloc() {{.*}} : memref<4x16xi8>
// TILES:           fg.fetch %[[X]] from %[[FIRST]] to %[[TILE]] : memref<10x16xi8>, memref<4x16xi8>
// TILES:           linalg.generic {{.*}} ins(%[[TILE]] : memref<4x16xi8>)
// TILES:         scf.for %[[LAST:.*]] = %{{.*}} to %{{.*}} step %{{.*}} {
// TILES:           %[[REST:.*]] = memref.alloc() {{.*}} : memref<2x16xi8>
// TILES:           fg.fetch %[[X]] from %[[LAST]] to %[[REST]] : memref<10x16xi8>, memref<2x16xi8>
func.func @bytes(%x: memref<10x16xi8> {fg.binding = 0 : i64, fg.role = #fg<role input>, fg.sample_dim = 0 : i64},
                 %y: memref<10x16xf32> {fg.binding = 1 : i64, fg.role = #fg<role output>, fg.sample_dim = 0 : i64}) {
  linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]}
    ins(%x : memref<10x16xi8>) outs(%y : memref<10x16xf32>) {
  ^bb0(%in: i8, %out: f32):
    %n = arith.uitofp %in : i8 to f32
    linalg.yield %n : f32
  }
  return
}

// -----

#all = affine_map<(n, c) -> (n, c)>

// Numbers lie in a buffer, which anyone may fill.

// CHECK-LABEL: func.func @numbers
// CHECK-NOT:     fg.fetch
// CHECK:         return
func.func @numbers(%x: memref<10x16xf32> {fg.binding = 0 : i64, fg.role = #fg<role input>, fg.sample_dim = 0 : i64},
                   %y: memref<10x16xf32> {fg.binding = 1 : i64, fg.role = #fg<role output>, fg.sample_dim = 0 : i64}) {
  linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]}
    ins(%x : memref<10x16xf32>) outs(%y : memref<10x16xf32>) {
  ^bb0(%in: f32, %out: f32):
    %n = arith.addf %in, %in : f32
    linalg.yield %n : f32
  }
  return
}
