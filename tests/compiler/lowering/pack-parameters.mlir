// RUN: %fg-opt %s --split-input-file --fg-pack-parameters="vector-bytes=64 vector-registers=32 l1=262144 l2=1048576" | FileCheck %s
// RUN: %fg-opt %s --split-input-file --pass-pipeline='builtin.module(fg-pack-parameters{vector-bytes=64 vector-registers=32 l1=262144 l2=1048576},func.func(fg-contractions-to-kernels{vector-bytes=64 vector-registers=32 l1=262144 l2=1048576}),canonicalize,cse)' | FileCheck %s --check-prefix=KERNELS

// A parameter lies in the panels of the product that reads it, and so do its momentum and the lanes and
// the sum of its gradient. The entry that draws it by place takes it row-major.

#kn = affine_map<(k, n) -> (k, n)>
#lane0 = affine_map<(k, n) -> (0, k, n)>
#lane1 = affine_map<(k, n) -> (1, k, n)>

// CHECK-LABEL: func.func @step
// CHECK-SAME: %[[W:[a-z0-9]+]]: memref<256x128xf32> {fg.name = "w", fg.panels = {depth = 256 : i64, widths = array<i64: 48, 48, 32>}
// CHECK-SAME: fg.name = "w.momentum", fg.panels = {depth = 256 : i64, widths = array<i64: 48, 48, 32>}
// CHECK-SAME: %{{[a-z0-9]+}}: memref<512x256xf32>,
// CHECK: memref.alloc() {alignment = 64 : i64, fg.panels = {depth = 256 : i64, widths = array<i64: 48, 48, 32>}} : memref<2x256x128xf32>
// CHECK: memref.alloc() {alignment = 64 : i64, fg.panels = {depth = 256 : i64, widths = array<i64: 48, 48, 32>}} : memref<256x128xf32>
// CHECK-NOT: fg.panels
// CHECK-LABEL: func.func @init
// CHECK-NOT: fg.panels

// Panels are read where they are, and a tile of the gradient goes to where its panel is: 48 columns of
// 256 rows behind those of the tile before.
// KERNELS-LABEL: func.func @step
// KERNELS-NOT: "panels of
// KERNELS: %[[B:.*]] = memref.reinterpret_cast %arg0
// KERNELS: scf.forall
// KERNELS: arith.muli %{{.*}}, %c12288
// KERNELS: vector.load %[[B]]
// KERNELS: scf.forall
// KERNELS: arith.muli %{{.*}}, %c12288
// KERNELS: vector.store
func.func @step(%w: memref<256x128xf32> {fg.name = "w", fg.role = #fg<role parameter>},
                %m: memref<256x128xf32> {fg.name = "w.momentum", fg.role = #fg<role state>},
                %x: memref<512x256xf32>, %y: memref<512x128xf32>, %dy: memref<2x256x128xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.generic {indexing_maps = [affine_map<(i, n, k) -> (i, k)>, affine_map<(i, n, k) -> (k, n)>, affine_map<(i, n, k) -> (i, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<512x256xf32>, memref<256x128xf32>) outs(%y : memref<512x128xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  %lanes = memref.alloc() {alignment = 64 : i64} : memref<2x256x128xf32>
  linalg.fill ins(%zero : f32) outs(%lanes : memref<2x256x128xf32>)
  %xs = memref.expand_shape %x [[0, 1], [2]] output_shape [2, 256, 256] : memref<512x256xf32> into memref<2x256x256xf32>
  linalg.generic {indexing_maps = [affine_map<(l, k, n, i) -> (l, i, k)>, affine_map<(l, k, n, i) -> (l, i, n)>, affine_map<(l, k, n, i) -> (l, k, n)>],
                  iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%xs, %dy : memref<2x256x256xf32>, memref<2x256x128xf32>) outs(%lanes : memref<2x256x128xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  %g = memref.alloc() {alignment = 64 : i64} : memref<256x128xf32>
  linalg.generic {indexing_maps = [#lane0, #lane1, #kn], iterator_types = ["parallel", "parallel"]}
      ins(%lanes, %lanes : memref<2x256x128xf32>, memref<2x256x128xf32>) outs(%g : memref<256x128xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#kn, #kn, #kn], iterator_types = ["parallel", "parallel"]}
      ins(%g : memref<256x128xf32>) outs(%m, %w : memref<256x128xf32>, memref<256x128xf32>) {
  ^bb0(%a: f32, %o: f32, %p: f32):
    %s = arith.addf %o, %a : f32
    %d = arith.subf %p, %s : f32
    linalg.yield %s, %d : f32, f32
  }
  return
}

func.func @init(%w: memref<256x128xf32> {fg.name = "w", fg.role = #fg<role parameter>}) {
  linalg.generic {indexing_maps = [#kn], iterator_types = ["parallel", "parallel"]} outs(%w : memref<256x128xf32>) {
  ^bb0(%o: f32):
    %k = linalg.index 0 : index
    %i = arith.index_cast %k : index to i32
    %f = arith.sitofp %i : i32 to f32
    linalg.yield %f : f32
  }
  return
}

// -----

// A gradient in panels that begins at what is in panels too.

// CHECK-LABEL: func.func @begins
// CHECK-COUNT-2: fg.panels
// KERNELS-LABEL: func.func @begins
// KERNELS: memref.reinterpret_cast %arg0
// KERNELS: memref.alloc()
// KERNELS: %[[START:.*]] = memref.reinterpret_cast %arg1
// KERNELS: scf.forall
// KERNELS: %[[PANEL:.*]] = arith.muli %{{.*}}, %c12288
// KERNELS: %[[IN:.*]] = arith.addi %[[PANEL]], %{{.*}}
// KERNELS: vector.load %[[START]][%[[IN]]]
func.func @begins(%w: memref<256x128xf32> {fg.name = "w", fg.role = #fg<role parameter>},
                  %m: memref<256x128xf32>, %x: memref<512x256xf32>, %y: memref<512x128xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, n, k) -> (i, k)>, affine_map<(i, n, k) -> (k, n)>, affine_map<(i, n, k) -> (i, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<512x256xf32>, memref<256x128xf32>) outs(%y : memref<512x128xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  %g = memref.alloc() {alignment = 64 : i64} : memref<256x128xf32>
  linalg.generic {indexing_maps = [affine_map<(k, n) -> (k, n)>, affine_map<(k, n) -> (k, n)>], iterator_types = ["parallel", "parallel"]}
      ins(%m : memref<256x128xf32>) outs(%g : memref<256x128xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  }
  linalg.generic {indexing_maps = [affine_map<(k, n, i) -> (i, k)>, affine_map<(k, n, i) -> (i, n)>, affine_map<(k, n, i) -> (k, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %y : memref<512x256xf32>, memref<512x128xf32>) outs(%g : memref<256x128xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [affine_map<(k, n) -> (k, n)>, affine_map<(k, n) -> (k, n)>], iterator_types = ["parallel", "parallel"]}
      ins(%g : memref<256x128xf32>) outs(%w : memref<256x128xf32>) {
  ^bb0(%a: f32, %o: f32):
    %d = arith.subf %o, %a : f32
    linalg.yield %d : f32
  }
  return
}

// -----

// Where a loop multiplies with the transposed too, panels of that are made from the parameter's.

// CHECK-LABEL: func.func @transposed
// CHECK-SAME: fg.panels = {depth = 256 : i64, widths = array<i64: 48, 48, 32>}
// KERNELS-LABEL: func.func @transposed
// KERNELS: %[[PANELS:.*]] = memref.alloc() {{.*}}: memref<32768xf32>
// KERNELS: scf.for
// KERNELS: vector.store %{{.*}}, %[[PANELS]]
// KERNELS: {{.*}}"panels of 128 x 256"
func.func @transposed(%w: memref<256x128xf32> {fg.name = "w", fg.role = #fg<role parameter>},
                      %x: memref<512x256xf32>, %y: memref<512x128xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %tile = %c0 to %c8 step %c1 {
    linalg.generic {indexing_maps = [affine_map<(i, n, k) -> (i, k)>, affine_map<(i, n, k) -> (k, n)>, affine_map<(i, n, k) -> (i, n)>],
                    iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%x, %w : memref<512x256xf32>, memref<256x128xf32>) outs(%y : memref<512x128xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %p = arith.mulf %a, %b : f32
      %s = arith.addf %o, %p : f32
      linalg.yield %s : f32
    }
    %dx = memref.alloc() : memref<512x256xf32>
    linalg.generic {indexing_maps = [affine_map<(i, n, k) -> (i, k)>, affine_map<(i, n, k) -> (n, k)>, affine_map<(i, n, k) -> (i, n)>],
                    iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%y, %w : memref<512x128xf32>, memref<256x128xf32>) outs(%dx : memref<512x256xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %p = arith.mulf %a, %b : f32
      %s = arith.addf %o, %p : f32
      linalg.yield %s : f32
    }
  }
  return
}

// -----

// A product that rounds B packs it again, from the panels: 32 columns of 256 rows behind those before.

// CHECK-LABEL: func.func @rounds
// CHECK-SAME: fg.panels = {depth = 256 : i64, widths = array<i64: 32, 32, 32, 32>}
// KERNELS-LABEL: func.func @rounds
// KERNELS: %[[B:.*]] = memref.reinterpret_cast %arg0
// KERNELS: scf.forall
// KERNELS: %[[SCRATCH:.*]] = memref.alloca() {{.*}} : memref<{{[0-9]+}}xf32>
// KERNELS: arith.muli %{{.*}}, %c8192
// KERNELS-COUNT-2: vector.load %[[B]]
// KERNELS: arith.truncf %{{.*}} : vector<16xf32> to vector<16xbf16>
// KERNELS: vector.store %{{.*}}, %[[SCRATCH]]
// KERNELS-NOT: vector.load %[[B]]
// KERNELS: return
func.func @rounds(%w: memref<256x128xf32> {fg.name = "w", fg.role = #fg<role parameter>},
                  %x: memref<512x256xbf16>, %y: memref<512x128xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, n, k) -> (i, k)>, affine_map<(i, n, k) -> (k, n)>, affine_map<(i, n, k) -> (i, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<512x256xbf16>, memref<256x128xf32>) outs(%y : memref<512x128xf32>) {
  ^bb0(%a: bf16, %b: f32, %o: f32):
    %r = arith.truncf %b : f32 to bf16
    %c = arith.extf %a : bf16 to f32
    %d = arith.extf %r : bf16 to f32
    %p = arith.mulf %c, %d : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// Each panel is packed before all tiles of rows go through it, and if L2 does not keep all of them, they
// ask for the numbers of the next one.

// KERNELS-LABEL: func.func @rounds_much
// KERNELS: %[[B:.*]] = memref.reinterpret_cast %arg0
// KERNELS: scf.forall
// KERNELS: memref.alloca() {{.*}} : memref<{{[0-9]+}}xf32>
// KERNELS-COUNT-2: vector.load %[[B]]
// KERNELS: vector.fma
// KERNELS: memref.prefetch %[[B]]
// KERNELS: return
func.func @rounds_much(%w: memref<4096x128xf32> {fg.name = "w", fg.role = #fg<role parameter>},
                       %x: memref<512x4096xbf16>, %y: memref<512x128xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, n, k) -> (i, k)>, affine_map<(i, n, k) -> (k, n)>, affine_map<(i, n, k) -> (i, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<512x4096xbf16>, memref<4096x128xf32>) outs(%y : memref<512x128xf32>) {
  ^bb0(%a: bf16, %b: f32, %o: f32):
    %r = arith.truncf %b : f32 to bf16
    %c = arith.extf %a : bf16 to f32
    %d = arith.extf %r : bf16 to f32
    %p = arith.mulf %c, %d : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// However short the panels are: packing one waits for its numbers.

// KERNELS-LABEL: func.func @rounds_few
// KERNELS: %[[B:.*]] = memref.reinterpret_cast %arg0
// KERNELS: memref.prefetch %[[B]]
// KERNELS: return
func.func @rounds_few(%w: memref<32x16384xf32> {fg.name = "w", fg.role = #fg<role parameter>},
                      %x: memref<512x32xbf16>, %y: memref<512x16384xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, n, k) -> (i, k)>, affine_map<(i, n, k) -> (k, n)>, affine_map<(i, n, k) -> (i, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<512x32xbf16>, memref<32x16384xf32>) outs(%y : memref<512x16384xf32>) {
  ^bb0(%a: bf16, %b: f32, %o: f32):
    %r = arith.truncf %b : f32 to bf16
    %c = arith.extf %a : bf16 to f32
    %d = arith.extf %r : bf16 to f32
    %p = arith.mulf %c, %d : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// Not in panels: what a product reads as A, too; what an op reads along one of its dimensions; what has
// columns that are not whole vectors; what would be one panel; what another product adds bf16 of.

// CHECK-LABEL: func.func @as_a
// CHECK-NOT: fg.panels
func.func @as_a(%w: memref<128x128xf32> {fg.name = "a", fg.role = #fg<role parameter>},
                %x: memref<128x128xf32>, %y: memref<128x128xf32>, %z: memref<128x128xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, n, k) -> (i, k)>, affine_map<(i, n, k) -> (k, n)>, affine_map<(i, n, k) -> (i, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<128x128xf32>, memref<128x128xf32>) outs(%y : memref<128x128xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [affine_map<(i, n, k) -> (i, k)>, affine_map<(i, n, k) -> (k, n)>, affine_map<(i, n, k) -> (i, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%w, %x : memref<128x128xf32>, memref<128x128xf32>) outs(%z : memref<128x128xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

// CHECK-LABEL: func.func @by_rows
// CHECK-NOT: fg.panels
func.func @by_rows(%w: memref<128x128xf32> {fg.name = "rows", fg.role = #fg<role parameter>},
                   %x: memref<128x128xf32>, %y: memref<128x128xf32>, %norms: memref<128xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, n, k) -> (i, k)>, affine_map<(i, n, k) -> (k, n)>, affine_map<(i, n, k) -> (i, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<128x128xf32>, memref<128x128xf32>) outs(%y : memref<128x128xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [affine_map<(k, n) -> (k, n)>, affine_map<(k, n) -> (k)>], iterator_types = ["parallel", "reduction"]}
      ins(%w : memref<128x128xf32>) outs(%norms : memref<128xf32>) {
  ^bb0(%a: f32, %o: f32):
    %p = arith.mulf %a, %a : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

// CHECK-LABEL: func.func @odd_columns
// CHECK-NOT: fg.panels
func.func @odd_columns(%w: memref<128x100xf32> {fg.name = "odd", fg.role = #fg<role parameter>},
                       %one: memref<128x32xf32> {fg.name = "one", fg.role = #fg<role parameter>},
                       %x: memref<128x128xf32>, %y: memref<128x100xf32>, %z: memref<128x32xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, n, k) -> (i, k)>, affine_map<(i, n, k) -> (k, n)>, affine_map<(i, n, k) -> (i, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<128x128xf32>, memref<128x100xf32>) outs(%y : memref<128x100xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [affine_map<(i, n, k) -> (i, k)>, affine_map<(i, n, k) -> (k, n)>, affine_map<(i, n, k) -> (i, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %one : memref<128x128xf32>, memref<128x32xf32>) outs(%z : memref<128x32xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

// CHECK-LABEL: func.func @rounded
// CHECK-NOT: fg.panels
func.func @rounded(%w: memref<128x128xf32> {fg.name = "rounded", fg.role = #fg<role parameter>},
                   %x: memref<128x128xbf16>, %f: memref<128x128xf32>, %y: memref<128x128xf32>) {
  %b16 = memref.alloc() : memref<128x128xbf16>
  linalg.generic {indexing_maps = [affine_map<(k, n) -> (k, n)>, affine_map<(k, n) -> (k, n)>], iterator_types = ["parallel", "parallel"]}
      ins(%w : memref<128x128xf32>) outs(%b16 : memref<128x128xbf16>) {
  ^bb0(%a: f32, %o: bf16):
    %r = arith.truncf %a : f32 to bf16
    linalg.yield %r : bf16
  }
  linalg.generic {indexing_maps = [affine_map<(i, n, k) -> (i, k)>, affine_map<(i, n, k) -> (k, n)>, affine_map<(i, n, k) -> (i, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %b16 : memref<128x128xbf16>, memref<128x128xbf16>) outs(%y : memref<128x128xf32>) {
  ^bb0(%a: bf16, %b: bf16, %o: f32):
    %c = arith.extf %a : bf16 to f32
    %d = arith.extf %b : bf16 to f32
    %p = arith.mulf %c, %d : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [affine_map<(i, n, k) -> (i, k)>, affine_map<(i, n, k) -> (k, n)>, affine_map<(i, n, k) -> (i, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%f, %w : memref<128x128xf32>, memref<128x128xf32>) outs(%y : memref<128x128xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}
