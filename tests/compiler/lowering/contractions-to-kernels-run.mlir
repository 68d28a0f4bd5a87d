// Products of small integers, exact in any order of sums, against the same sums in
// a form that the pass leaves alone: main returns the number of differing elements.

// RUN: %fg-opt %s --pass-pipeline='builtin.module(func.func(fg-contractions-to-kernels{vector-bytes=64 vector-registers=32 l2=1048576}))' \
// RUN:   | mlir-opt --convert-linalg-to-loops --scf-forall-to-for --expand-strided-metadata --convert-scf-to-cf --convert-vector-to-llvm --expand-strided-metadata --lower-affine --convert-arith-to-llvm --finalize-memref-to-llvm --convert-func-to-llvm --convert-cf-to-llvm --reconcile-unrealized-casts \
// RUN:   | mlir-runner -e main --entry-point-result=i32 -O1 | FileCheck %s
// RUN: %fg-opt %s --pass-pipeline='builtin.module(func.func(fg-contractions-to-kernels{vector-bytes=32 vector-registers=16 l2=65536}))' \
// RUN:   | mlir-opt --convert-linalg-to-loops --scf-forall-to-for --expand-strided-metadata --convert-scf-to-cf --convert-vector-to-llvm --expand-strided-metadata --lower-affine --convert-arith-to-llvm --finalize-memref-to-llvm --convert-func-to-llvm --convert-cf-to-llvm --reconcile-unrealized-casts \
// RUN:   | mlir-runner -e main --entry-point-result=i32 -O1 | FileCheck %s
// RUN: %fg-opt %s --pass-pipeline='builtin.module(func.func(fg-contractions-to-kernels{vector-bytes=16 vector-registers=16 l2=262144}))' \
// RUN:   | mlir-opt --convert-linalg-to-loops --scf-forall-to-for --expand-strided-metadata --convert-scf-to-cf --convert-vector-to-llvm --expand-strided-metadata --lower-affine --convert-arith-to-llvm --finalize-memref-to-llvm --convert-func-to-llvm --convert-cf-to-llvm --reconcile-unrealized-casts \
// RUN:   | mlir-runner -e main --entry-point-result=i32 -O1 | FileCheck %s

// As many kernels as products, of which the last case has two:
// RUN: %fg-opt %s --fg-contractions-to-kernels | FileCheck %s --check-prefix=KERNELS
// KERNELS-COUNT-8: fg.flops

// UNSUPPORTED: asan
// CHECK: {{^0$}}

// Rows with tails.
func.func @case0() -> i32 {
  %zero = arith.constant 0.0 : f32
  %a = memref.alloc() : memref<13x5x37xf32>
  linalg.generic {indexing_maps = [affine_map<(b, t, i) -> (b, t, i)>], iterator_types = ["parallel", "parallel", "parallel"]} outs(%a : memref<13x5x37xf32>) {
  ^bb0(%old: f32):
    %h0 = arith.constant 3 : index
    %i0 = linalg.index 0 : index
    %f0 = arith.constant 7 : index
    %p0 = arith.muli %h0, %f0 : index
    %h1 = arith.addi %p0, %i0 : index
    %i1 = linalg.index 1 : index
    %f1 = arith.constant 9 : index
    %p1 = arith.muli %h1, %f1 : index
    %h2 = arith.addi %p1, %i1 : index
    %i2 = linalg.index 2 : index
    %f2 = arith.constant 11 : index
    %p2 = arith.muli %h2, %f2 : index
    %h3 = arith.addi %p2, %i2 : index
    %m = arith.constant 8 : index
    %r = arith.remui %h3, %m : index
    %c = arith.index_cast %r : index to i32
    %v = arith.sitofp %c : i32 to f32
    linalg.yield %v : f32
  }
  %b = memref.alloc() : memref<37x45xf32>
  linalg.generic {indexing_maps = [affine_map<(i, o) -> (i, o)>], iterator_types = ["parallel", "parallel"]} outs(%b : memref<37x45xf32>) {
  ^bb0(%old: f32):
    %h0 = arith.constant 3 : index
    %i0 = linalg.index 0 : index
    %f0 = arith.constant 5 : index
    %p0 = arith.muli %h0, %f0 : index
    %h1 = arith.addi %p0, %i0 : index
    %i1 = linalg.index 1 : index
    %f1 = arith.constant 7 : index
    %p1 = arith.muli %h1, %f1 : index
    %h2 = arith.addi %p1, %i1 : index
    %m = arith.constant 8 : index
    %r = arith.remui %h2, %m : index
    %c = arith.index_cast %r : index to i32
    %v = arith.sitofp %c : i32 to f32
    linalg.yield %v : f32
  }
  %product = memref.alloc() : memref<13x5x45xf32>
  linalg.fill ins(%zero : f32) outs(%product : memref<13x5x45xf32>)
  linalg.generic {
      indexing_maps = [affine_map<(b, t, i, o) -> (b, t, i)>, affine_map<(b, t, i, o) -> (i, o)>, affine_map<(b, t, i, o) -> (b, t, o)>],
      iterator_types = ["parallel", "parallel", "reduction", "parallel"]}
      ins(%a, %b : memref<13x5x37xf32>, memref<37x45xf32>) outs(%product : memref<13x5x45xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %m = arith.mulf %x, %y : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  }
  %reference = memref.alloc() : memref<13x5x45xf32>
  linalg.fill ins(%zero : f32) outs(%reference : memref<13x5x45xf32>)
  linalg.generic {
      indexing_maps = [affine_map<(b, t, i, o) -> (b, t, i)>, affine_map<(b, t, i, o) -> (i, o)>, affine_map<(b, t, i, o) -> (b, t, o)>],
      iterator_types = ["parallel", "parallel", "reduction", "parallel"]}
      ins(%a, %b : memref<13x5x37xf32>, memref<37x45xf32>) outs(%reference : memref<13x5x45xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %g = arith.negf %x : f32
    %m = arith.mulf %g, %y : f32
    %s = arith.subf %o, %m : f32
    linalg.yield %s : f32
  }
  %wrong = memref.alloc() : memref<i32>
  %none = arith.constant 0 : i32
  memref.store %none, %wrong[] : memref<i32>
  linalg.generic {
      indexing_maps = [affine_map<(b, t, o) -> (b, t, o)>, affine_map<(b, t, o) -> (b, t, o)>, affine_map<(b, t, o) -> ()>],
      iterator_types = ["reduction", "reduction", "reduction"]}
      ins(%product, %reference : memref<13x5x45xf32>, memref<13x5x45xf32>) outs(%wrong : memref<i32>) {
  ^bb0(%p: f32, %r: f32, %count: i32):
    %differs = arith.cmpf une, %p, %r : f32
    %one = arith.extui %differs : i1 to i32
    %sum = arith.addi %count, %one : i32
    linalg.yield %sum : i32
  }
  %result = memref.load %wrong[] : memref<i32>
  return %result : i32
}

// Weight gradient, two chunks of k.
func.func @case1() -> i32 {
  %zero = arith.constant 0.0 : f64
  %a = memref.alloc() : memref<9x40x19xf64>
  linalg.generic {indexing_maps = [affine_map<(b, t, i) -> (b, t, i)>], iterator_types = ["parallel", "parallel", "parallel"]} outs(%a : memref<9x40x19xf64>) {
  ^bb0(%old: f64):
    %h0 = arith.constant 3 : index
    %i0 = linalg.index 0 : index
    %f0 = arith.constant 7 : index
    %p0 = arith.muli %h0, %f0 : index
    %h1 = arith.addi %p0, %i0 : index
    %i1 = linalg.index 1 : index
    %f1 = arith.constant 9 : index
    %p1 = arith.muli %h1, %f1 : index
    %h2 = arith.addi %p1, %i1 : index
    %i2 = linalg.index 2 : index
    %f2 = arith.constant 11 : index
    %p2 = arith.muli %h2, %f2 : index
    %h3 = arith.addi %p2, %i2 : index
    %m = arith.constant 8 : index
    %r = arith.remui %h3, %m : index
    %c = arith.index_cast %r : index to i32
    %v = arith.sitofp %c : i32 to f64
    linalg.yield %v : f64
  }
  %b = memref.alloc() : memref<9x40x23xf64>
  linalg.generic {indexing_maps = [affine_map<(b, t, o) -> (b, t, o)>], iterator_types = ["parallel", "parallel", "parallel"]} outs(%b : memref<9x40x23xf64>) {
  ^bb0(%old: f64):
    %h0 = arith.constant 3 : index
    %i0 = linalg.index 0 : index
    %f0 = arith.constant 5 : index
    %p0 = arith.muli %h0, %f0 : index
    %h1 = arith.addi %p0, %i0 : index
    %i1 = linalg.index 1 : index
    %f1 = arith.constant 7 : index
    %p1 = arith.muli %h1, %f1 : index
    %h2 = arith.addi %p1, %i1 : index
    %i2 = linalg.index 2 : index
    %f2 = arith.constant 9 : index
    %p2 = arith.muli %h2, %f2 : index
    %h3 = arith.addi %p2, %i2 : index
    %m = arith.constant 8 : index
    %r = arith.remui %h3, %m : index
    %c = arith.index_cast %r : index to i32
    %v = arith.sitofp %c : i32 to f64
    linalg.yield %v : f64
  }
  %product = memref.alloc() : memref<19x23xf64>
  linalg.fill ins(%zero : f64) outs(%product : memref<19x23xf64>)
  linalg.generic {
      indexing_maps = [affine_map<(b, t, i, o) -> (b, t, i)>, affine_map<(b, t, i, o) -> (b, t, o)>, affine_map<(b, t, i, o) -> (i, o)>],
      iterator_types = ["reduction", "reduction", "parallel", "parallel"]}
      ins(%a, %b : memref<9x40x19xf64>, memref<9x40x23xf64>) outs(%product : memref<19x23xf64>) {
  ^bb0(%x: f64, %y: f64, %o: f64):
    %m = arith.mulf %x, %y : f64
    %s = arith.addf %o, %m : f64
    linalg.yield %s : f64
  }
  %reference = memref.alloc() : memref<19x23xf64>
  linalg.fill ins(%zero : f64) outs(%reference : memref<19x23xf64>)
  linalg.generic {
      indexing_maps = [affine_map<(b, t, i, o) -> (b, t, i)>, affine_map<(b, t, i, o) -> (b, t, o)>, affine_map<(b, t, i, o) -> (i, o)>],
      iterator_types = ["reduction", "reduction", "parallel", "parallel"]}
      ins(%a, %b : memref<9x40x19xf64>, memref<9x40x23xf64>) outs(%reference : memref<19x23xf64>) {
  ^bb0(%x: f64, %y: f64, %o: f64):
    %g = arith.negf %x : f64
    %m = arith.mulf %g, %y : f64
    %s = arith.subf %o, %m : f64
    linalg.yield %s : f64
  }
  %wrong = memref.alloc() : memref<i32>
  %none = arith.constant 0 : i32
  memref.store %none, %wrong[] : memref<i32>
  linalg.generic {
      indexing_maps = [affine_map<(i, o) -> (i, o)>, affine_map<(i, o) -> (i, o)>, affine_map<(i, o) -> ()>],
      iterator_types = ["reduction", "reduction"]}
      ins(%product, %reference : memref<19x23xf64>, memref<19x23xf64>) outs(%wrong : memref<i32>) {
  ^bb0(%p: f64, %r: f64, %count: i32):
    %differs = arith.cmpf une, %p, %r : f64
    %one = arith.extui %differs : i1 to i32
    %sum = arith.addi %count, %one : i32
    linalg.yield %sum : i32
  }
  %result = memref.load %wrong[] : memref<i32>
  return %result : i32
}

// Grouped, transposed weights.
func.func @case2() -> i32 {
  %zero = arith.constant 0.0 : f32
  %a = memref.alloc() : memref<6x7x5x20xf32>
  linalg.generic {indexing_maps = [affine_map<(b, t, g, v) -> (b, t, g, v)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} outs(%a : memref<6x7x5x20xf32>) {
  ^bb0(%old: f32):
    %h0 = arith.constant 3 : index
    %i0 = linalg.index 0 : index
    %f0 = arith.constant 7 : index
    %p0 = arith.muli %h0, %f0 : index
    %h1 = arith.addi %p0, %i0 : index
    %i1 = linalg.index 1 : index
    %f1 = arith.constant 9 : index
    %p1 = arith.muli %h1, %f1 : index
    %h2 = arith.addi %p1, %i1 : index
    %i2 = linalg.index 2 : index
    %f2 = arith.constant 11 : index
    %p2 = arith.muli %h2, %f2 : index
    %h3 = arith.addi %p2, %i2 : index
    %i3 = linalg.index 3 : index
    %f3 = arith.constant 13 : index
    %p3 = arith.muli %h3, %f3 : index
    %h4 = arith.addi %p3, %i3 : index
    %m = arith.constant 8 : index
    %r = arith.remui %h4, %m : index
    %c = arith.index_cast %r : index to i32
    %v = arith.sitofp %c : i32 to f32
    linalg.yield %v : f32
  }
  %b = memref.alloc() : memref<5x12x20xf32>
  linalg.generic {indexing_maps = [affine_map<(g, u, v) -> (g, u, v)>], iterator_types = ["parallel", "parallel", "parallel"]} outs(%b : memref<5x12x20xf32>) {
  ^bb0(%old: f32):
    %h0 = arith.constant 3 : index
    %i0 = linalg.index 0 : index
    %f0 = arith.constant 5 : index
    %p0 = arith.muli %h0, %f0 : index
    %h1 = arith.addi %p0, %i0 : index
    %i1 = linalg.index 1 : index
    %f1 = arith.constant 7 : index
    %p1 = arith.muli %h1, %f1 : index
    %h2 = arith.addi %p1, %i1 : index
    %i2 = linalg.index 2 : index
    %f2 = arith.constant 9 : index
    %p2 = arith.muli %h2, %f2 : index
    %h3 = arith.addi %p2, %i2 : index
    %m = arith.constant 8 : index
    %r = arith.remui %h3, %m : index
    %c = arith.index_cast %r : index to i32
    %v = arith.sitofp %c : i32 to f32
    linalg.yield %v : f32
  }
  %product = memref.alloc() : memref<6x7x5x12xf32>
  linalg.fill ins(%zero : f32) outs(%product : memref<6x7x5x12xf32>)
  linalg.generic {
      indexing_maps = [affine_map<(b, t, g, u, v) -> (b, t, g, v)>, affine_map<(b, t, g, u, v) -> (g, u, v)>, affine_map<(b, t, g, u, v) -> (b, t, g, u)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<6x7x5x20xf32>, memref<5x12x20xf32>) outs(%product : memref<6x7x5x12xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %m = arith.mulf %x, %y : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  }
  %reference = memref.alloc() : memref<6x7x5x12xf32>
  linalg.fill ins(%zero : f32) outs(%reference : memref<6x7x5x12xf32>)
  linalg.generic {
      indexing_maps = [affine_map<(b, t, g, u, v) -> (b, t, g, v)>, affine_map<(b, t, g, u, v) -> (g, u, v)>, affine_map<(b, t, g, u, v) -> (b, t, g, u)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<6x7x5x20xf32>, memref<5x12x20xf32>) outs(%reference : memref<6x7x5x12xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %g = arith.negf %x : f32
    %m = arith.mulf %g, %y : f32
    %s = arith.subf %o, %m : f32
    linalg.yield %s : f32
  }
  %wrong = memref.alloc() : memref<i32>
  %none = arith.constant 0 : i32
  memref.store %none, %wrong[] : memref<i32>
  linalg.generic {
      indexing_maps = [affine_map<(b, t, g, u) -> (b, t, g, u)>, affine_map<(b, t, g, u) -> (b, t, g, u)>, affine_map<(b, t, g, u) -> ()>],
      iterator_types = ["reduction", "reduction", "reduction", "reduction"]}
      ins(%product, %reference : memref<6x7x5x12xf32>, memref<6x7x5x12xf32>) outs(%wrong : memref<i32>) {
  ^bb0(%p: f32, %r: f32, %count: i32):
    %differs = arith.cmpf une, %p, %r : f32
    %one = arith.extui %differs : i1 to i32
    %sum = arith.addi %count, %one : i32
    linalg.yield %sum : i32
  }
  %result = memref.load %wrong[] : memref<i32>
  return %result : i32
}

// Token mixing.
func.func @case3() -> i32 {
  %zero = arith.constant 0.0 : f32
  %a = memref.alloc() : memref<18x18xf32>
  linalg.generic {indexing_maps = [affine_map<(t, u) -> (t, u)>], iterator_types = ["parallel", "parallel"]} outs(%a : memref<18x18xf32>) {
  ^bb0(%old: f32):
    %h0 = arith.constant 3 : index
    %i0 = linalg.index 0 : index
    %f0 = arith.constant 7 : index
    %p0 = arith.muli %h0, %f0 : index
    %h1 = arith.addi %p0, %i0 : index
    %i1 = linalg.index 1 : index
    %f1 = arith.constant 9 : index
    %p1 = arith.muli %h1, %f1 : index
    %h2 = arith.addi %p1, %i1 : index
    %m = arith.constant 8 : index
    %r = arith.remui %h2, %m : index
    %c = arith.index_cast %r : index to i32
    %v = arith.sitofp %c : i32 to f32
    linalg.yield %v : f32
  }
  %b = memref.alloc() : memref<4x18x40xf32>
  linalg.generic {indexing_maps = [affine_map<(b, t, c) -> (b, t, c)>], iterator_types = ["parallel", "parallel", "parallel"]} outs(%b : memref<4x18x40xf32>) {
  ^bb0(%old: f32):
    %h0 = arith.constant 3 : index
    %i0 = linalg.index 0 : index
    %f0 = arith.constant 5 : index
    %p0 = arith.muli %h0, %f0 : index
    %h1 = arith.addi %p0, %i0 : index
    %i1 = linalg.index 1 : index
    %f1 = arith.constant 7 : index
    %p1 = arith.muli %h1, %f1 : index
    %h2 = arith.addi %p1, %i1 : index
    %i2 = linalg.index 2 : index
    %f2 = arith.constant 9 : index
    %p2 = arith.muli %h2, %f2 : index
    %h3 = arith.addi %p2, %i2 : index
    %m = arith.constant 8 : index
    %r = arith.remui %h3, %m : index
    %c = arith.index_cast %r : index to i32
    %v = arith.sitofp %c : i32 to f32
    linalg.yield %v : f32
  }
  %product = memref.alloc() : memref<4x18x40xf32>
  linalg.fill ins(%zero : f32) outs(%product : memref<4x18x40xf32>)
  linalg.generic {
      indexing_maps = [affine_map<(b, t, u, c) -> (t, u)>, affine_map<(b, t, u, c) -> (b, t, c)>, affine_map<(b, t, u, c) -> (b, u, c)>],
      iterator_types = ["parallel", "reduction", "parallel", "parallel"]}
      ins(%a, %b : memref<18x18xf32>, memref<4x18x40xf32>) outs(%product : memref<4x18x40xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %m = arith.mulf %x, %y : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  }
  %reference = memref.alloc() : memref<4x18x40xf32>
  linalg.fill ins(%zero : f32) outs(%reference : memref<4x18x40xf32>)
  linalg.generic {
      indexing_maps = [affine_map<(b, t, u, c) -> (t, u)>, affine_map<(b, t, u, c) -> (b, t, c)>, affine_map<(b, t, u, c) -> (b, u, c)>],
      iterator_types = ["parallel", "reduction", "parallel", "parallel"]}
      ins(%a, %b : memref<18x18xf32>, memref<4x18x40xf32>) outs(%reference : memref<4x18x40xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %g = arith.negf %x : f32
    %m = arith.mulf %g, %y : f32
    %s = arith.subf %o, %m : f32
    linalg.yield %s : f32
  }
  %wrong = memref.alloc() : memref<i32>
  %none = arith.constant 0 : i32
  memref.store %none, %wrong[] : memref<i32>
  linalg.generic {
      indexing_maps = [affine_map<(b, u, c) -> (b, u, c)>, affine_map<(b, u, c) -> (b, u, c)>, affine_map<(b, u, c) -> ()>],
      iterator_types = ["reduction", "reduction", "reduction"]}
      ins(%product, %reference : memref<4x18x40xf32>, memref<4x18x40xf32>) outs(%wrong : memref<i32>) {
  ^bb0(%p: f32, %r: f32, %count: i32):
    %differs = arith.cmpf une, %p, %r : f32
    %one = arith.extui %differs : i1 to i32
    %sum = arith.addi %count, %one : i32
    linalg.yield %sum : i32
  }
  %result = memref.load %wrong[] : memref<i32>
  return %result : i32
}

// Token mixing's gradient.
func.func @case4() -> i32 {
  %zero = arith.constant 0.0 : f64
  %a = memref.alloc() : memref<5x14x36xf64>
  linalg.generic {indexing_maps = [affine_map<(b, t, c) -> (b, t, c)>], iterator_types = ["parallel", "parallel", "parallel"]} outs(%a : memref<5x14x36xf64>) {
  ^bb0(%old: f64):
    %h0 = arith.constant 3 : index
    %i0 = linalg.index 0 : index
    %f0 = arith.constant 7 : index
    %p0 = arith.muli %h0, %f0 : index
    %h1 = arith.addi %p0, %i0 : index
    %i1 = linalg.index 1 : index
    %f1 = arith.constant 9 : index
    %p1 = arith.muli %h1, %f1 : index
    %h2 = arith.addi %p1, %i1 : index
    %i2 = linalg.index 2 : index
    %f2 = arith.constant 11 : index
    %p2 = arith.muli %h2, %f2 : index
    %h3 = arith.addi %p2, %i2 : index
    %m = arith.constant 8 : index
    %r = arith.remui %h3, %m : index
    %c = arith.index_cast %r : index to i32
    %v = arith.sitofp %c : i32 to f64
    linalg.yield %v : f64
  }
  %b = memref.alloc() : memref<5x11x36xf64>
  linalg.generic {indexing_maps = [affine_map<(b, u, c) -> (b, u, c)>], iterator_types = ["parallel", "parallel", "parallel"]} outs(%b : memref<5x11x36xf64>) {
  ^bb0(%old: f64):
    %h0 = arith.constant 3 : index
    %i0 = linalg.index 0 : index
    %f0 = arith.constant 5 : index
    %p0 = arith.muli %h0, %f0 : index
    %h1 = arith.addi %p0, %i0 : index
    %i1 = linalg.index 1 : index
    %f1 = arith.constant 7 : index
    %p1 = arith.muli %h1, %f1 : index
    %h2 = arith.addi %p1, %i1 : index
    %i2 = linalg.index 2 : index
    %f2 = arith.constant 9 : index
    %p2 = arith.muli %h2, %f2 : index
    %h3 = arith.addi %p2, %i2 : index
    %m = arith.constant 8 : index
    %r = arith.remui %h3, %m : index
    %c = arith.index_cast %r : index to i32
    %v = arith.sitofp %c : i32 to f64
    linalg.yield %v : f64
  }
  %product = memref.alloc() : memref<14x11xf64>
  linalg.fill ins(%zero : f64) outs(%product : memref<14x11xf64>)
  linalg.generic {
      indexing_maps = [affine_map<(b, t, u, c) -> (b, t, c)>, affine_map<(b, t, u, c) -> (b, u, c)>, affine_map<(b, t, u, c) -> (t, u)>],
      iterator_types = ["reduction", "parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<5x14x36xf64>, memref<5x11x36xf64>) outs(%product : memref<14x11xf64>) {
  ^bb0(%x: f64, %y: f64, %o: f64):
    %m = arith.mulf %x, %y : f64
    %s = arith.addf %o, %m : f64
    linalg.yield %s : f64
  }
  %reference = memref.alloc() : memref<14x11xf64>
  linalg.fill ins(%zero : f64) outs(%reference : memref<14x11xf64>)
  linalg.generic {
      indexing_maps = [affine_map<(b, t, u, c) -> (b, t, c)>, affine_map<(b, t, u, c) -> (b, u, c)>, affine_map<(b, t, u, c) -> (t, u)>],
      iterator_types = ["reduction", "parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<5x14x36xf64>, memref<5x11x36xf64>) outs(%reference : memref<14x11xf64>) {
  ^bb0(%x: f64, %y: f64, %o: f64):
    %g = arith.negf %x : f64
    %m = arith.mulf %g, %y : f64
    %s = arith.subf %o, %m : f64
    linalg.yield %s : f64
  }
  %wrong = memref.alloc() : memref<i32>
  %none = arith.constant 0 : i32
  memref.store %none, %wrong[] : memref<i32>
  linalg.generic {
      indexing_maps = [affine_map<(t, u) -> (t, u)>, affine_map<(t, u) -> (t, u)>, affine_map<(t, u) -> ()>],
      iterator_types = ["reduction", "reduction"]}
      ins(%product, %reference : memref<14x11xf64>, memref<14x11xf64>) outs(%wrong : memref<i32>) {
  ^bb0(%p: f64, %r: f64, %count: i32):
    %differs = arith.cmpf une, %p, %r : f64
    %one = arith.extui %differs : i1 to i32
    %sum = arith.addi %count, %one : i32
    linalg.yield %sum : i32
  }
  %result = memref.load %wrong[] : memref<i32>
  return %result : i32
}

// Columns of C apart.
func.func @case5() -> i32 {
  %zero = arith.constant 0.0 : f32
  %a = memref.alloc() : memref<21x9xf32>
  linalg.generic {indexing_maps = [affine_map<(m, k) -> (m, k)>], iterator_types = ["parallel", "parallel"]} outs(%a : memref<21x9xf32>) {
  ^bb0(%old: f32):
    %h0 = arith.constant 3 : index
    %i0 = linalg.index 0 : index
    %f0 = arith.constant 7 : index
    %p0 = arith.muli %h0, %f0 : index
    %h1 = arith.addi %p0, %i0 : index
    %i1 = linalg.index 1 : index
    %f1 = arith.constant 9 : index
    %p1 = arith.muli %h1, %f1 : index
    %h2 = arith.addi %p1, %i1 : index
    %m = arith.constant 8 : index
    %r = arith.remui %h2, %m : index
    %c = arith.index_cast %r : index to i32
    %v = arith.sitofp %c : i32 to f32
    linalg.yield %v : f32
  }
  %b = memref.alloc() : memref<2x9x17xf32>
  linalg.generic {indexing_maps = [affine_map<(h, k, n) -> (h, k, n)>], iterator_types = ["parallel", "parallel", "parallel"]} outs(%b : memref<2x9x17xf32>) {
  ^bb0(%old: f32):
    %h0 = arith.constant 3 : index
    %i0 = linalg.index 0 : index
    %f0 = arith.constant 5 : index
    %p0 = arith.muli %h0, %f0 : index
    %h1 = arith.addi %p0, %i0 : index
    %i1 = linalg.index 1 : index
    %f1 = arith.constant 7 : index
    %p1 = arith.muli %h1, %f1 : index
    %h2 = arith.addi %p1, %i1 : index
    %i2 = linalg.index 2 : index
    %f2 = arith.constant 9 : index
    %p2 = arith.muli %h2, %f2 : index
    %h3 = arith.addi %p2, %i2 : index
    %m = arith.constant 8 : index
    %r = arith.remui %h3, %m : index
    %c = arith.index_cast %r : index to i32
    %v = arith.sitofp %c : i32 to f32
    linalg.yield %v : f32
  }
  %product = memref.alloc() : memref<17x2x21xf32>
  linalg.fill ins(%zero : f32) outs(%product : memref<17x2x21xf32>)
  linalg.generic {
      indexing_maps = [affine_map<(m, h, n, k) -> (m, k)>, affine_map<(m, h, n, k) -> (h, k, n)>, affine_map<(m, h, n, k) -> (n, h, m)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<21x9xf32>, memref<2x9x17xf32>) outs(%product : memref<17x2x21xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %m = arith.mulf %x, %y : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  }
  %reference = memref.alloc() : memref<17x2x21xf32>
  linalg.fill ins(%zero : f32) outs(%reference : memref<17x2x21xf32>)
  linalg.generic {
      indexing_maps = [affine_map<(m, h, n, k) -> (m, k)>, affine_map<(m, h, n, k) -> (h, k, n)>, affine_map<(m, h, n, k) -> (n, h, m)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<21x9xf32>, memref<2x9x17xf32>) outs(%reference : memref<17x2x21xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %g = arith.negf %x : f32
    %m = arith.mulf %g, %y : f32
    %s = arith.subf %o, %m : f32
    linalg.yield %s : f32
  }
  %wrong = memref.alloc() : memref<i32>
  %none = arith.constant 0 : i32
  memref.store %none, %wrong[] : memref<i32>
  linalg.generic {
      indexing_maps = [affine_map<(n, h, m) -> (n, h, m)>, affine_map<(n, h, m) -> (n, h, m)>, affine_map<(n, h, m) -> ()>],
      iterator_types = ["reduction", "reduction", "reduction"]}
      ins(%product, %reference : memref<17x2x21xf32>, memref<17x2x21xf32>) outs(%wrong : memref<i32>) {
  ^bb0(%p: f32, %r: f32, %count: i32):
    %differs = arith.cmpf une, %p, %r : f32
    %one = arith.extui %differs : i1 to i32
    %sum = arith.addi %count, %one : i32
    linalg.yield %sum : i32
  }
  %result = memref.load %wrong[] : memref<i32>
  return %result : i32
}

// Two weight gradients of several blocks of rows, each added twice.
func.func @case6() -> i32 {
  %zero = arith.constant 0.0 : f32
  %a = memref.alloc() : memref<2x128x509xf32>
  linalg.generic {indexing_maps = [affine_map<(l, k, i) -> (l, k, i)>], iterator_types = ["parallel", "parallel", "parallel"]} outs(%a : memref<2x128x509xf32>) {
  ^bb0(%old: f32):
    %h0 = arith.constant 3 : index
    %i0 = linalg.index 0 : index
    %f0 = arith.constant 7 : index
    %p0 = arith.muli %h0, %f0 : index
    %h1 = arith.addi %p0, %i0 : index
    %i1 = linalg.index 1 : index
    %f1 = arith.constant 9 : index
    %p1 = arith.muli %h1, %f1 : index
    %h2 = arith.addi %p1, %i1 : index
    %i2 = linalg.index 2 : index
    %f2 = arith.constant 11 : index
    %p2 = arith.muli %h2, %f2 : index
    %h3 = arith.addi %p2, %i2 : index
    %m = arith.constant 8 : index
    %r = arith.remui %h3, %m : index
    %c = arith.index_cast %r : index to i32
    %v = arith.sitofp %c : i32 to f32
    linalg.yield %v : f32
  }
  %b = memref.alloc() : memref<2x128x100xf32>
  linalg.generic {indexing_maps = [affine_map<(l, k, o) -> (l, k, o)>], iterator_types = ["parallel", "parallel", "parallel"]} outs(%b : memref<2x128x100xf32>) {
  ^bb0(%old: f32):
    %h0 = arith.constant 3 : index
    %i0 = linalg.index 0 : index
    %f0 = arith.constant 5 : index
    %p0 = arith.muli %h0, %f0 : index
    %h1 = arith.addi %p0, %i0 : index
    %i1 = linalg.index 1 : index
    %f1 = arith.constant 7 : index
    %p1 = arith.muli %h1, %f1 : index
    %h2 = arith.addi %p1, %i1 : index
    %i2 = linalg.index 2 : index
    %f2 = arith.constant 9 : index
    %p2 = arith.muli %h2, %f2 : index
    %h3 = arith.addi %p2, %i2 : index
    %m = arith.constant 8 : index
    %r = arith.remui %h3, %m : index
    %c = arith.index_cast %r : index to i32
    %v = arith.sitofp %c : i32 to f32
    linalg.yield %v : f32
  }
  %product = memref.alloc() : memref<2x509x100xf32>
  linalg.fill ins(%zero : f32) outs(%product : memref<2x509x100xf32>)
  linalg.generic {
      indexing_maps = [affine_map<(l, m, n, k) -> (l, k, m)>, affine_map<(l, m, n, k) -> (l, k, n)>, affine_map<(l, m, n, k) -> (l, m, n)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<2x128x509xf32>, memref<2x128x100xf32>) outs(%product : memref<2x509x100xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %m = arith.mulf %x, %y : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  }
  linalg.generic {
      indexing_maps = [affine_map<(l, m, n, k) -> (l, k, m)>, affine_map<(l, m, n, k) -> (l, k, n)>, affine_map<(l, m, n, k) -> (l, m, n)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<2x128x509xf32>, memref<2x128x100xf32>) outs(%product : memref<2x509x100xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %m = arith.mulf %x, %y : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  }
  %reference = memref.alloc() : memref<2x509x100xf32>
  linalg.fill ins(%zero : f32) outs(%reference : memref<2x509x100xf32>)
  linalg.generic {
      indexing_maps = [affine_map<(l, m, n, k) -> (l, k, m)>, affine_map<(l, m, n, k) -> (l, k, n)>, affine_map<(l, m, n, k) -> (l, m, n)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<2x128x509xf32>, memref<2x128x100xf32>) outs(%reference : memref<2x509x100xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %g = arith.negf %x : f32
    %m = arith.mulf %g, %y : f32
    %s = arith.subf %o, %m : f32
    linalg.yield %s : f32
  }
  linalg.generic {
      indexing_maps = [affine_map<(l, m, n, k) -> (l, k, m)>, affine_map<(l, m, n, k) -> (l, k, n)>, affine_map<(l, m, n, k) -> (l, m, n)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<2x128x509xf32>, memref<2x128x100xf32>) outs(%reference : memref<2x509x100xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %g = arith.negf %x : f32
    %m = arith.mulf %g, %y : f32
    %s = arith.subf %o, %m : f32
    linalg.yield %s : f32
  }
  %wrong = memref.alloc() : memref<i32>
  %none = arith.constant 0 : i32
  memref.store %none, %wrong[] : memref<i32>
  linalg.generic {
      indexing_maps = [affine_map<(l, m, n) -> (l, m, n)>, affine_map<(l, m, n) -> (l, m, n)>, affine_map<(l, m, n) -> ()>],
      iterator_types = ["reduction", "reduction", "reduction"]}
      ins(%product, %reference : memref<2x509x100xf32>, memref<2x509x100xf32>) outs(%wrong : memref<i32>) {
  ^bb0(%p: f32, %r: f32, %count: i32):
    %differs = arith.cmpf une, %p, %r : f32
    %one = arith.extui %differs : i1 to i32
    %sum = arith.addi %count, %one : i32
    linalg.yield %sum : i32
  }
  %result = memref.load %wrong[] : memref<i32>
  return %result : i32
}

func.func @main() -> i32 {
  %r0 = call @case0() : () -> i32
  %r1 = call @case1() : () -> i32
  %r2 = call @case2() : () -> i32
  %r3 = call @case3() : () -> i32
  %r4 = call @case4() : () -> i32
  %r5 = call @case5() : () -> i32
  %r6 = call @case6() : () -> i32
  %t0 = arith.constant 0 : i32
  %t1 = arith.addi %t0, %r0 : i32
  %t2 = arith.addi %t1, %r1 : i32
  %t3 = arith.addi %t2, %r2 : i32
  %t4 = arith.addi %t3, %r3 : i32
  %t5 = arith.addi %t4, %r4 : i32
  %t6 = arith.addi %t5, %r5 : i32
  %t7 = arith.addi %t6, %r6 : i32
  return %t7 : i32
}
