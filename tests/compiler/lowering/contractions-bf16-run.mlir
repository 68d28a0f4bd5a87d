// Products of bf16 numbers with sums in f32: small integers, exact in any order of sums, against
// the same sums in a form that the pass leaves alone. main returns the number of differing elements.

// RUN: %fg-opt %s --pass-pipeline='builtin.module(func.func(fg-contractions-to-kernels{bf16=widened vector-bytes=64 vector-registers=32 l2=1048576}),fg-lower-math,fg-bf16-as-bits)' \
// RUN:   | mlir-opt --convert-linalg-to-loops --scf-forall-to-for --expand-strided-metadata --convert-scf-to-cf --convert-vector-to-llvm --expand-strided-metadata --lower-affine --convert-arith-to-llvm --finalize-memref-to-llvm --convert-func-to-llvm --convert-cf-to-llvm --reconcile-unrealized-casts \
// RUN:   | mlir-runner -e main --entry-point-result=i32 -O1 | FileCheck %s
// RUN: %fg-opt %s --pass-pipeline='builtin.module(func.func(fg-contractions-to-kernels{bf16=widened vector-bytes=32 vector-registers=16 l2=65536}),fg-lower-math,fg-bf16-as-bits)' \
// RUN:   | mlir-opt --convert-linalg-to-loops --scf-forall-to-for --expand-strided-metadata --convert-scf-to-cf --convert-vector-to-llvm --expand-strided-metadata --lower-affine --convert-arith-to-llvm --finalize-memref-to-llvm --convert-func-to-llvm --convert-cf-to-llvm --reconcile-unrealized-casts \
// RUN:   | mlir-runner -e main --entry-point-result=i32 -O1 | FileCheck %s
// RUN: %fg-opt %s --pass-pipeline='builtin.module(func.func(fg-contractions-to-kernels{bf16=pairs vector-bytes=64 vector-registers=32 l2=1048576}),fg-lower-math,fg-bf16-as-bits)' \
// RUN:   | mlir-opt --convert-linalg-to-loops --scf-forall-to-for --expand-strided-metadata --convert-scf-to-cf --convert-vector-to-llvm --expand-strided-metadata --lower-affine --convert-arith-to-llvm --finalize-memref-to-llvm --convert-func-to-llvm --convert-cf-to-llvm --reconcile-unrealized-casts \
// RUN:   | mlir-runner -e main --entry-point-result=i32 -O1 | FileCheck %s
// RUN: %fg-opt %s --pass-pipeline='builtin.module(func.func(fg-contractions-to-kernels{bf16=pairs vector-bytes=32 vector-registers=16 l2=65536}),fg-lower-math,fg-bf16-as-bits)' \
// RUN:   | mlir-opt --convert-linalg-to-loops --scf-forall-to-for --expand-strided-metadata --convert-scf-to-cf --convert-vector-to-llvm --expand-strided-metadata --lower-affine --convert-arith-to-llvm --finalize-memref-to-llvm --convert-func-to-llvm --convert-cf-to-llvm --reconcile-unrealized-casts \
// RUN:   | mlir-runner -e main --entry-point-result=i32 -O1 | FileCheck %s

// As many kernels as cases:
// RUN: %fg-opt %s --fg-contractions-to-kernels=bf16=pairs | FileCheck %s --check-prefix=KERNELS
// KERNELS-COUNT-9: fg.flops

// UNSUPPORTED: asan
// CHECK: {{^0$}}

// Rows with tails.
func.func @rows_with_tails() -> i32 {
  %zero = arith.constant 0.0 : f32
  %a = memref.alloc() : memref<13x5x38xbf16>
  linalg.generic {indexing_maps = [affine_map<(b, t, i) -> (b, t, i)>], iterator_types = ["parallel", "parallel", "parallel"]} outs(%a : memref<13x5x38xbf16>) {
  ^bb0(%old: bf16):
    %h0 = arith.constant 3 : index
    %i0 = linalg.index 0 : index
    %f0 = arith.constant 6 : index
    %p0 = arith.muli %h0, %f0 : index
    %h1 = arith.addi %p0, %i0 : index
    %i1 = linalg.index 1 : index
    %f1 = arith.constant 8 : index
    %p1 = arith.muli %h1, %f1 : index
    %h2 = arith.addi %p1, %i1 : index
    %i2 = linalg.index 2 : index
    %f2 = arith.constant 10 : index
    %p2 = arith.muli %h2, %f2 : index
    %h3 = arith.addi %p2, %i2 : index
    %m = arith.constant 8 : index
    %r = arith.remui %h3, %m : index
    %c = arith.index_cast %r : index to i32
    %w = arith.sitofp %c : i32 to f32
    %v = arith.truncf %w : f32 to bf16
    linalg.yield %v : bf16
  }
  %b = memref.alloc() : memref<38x45xbf16>
  linalg.generic {indexing_maps = [affine_map<(i, o) -> (i, o)>], iterator_types = ["parallel", "parallel"]} outs(%b : memref<38x45xbf16>) {
  ^bb0(%old: bf16):
    %h0 = arith.constant 5 : index
    %i0 = linalg.index 0 : index
    %f0 = arith.constant 8 : index
    %p0 = arith.muli %h0, %f0 : index
    %h1 = arith.addi %p0, %i0 : index
    %i1 = linalg.index 1 : index
    %f1 = arith.constant 10 : index
    %p1 = arith.muli %h1, %f1 : index
    %h2 = arith.addi %p1, %i1 : index
    %m = arith.constant 8 : index
    %r = arith.remui %h2, %m : index
    %c = arith.index_cast %r : index to i32
    %w = arith.sitofp %c : i32 to f32
    %v = arith.truncf %w : f32 to bf16
    linalg.yield %v : bf16
  }
  %product = memref.alloc() : memref<13x5x45xf32>
  linalg.fill ins(%zero : f32) outs(%product : memref<13x5x45xf32>)
  linalg.generic {
      indexing_maps = [affine_map<(b, t, o, i) -> (b, t, i)>, affine_map<(b, t, o, i) -> (i, o)>, affine_map<(b, t, o, i) -> (b, t, o)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<13x5x38xbf16>, memref<38x45xbf16>) outs(%product : memref<13x5x45xf32>) {
  ^bb0(%x: bf16, %y: bf16, %o: f32):
    %xw = arith.extf %x : bf16 to f32
    %yw = arith.extf %y : bf16 to f32
    %m = arith.mulf %xw, %yw : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  }
  %reference = memref.alloc() : memref<13x5x45xf32>
  linalg.fill ins(%zero : f32) outs(%reference : memref<13x5x45xf32>)
  linalg.generic {
      indexing_maps = [affine_map<(b, t, o, i) -> (b, t, i)>, affine_map<(b, t, o, i) -> (i, o)>, affine_map<(b, t, o, i) -> (b, t, o)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<13x5x38xbf16>, memref<38x45xbf16>) outs(%reference : memref<13x5x45xf32>) {
  ^bb0(%x: bf16, %y: bf16, %o: f32):
    %xw = arith.extf %x : bf16 to f32
    %yw = arith.extf %y : bf16 to f32
    %g = arith.negf %xw : f32
    %m = arith.mulf %g, %yw : f32
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

// A depth that does not come in pairs.
func.func @odd_depth() -> i32 {
  %zero = arith.constant 0.0 : f32
  %a = memref.alloc() : memref<13x37xbf16>
  linalg.generic {indexing_maps = [affine_map<(m, k) -> (m, k)>], iterator_types = ["parallel", "parallel"]} outs(%a : memref<13x37xbf16>) {
  ^bb0(%old: bf16):
    %h0 = arith.constant 3 : index
    %i0 = linalg.index 0 : index
    %f0 = arith.constant 6 : index
    %p0 = arith.muli %h0, %f0 : index
    %h1 = arith.addi %p0, %i0 : index
    %i1 = linalg.index 1 : index
    %f1 = arith.constant 8 : index
    %p1 = arith.muli %h1, %f1 : index
    %h2 = arith.addi %p1, %i1 : index
    %m = arith.constant 8 : index
    %r = arith.remui %h2, %m : index
    %c = arith.index_cast %r : index to i32
    %w = arith.sitofp %c : i32 to f32
    %v = arith.truncf %w : f32 to bf16
    linalg.yield %v : bf16
  }
  %b = memref.alloc() : memref<37x45xbf16>
  linalg.generic {indexing_maps = [affine_map<(k, n) -> (k, n)>], iterator_types = ["parallel", "parallel"]} outs(%b : memref<37x45xbf16>) {
  ^bb0(%old: bf16):
    %h0 = arith.constant 5 : index
    %i0 = linalg.index 0 : index
    %f0 = arith.constant 8 : index
    %p0 = arith.muli %h0, %f0 : index
    %h1 = arith.addi %p0, %i0 : index
    %i1 = linalg.index 1 : index
    %f1 = arith.constant 10 : index
    %p1 = arith.muli %h1, %f1 : index
    %h2 = arith.addi %p1, %i1 : index
    %m = arith.constant 8 : index
    %r = arith.remui %h2, %m : index
    %c = arith.index_cast %r : index to i32
    %w = arith.sitofp %c : i32 to f32
    %v = arith.truncf %w : f32 to bf16
    linalg.yield %v : bf16
  }
  %product = memref.alloc() : memref<13x45xf32>
  linalg.fill ins(%zero : f32) outs(%product : memref<13x45xf32>)
  linalg.generic {
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<13x37xbf16>, memref<37x45xbf16>) outs(%product : memref<13x45xf32>) {
  ^bb0(%x: bf16, %y: bf16, %o: f32):
    %xw = arith.extf %x : bf16 to f32
    %yw = arith.extf %y : bf16 to f32
    %m = arith.mulf %xw, %yw : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  }
  %reference = memref.alloc() : memref<13x45xf32>
  linalg.fill ins(%zero : f32) outs(%reference : memref<13x45xf32>)
  linalg.generic {
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<13x37xbf16>, memref<37x45xbf16>) outs(%reference : memref<13x45xf32>) {
  ^bb0(%x: bf16, %y: bf16, %o: f32):
    %xw = arith.extf %x : bf16 to f32
    %yw = arith.extf %y : bf16 to f32
    %g = arith.negf %xw : f32
    %m = arith.mulf %g, %yw : f32
    %s = arith.subf %o, %m : f32
    linalg.yield %s : f32
  }
  %wrong = memref.alloc() : memref<i32>
  %none = arith.constant 0 : i32
  memref.store %none, %wrong[] : memref<i32>
  linalg.generic {
      indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> ()>],
      iterator_types = ["reduction", "reduction"]}
      ins(%product, %reference : memref<13x45xf32>, memref<13x45xf32>) outs(%wrong : memref<i32>) {
  ^bb0(%p: f32, %r: f32, %count: i32):
    %differs = arith.cmpf une, %p, %r : f32
    %one = arith.extui %differs : i1 to i32
    %sum = arith.addi %count, %one : i32
    linalg.yield %sum : i32
  }
  %result = memref.load %wrong[] : memref<i32>
  return %result : i32
}

// Rows side by side, as in gradients of weights.
func.func @transposed_left() -> i32 {
  %zero = arith.constant 0.0 : f32
  %a = memref.alloc() : memref<60x29xbf16>
  linalg.generic {indexing_maps = [affine_map<(k, m) -> (k, m)>], iterator_types = ["parallel", "parallel"]} outs(%a : memref<60x29xbf16>) {
  ^bb0(%old: bf16):
    %h0 = arith.constant 3 : index
    %i0 = linalg.index 0 : index
    %f0 = arith.constant 6 : index
    %p0 = arith.muli %h0, %f0 : index
    %h1 = arith.addi %p0, %i0 : index
    %i1 = linalg.index 1 : index
    %f1 = arith.constant 8 : index
    %p1 = arith.muli %h1, %f1 : index
    %h2 = arith.addi %p1, %i1 : index
    %m = arith.constant 8 : index
    %r = arith.remui %h2, %m : index
    %c = arith.index_cast %r : index to i32
    %w = arith.sitofp %c : i32 to f32
    %v = arith.truncf %w : f32 to bf16
    linalg.yield %v : bf16
  }
  %b = memref.alloc() : memref<60x35xbf16>
  linalg.generic {indexing_maps = [affine_map<(k, n) -> (k, n)>], iterator_types = ["parallel", "parallel"]} outs(%b : memref<60x35xbf16>) {
  ^bb0(%old: bf16):
    %h0 = arith.constant 5 : index
    %i0 = linalg.index 0 : index
    %f0 = arith.constant 8 : index
    %p0 = arith.muli %h0, %f0 : index
    %h1 = arith.addi %p0, %i0 : index
    %i1 = linalg.index 1 : index
    %f1 = arith.constant 10 : index
    %p1 = arith.muli %h1, %f1 : index
    %h2 = arith.addi %p1, %i1 : index
    %m = arith.constant 8 : index
    %r = arith.remui %h2, %m : index
    %c = arith.index_cast %r : index to i32
    %w = arith.sitofp %c : i32 to f32
    %v = arith.truncf %w : f32 to bf16
    linalg.yield %v : bf16
  }
  %product = memref.alloc() : memref<29x35xf32>
  linalg.fill ins(%zero : f32) outs(%product : memref<29x35xf32>)
  linalg.generic {
      indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<60x29xbf16>, memref<60x35xbf16>) outs(%product : memref<29x35xf32>) {
  ^bb0(%x: bf16, %y: bf16, %o: f32):
    %xw = arith.extf %x : bf16 to f32
    %yw = arith.extf %y : bf16 to f32
    %m = arith.mulf %xw, %yw : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  }
  %reference = memref.alloc() : memref<29x35xf32>
  linalg.fill ins(%zero : f32) outs(%reference : memref<29x35xf32>)
  linalg.generic {
      indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<60x29xbf16>, memref<60x35xbf16>) outs(%reference : memref<29x35xf32>) {
  ^bb0(%x: bf16, %y: bf16, %o: f32):
    %xw = arith.extf %x : bf16 to f32
    %yw = arith.extf %y : bf16 to f32
    %g = arith.negf %xw : f32
    %m = arith.mulf %g, %yw : f32
    %s = arith.subf %o, %m : f32
    linalg.yield %s : f32
  }
  %wrong = memref.alloc() : memref<i32>
  %none = arith.constant 0 : i32
  memref.store %none, %wrong[] : memref<i32>
  linalg.generic {
      indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> ()>],
      iterator_types = ["reduction", "reduction"]}
      ins(%product, %reference : memref<29x35xf32>, memref<29x35xf32>) outs(%wrong : memref<i32>) {
  ^bb0(%p: f32, %r: f32, %count: i32):
    %differs = arith.cmpf une, %p, %r : f32
    %one = arith.extui %differs : i1 to i32
    %sum = arith.addi %count, %one : i32
    linalg.yield %sum : i32
  }
  %result = memref.load %wrong[] : memref<i32>
  return %result : i32
}

// Rows side by side in each group.
func.func @gradient_per_group() -> i32 {
  %zero = arith.constant 0.0 : f32
  %a = memref.alloc() : memref<60x3x29xbf16>
  linalg.generic {indexing_maps = [affine_map<(k, g, m) -> (k, g, m)>], iterator_types = ["parallel", "parallel", "parallel"]} outs(%a : memref<60x3x29xbf16>) {
  ^bb0(%old: bf16):
    %h0 = arith.constant 3 : index
    %i0 = linalg.index 0 : index
    %f0 = arith.constant 6 : index
    %p0 = arith.muli %h0, %f0 : index
    %h1 = arith.addi %p0, %i0 : index
    %i1 = linalg.index 1 : index
    %f1 = arith.constant 8 : index
    %p1 = arith.muli %h1, %f1 : index
    %h2 = arith.addi %p1, %i1 : index
    %i2 = linalg.index 2 : index
    %f2 = arith.constant 10 : index
    %p2 = arith.muli %h2, %f2 : index
    %h3 = arith.addi %p2, %i2 : index
    %m = arith.constant 8 : index
    %r = arith.remui %h3, %m : index
    %c = arith.index_cast %r : index to i32
    %w = arith.sitofp %c : i32 to f32
    %v = arith.truncf %w : f32 to bf16
    linalg.yield %v : bf16
  }
  %b = memref.alloc() : memref<60x3x35xbf16>
  linalg.generic {indexing_maps = [affine_map<(k, g, n) -> (k, g, n)>], iterator_types = ["parallel", "parallel", "parallel"]} outs(%b : memref<60x3x35xbf16>) {
  ^bb0(%old: bf16):
    %h0 = arith.constant 5 : index
    %i0 = linalg.index 0 : index
    %f0 = arith.constant 8 : index
    %p0 = arith.muli %h0, %f0 : index
    %h1 = arith.addi %p0, %i0 : index
    %i1 = linalg.index 1 : index
    %f1 = arith.constant 10 : index
    %p1 = arith.muli %h1, %f1 : index
    %h2 = arith.addi %p1, %i1 : index
    %i2 = linalg.index 2 : index
    %f2 = arith.constant 12 : index
    %p2 = arith.muli %h2, %f2 : index
    %h3 = arith.addi %p2, %i2 : index
    %m = arith.constant 8 : index
    %r = arith.remui %h3, %m : index
    %c = arith.index_cast %r : index to i32
    %w = arith.sitofp %c : i32 to f32
    %v = arith.truncf %w : f32 to bf16
    linalg.yield %v : bf16
  }
  %product = memref.alloc() : memref<3x29x35xf32>
  linalg.fill ins(%zero : f32) outs(%product : memref<3x29x35xf32>)
  linalg.generic {
      indexing_maps = [affine_map<(g, m, n, k) -> (k, g, m)>, affine_map<(g, m, n, k) -> (k, g, n)>, affine_map<(g, m, n, k) -> (g, m, n)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<60x3x29xbf16>, memref<60x3x35xbf16>) outs(%product : memref<3x29x35xf32>) {
  ^bb0(%x: bf16, %y: bf16, %o: f32):
    %xw = arith.extf %x : bf16 to f32
    %yw = arith.extf %y : bf16 to f32
    %m = arith.mulf %xw, %yw : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  }
  %reference = memref.alloc() : memref<3x29x35xf32>
  linalg.fill ins(%zero : f32) outs(%reference : memref<3x29x35xf32>)
  linalg.generic {
      indexing_maps = [affine_map<(g, m, n, k) -> (k, g, m)>, affine_map<(g, m, n, k) -> (k, g, n)>, affine_map<(g, m, n, k) -> (g, m, n)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<60x3x29xbf16>, memref<60x3x35xbf16>) outs(%reference : memref<3x29x35xf32>) {
  ^bb0(%x: bf16, %y: bf16, %o: f32):
    %xw = arith.extf %x : bf16 to f32
    %yw = arith.extf %y : bf16 to f32
    %g = arith.negf %xw : f32
    %m = arith.mulf %g, %yw : f32
    %s = arith.subf %o, %m : f32
    linalg.yield %s : f32
  }
  %wrong = memref.alloc() : memref<i32>
  %none = arith.constant 0 : i32
  memref.store %none, %wrong[] : memref<i32>
  linalg.generic {
      indexing_maps = [affine_map<(g, m, n) -> (g, m, n)>, affine_map<(g, m, n) -> (g, m, n)>, affine_map<(g, m, n) -> ()>],
      iterator_types = ["reduction", "reduction", "reduction"]}
      ins(%product, %reference : memref<3x29x35xf32>, memref<3x29x35xf32>) outs(%wrong : memref<i32>) {
  ^bb0(%p: f32, %r: f32, %count: i32):
    %differs = arith.cmpf une, %p, %r : f32
    %one = arith.extui %differs : i1 to i32
    %sum = arith.addi %count, %one : i32
    linalg.yield %sum : i32
  }
  %result = memref.load %wrong[] : memref<i32>
  return %result : i32
}

// Depth side by side on the right, as where errors go back.
func.func @transposed_right() -> i32 {
  %zero = arith.constant 0.0 : f32
  %a = memref.alloc() : memref<50x70xbf16>
  linalg.generic {indexing_maps = [affine_map<(m, k) -> (m, k)>], iterator_types = ["parallel", "parallel"]} outs(%a : memref<50x70xbf16>) {
  ^bb0(%old: bf16):
    %h0 = arith.constant 3 : index
    %i0 = linalg.index 0 : index
    %f0 = arith.constant 6 : index
    %p0 = arith.muli %h0, %f0 : index
    %h1 = arith.addi %p0, %i0 : index
    %i1 = linalg.index 1 : index
    %f1 = arith.constant 8 : index
    %p1 = arith.muli %h1, %f1 : index
    %h2 = arith.addi %p1, %i1 : index
    %m = arith.constant 8 : index
    %r = arith.remui %h2, %m : index
    %c = arith.index_cast %r : index to i32
    %w = arith.sitofp %c : i32 to f32
    %v = arith.truncf %w : f32 to bf16
    linalg.yield %v : bf16
  }
  %b = memref.alloc() : memref<33x70xbf16>
  linalg.generic {indexing_maps = [affine_map<(n, k) -> (n, k)>], iterator_types = ["parallel", "parallel"]} outs(%b : memref<33x70xbf16>) {
  ^bb0(%old: bf16):
    %h0 = arith.constant 5 : index
    %i0 = linalg.index 0 : index
    %f0 = arith.constant 8 : index
    %p0 = arith.muli %h0, %f0 : index
    %h1 = arith.addi %p0, %i0 : index
    %i1 = linalg.index 1 : index
    %f1 = arith.constant 10 : index
    %p1 = arith.muli %h1, %f1 : index
    %h2 = arith.addi %p1, %i1 : index
    %m = arith.constant 8 : index
    %r = arith.remui %h2, %m : index
    %c = arith.index_cast %r : index to i32
    %w = arith.sitofp %c : i32 to f32
    %v = arith.truncf %w : f32 to bf16
    linalg.yield %v : bf16
  }
  %product = memref.alloc() : memref<50x33xf32>
  linalg.fill ins(%zero : f32) outs(%product : memref<50x33xf32>)
  linalg.generic {
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<50x70xbf16>, memref<33x70xbf16>) outs(%product : memref<50x33xf32>) {
  ^bb0(%x: bf16, %y: bf16, %o: f32):
    %xw = arith.extf %x : bf16 to f32
    %yw = arith.extf %y : bf16 to f32
    %m = arith.mulf %xw, %yw : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  }
  %reference = memref.alloc() : memref<50x33xf32>
  linalg.fill ins(%zero : f32) outs(%reference : memref<50x33xf32>)
  linalg.generic {
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<50x70xbf16>, memref<33x70xbf16>) outs(%reference : memref<50x33xf32>) {
  ^bb0(%x: bf16, %y: bf16, %o: f32):
    %xw = arith.extf %x : bf16 to f32
    %yw = arith.extf %y : bf16 to f32
    %g = arith.negf %xw : f32
    %m = arith.mulf %g, %yw : f32
    %s = arith.subf %o, %m : f32
    linalg.yield %s : f32
  }
  %wrong = memref.alloc() : memref<i32>
  %none = arith.constant 0 : i32
  memref.store %none, %wrong[] : memref<i32>
  linalg.generic {
      indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> ()>],
      iterator_types = ["reduction", "reduction"]}
      ins(%product, %reference : memref<50x33xf32>, memref<50x33xf32>) outs(%wrong : memref<i32>) {
  ^bb0(%p: f32, %r: f32, %count: i32):
    %differs = arith.cmpf une, %p, %r : f32
    %one = arith.extui %differs : i1 to i32
    %sum = arith.addi %count, %one : i32
    linalg.yield %sum : i32
  }
  %result = memref.load %wrong[] : memref<i32>
  return %result : i32
}

// Groups inside of rows.
func.func @groups() -> i32 {
  %zero = arith.constant 0.0 : f32
  %a = memref.alloc() : memref<25x3x34xbf16>
  linalg.generic {indexing_maps = [affine_map<(m, g, k) -> (m, g, k)>], iterator_types = ["parallel", "parallel", "parallel"]} outs(%a : memref<25x3x34xbf16>) {
  ^bb0(%old: bf16):
    %h0 = arith.constant 3 : index
    %i0 = linalg.index 0 : index
    %f0 = arith.constant 6 : index
    %p0 = arith.muli %h0, %f0 : index
    %h1 = arith.addi %p0, %i0 : index
    %i1 = linalg.index 1 : index
    %f1 = arith.constant 8 : index
    %p1 = arith.muli %h1, %f1 : index
    %h2 = arith.addi %p1, %i1 : index
    %i2 = linalg.index 2 : index
    %f2 = arith.constant 10 : index
    %p2 = arith.muli %h2, %f2 : index
    %h3 = arith.addi %p2, %i2 : index
    %m = arith.constant 8 : index
    %r = arith.remui %h3, %m : index
    %c = arith.index_cast %r : index to i32
    %w = arith.sitofp %c : i32 to f32
    %v = arith.truncf %w : f32 to bf16
    linalg.yield %v : bf16
  }
  %b = memref.alloc() : memref<3x34x18xbf16>
  linalg.generic {indexing_maps = [affine_map<(g, k, n) -> (g, k, n)>], iterator_types = ["parallel", "parallel", "parallel"]} outs(%b : memref<3x34x18xbf16>) {
  ^bb0(%old: bf16):
    %h0 = arith.constant 5 : index
    %i0 = linalg.index 0 : index
    %f0 = arith.constant 8 : index
    %p0 = arith.muli %h0, %f0 : index
    %h1 = arith.addi %p0, %i0 : index
    %i1 = linalg.index 1 : index
    %f1 = arith.constant 10 : index
    %p1 = arith.muli %h1, %f1 : index
    %h2 = arith.addi %p1, %i1 : index
    %i2 = linalg.index 2 : index
    %f2 = arith.constant 12 : index
    %p2 = arith.muli %h2, %f2 : index
    %h3 = arith.addi %p2, %i2 : index
    %m = arith.constant 8 : index
    %r = arith.remui %h3, %m : index
    %c = arith.index_cast %r : index to i32
    %w = arith.sitofp %c : i32 to f32
    %v = arith.truncf %w : f32 to bf16
    linalg.yield %v : bf16
  }
  %product = memref.alloc() : memref<25x3x18xf32>
  linalg.fill ins(%zero : f32) outs(%product : memref<25x3x18xf32>)
  linalg.generic {
      indexing_maps = [affine_map<(m, g, n, k) -> (m, g, k)>, affine_map<(m, g, n, k) -> (g, k, n)>, affine_map<(m, g, n, k) -> (m, g, n)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<25x3x34xbf16>, memref<3x34x18xbf16>) outs(%product : memref<25x3x18xf32>) {
  ^bb0(%x: bf16, %y: bf16, %o: f32):
    %xw = arith.extf %x : bf16 to f32
    %yw = arith.extf %y : bf16 to f32
    %m = arith.mulf %xw, %yw : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  }
  %reference = memref.alloc() : memref<25x3x18xf32>
  linalg.fill ins(%zero : f32) outs(%reference : memref<25x3x18xf32>)
  linalg.generic {
      indexing_maps = [affine_map<(m, g, n, k) -> (m, g, k)>, affine_map<(m, g, n, k) -> (g, k, n)>, affine_map<(m, g, n, k) -> (m, g, n)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<25x3x34xbf16>, memref<3x34x18xbf16>) outs(%reference : memref<25x3x18xf32>) {
  ^bb0(%x: bf16, %y: bf16, %o: f32):
    %xw = arith.extf %x : bf16 to f32
    %yw = arith.extf %y : bf16 to f32
    %g = arith.negf %xw : f32
    %m = arith.mulf %g, %yw : f32
    %s = arith.subf %o, %m : f32
    linalg.yield %s : f32
  }
  %wrong = memref.alloc() : memref<i32>
  %none = arith.constant 0 : i32
  memref.store %none, %wrong[] : memref<i32>
  linalg.generic {
      indexing_maps = [affine_map<(m, g, n) -> (m, g, n)>, affine_map<(m, g, n) -> (m, g, n)>, affine_map<(m, g, n) -> ()>],
      iterator_types = ["reduction", "reduction", "reduction"]}
      ins(%product, %reference : memref<25x3x18xf32>, memref<25x3x18xf32>) outs(%wrong : memref<i32>) {
  ^bb0(%p: f32, %r: f32, %count: i32):
    %differs = arith.cmpf une, %p, %r : f32
    %one = arith.extui %differs : i1 to i32
    %sum = arith.addi %count, %one : i32
    linalg.yield %sum : i32
  }
  %result = memref.load %wrong[] : memref<i32>
  return %result : i32
}

// Nothing side by side.
func.func @apart() -> i32 {
  %zero = arith.constant 0.0 : f32
  %a = memref.alloc() : memref<18x21x2xbf16>
  linalg.generic {indexing_maps = [affine_map<(k, m, h) -> (k, m, h)>], iterator_types = ["parallel", "parallel", "parallel"]} outs(%a : memref<18x21x2xbf16>) {
  ^bb0(%old: bf16):
    %h0 = arith.constant 3 : index
    %i0 = linalg.index 0 : index
    %f0 = arith.constant 6 : index
    %p0 = arith.muli %h0, %f0 : index
    %h1 = arith.addi %p0, %i0 : index
    %i1 = linalg.index 1 : index
    %f1 = arith.constant 8 : index
    %p1 = arith.muli %h1, %f1 : index
    %h2 = arith.addi %p1, %i1 : index
    %i2 = linalg.index 2 : index
    %f2 = arith.constant 10 : index
    %p2 = arith.muli %h2, %f2 : index
    %h3 = arith.addi %p2, %i2 : index
    %m = arith.constant 8 : index
    %r = arith.remui %h3, %m : index
    %c = arith.index_cast %r : index to i32
    %w = arith.sitofp %c : i32 to f32
    %v = arith.truncf %w : f32 to bf16
    linalg.yield %v : bf16
  }
  %b = memref.alloc() : memref<2x18x17x2xbf16>
  linalg.generic {indexing_maps = [affine_map<(h, k, n, x) -> (h, k, n, x)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} outs(%b : memref<2x18x17x2xbf16>) {
  ^bb0(%old: bf16):
    %h0 = arith.constant 5 : index
    %i0 = linalg.index 0 : index
    %f0 = arith.constant 8 : index
    %p0 = arith.muli %h0, %f0 : index
    %h1 = arith.addi %p0, %i0 : index
    %i1 = linalg.index 1 : index
    %f1 = arith.constant 10 : index
    %p1 = arith.muli %h1, %f1 : index
    %h2 = arith.addi %p1, %i1 : index
    %i2 = linalg.index 2 : index
    %f2 = arith.constant 12 : index
    %p2 = arith.muli %h2, %f2 : index
    %h3 = arith.addi %p2, %i2 : index
    %i3 = linalg.index 3 : index
    %f3 = arith.constant 14 : index
    %p3 = arith.muli %h3, %f3 : index
    %h4 = arith.addi %p3, %i3 : index
    %m = arith.constant 8 : index
    %r = arith.remui %h4, %m : index
    %c = arith.index_cast %r : index to i32
    %w = arith.sitofp %c : i32 to f32
    %v = arith.truncf %w : f32 to bf16
    linalg.yield %v : bf16
  }
  %view = memref.subview %b[0, 0, 0, 0] [2, 18, 17, 1] [1, 1, 1, 1] : memref<2x18x17x2xbf16> to memref<2x18x17xbf16, strided<[612, 34, 2]>>
  %product = memref.alloc() : memref<21x2x17xf32>
  linalg.fill ins(%zero : f32) outs(%product : memref<21x2x17xf32>)
  linalg.generic {
      indexing_maps = [affine_map<(m, h, n, k) -> (k, m, h)>, affine_map<(m, h, n, k) -> (h, k, n)>, affine_map<(m, h, n, k) -> (m, h, n)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%a, %view : memref<18x21x2xbf16>, memref<2x18x17xbf16, strided<[612, 34, 2]>>) outs(%product : memref<21x2x17xf32>) {
  ^bb0(%x: bf16, %y: bf16, %o: f32):
    %xw = arith.extf %x : bf16 to f32
    %yw = arith.extf %y : bf16 to f32
    %m = arith.mulf %xw, %yw : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  }
  %reference = memref.alloc() : memref<21x2x17xf32>
  linalg.fill ins(%zero : f32) outs(%reference : memref<21x2x17xf32>)
  linalg.generic {
      indexing_maps = [affine_map<(m, h, n, k) -> (k, m, h)>, affine_map<(m, h, n, k) -> (h, k, n)>, affine_map<(m, h, n, k) -> (m, h, n)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%a, %view : memref<18x21x2xbf16>, memref<2x18x17xbf16, strided<[612, 34, 2]>>) outs(%reference : memref<21x2x17xf32>) {
  ^bb0(%x: bf16, %y: bf16, %o: f32):
    %xw = arith.extf %x : bf16 to f32
    %yw = arith.extf %y : bf16 to f32
    %g = arith.negf %xw : f32
    %m = arith.mulf %g, %yw : f32
    %s = arith.subf %o, %m : f32
    linalg.yield %s : f32
  }
  %wrong = memref.alloc() : memref<i32>
  %none = arith.constant 0 : i32
  memref.store %none, %wrong[] : memref<i32>
  linalg.generic {
      indexing_maps = [affine_map<(m, h, n) -> (m, h, n)>, affine_map<(m, h, n) -> (m, h, n)>, affine_map<(m, h, n) -> ()>],
      iterator_types = ["reduction", "reduction", "reduction"]}
      ins(%product, %reference : memref<21x2x17xf32>, memref<21x2x17xf32>) outs(%wrong : memref<i32>) {
  ^bb0(%p: f32, %r: f32, %count: i32):
    %differs = arith.cmpf une, %p, %r : f32
    %one = arith.extui %differs : i1 to i32
    %sum = arith.addi %count, %one : i32
    linalg.yield %sum : i32
  }
  %result = memref.load %wrong[] : memref<i32>
  return %result : i32
}

// Fewer rows than a tile has.
func.func @few_rows() -> i32 {
  %zero = arith.constant 0.0 : f32
  %a = memref.alloc() : memref<3x64xbf16>
  linalg.generic {indexing_maps = [affine_map<(m, k) -> (m, k)>], iterator_types = ["parallel", "parallel"]} outs(%a : memref<3x64xbf16>) {
  ^bb0(%old: bf16):
    %h0 = arith.constant 3 : index
    %i0 = linalg.index 0 : index
    %f0 = arith.constant 6 : index
    %p0 = arith.muli %h0, %f0 : index
    %h1 = arith.addi %p0, %i0 : index
    %i1 = linalg.index 1 : index
    %f1 = arith.constant 8 : index
    %p1 = arith.muli %h1, %f1 : index
    %h2 = arith.addi %p1, %i1 : index
    %m = arith.constant 8 : index
    %r = arith.remui %h2, %m : index
    %c = arith.index_cast %r : index to i32
    %w = arith.sitofp %c : i32 to f32
    %v = arith.truncf %w : f32 to bf16
    linalg.yield %v : bf16
  }
  %b = memref.alloc() : memref<64x128xbf16>
  linalg.generic {indexing_maps = [affine_map<(k, n) -> (k, n)>], iterator_types = ["parallel", "parallel"]} outs(%b : memref<64x128xbf16>) {
  ^bb0(%old: bf16):
    %h0 = arith.constant 5 : index
    %i0 = linalg.index 0 : index
    %f0 = arith.constant 8 : index
    %p0 = arith.muli %h0, %f0 : index
    %h1 = arith.addi %p0, %i0 : index
    %i1 = linalg.index 1 : index
    %f1 = arith.constant 10 : index
    %p1 = arith.muli %h1, %f1 : index
    %h2 = arith.addi %p1, %i1 : index
    %m = arith.constant 8 : index
    %r = arith.remui %h2, %m : index
    %c = arith.index_cast %r : index to i32
    %w = arith.sitofp %c : i32 to f32
    %v = arith.truncf %w : f32 to bf16
    linalg.yield %v : bf16
  }
  %product = memref.alloc() : memref<3x128xf32>
  linalg.fill ins(%zero : f32) outs(%product : memref<3x128xf32>)
  linalg.generic {
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<3x64xbf16>, memref<64x128xbf16>) outs(%product : memref<3x128xf32>) {
  ^bb0(%x: bf16, %y: bf16, %o: f32):
    %xw = arith.extf %x : bf16 to f32
    %yw = arith.extf %y : bf16 to f32
    %m = arith.mulf %xw, %yw : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  }
  %reference = memref.alloc() : memref<3x128xf32>
  linalg.fill ins(%zero : f32) outs(%reference : memref<3x128xf32>)
  linalg.generic {
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<3x64xbf16>, memref<64x128xbf16>) outs(%reference : memref<3x128xf32>) {
  ^bb0(%x: bf16, %y: bf16, %o: f32):
    %xw = arith.extf %x : bf16 to f32
    %yw = arith.extf %y : bf16 to f32
    %g = arith.negf %xw : f32
    %m = arith.mulf %g, %yw : f32
    %s = arith.subf %o, %m : f32
    linalg.yield %s : f32
  }
  %wrong = memref.alloc() : memref<i32>
  %none = arith.constant 0 : i32
  memref.store %none, %wrong[] : memref<i32>
  linalg.generic {
      indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> ()>],
      iterator_types = ["reduction", "reduction"]}
      ins(%product, %reference : memref<3x128xf32>, memref<3x128xf32>) outs(%wrong : memref<i32>) {
  ^bb0(%p: f32, %r: f32, %count: i32):
    %differs = arith.cmpf une, %p, %r : f32
    %one = arith.extui %differs : i1 to i32
    %sum = arith.addi %count, %one : i32
    linalg.yield %sum : i32
  }
  %result = memref.load %wrong[] : memref<i32>
  return %result : i32
}

// Columns of C apart.
func.func @columns_apart() -> i32 {
  %zero = arith.constant 0.0 : f32
  %a = memref.alloc() : memref<21x10xbf16>
  linalg.generic {indexing_maps = [affine_map<(m, k) -> (m, k)>], iterator_types = ["parallel", "parallel"]} outs(%a : memref<21x10xbf16>) {
  ^bb0(%old: bf16):
    %h0 = arith.constant 3 : index
    %i0 = linalg.index 0 : index
    %f0 = arith.constant 6 : index
    %p0 = arith.muli %h0, %f0 : index
    %h1 = arith.addi %p0, %i0 : index
    %i1 = linalg.index 1 : index
    %f1 = arith.constant 8 : index
    %p1 = arith.muli %h1, %f1 : index
    %h2 = arith.addi %p1, %i1 : index
    %m = arith.constant 8 : index
    %r = arith.remui %h2, %m : index
    %c = arith.index_cast %r : index to i32
    %w = arith.sitofp %c : i32 to f32
    %v = arith.truncf %w : f32 to bf16
    linalg.yield %v : bf16
  }
  %b = memref.alloc() : memref<10x17xbf16>
  linalg.generic {indexing_maps = [affine_map<(k, n) -> (k, n)>], iterator_types = ["parallel", "parallel"]} outs(%b : memref<10x17xbf16>) {
  ^bb0(%old: bf16):
    %h0 = arith.constant 5 : index
    %i0 = linalg.index 0 : index
    %f0 = arith.constant 8 : index
    %p0 = arith.muli %h0, %f0 : index
    %h1 = arith.addi %p0, %i0 : index
    %i1 = linalg.index 1 : index
    %f1 = arith.constant 10 : index
    %p1 = arith.muli %h1, %f1 : index
    %h2 = arith.addi %p1, %i1 : index
    %m = arith.constant 8 : index
    %r = arith.remui %h2, %m : index
    %c = arith.index_cast %r : index to i32
    %w = arith.sitofp %c : i32 to f32
    %v = arith.truncf %w : f32 to bf16
    linalg.yield %v : bf16
  }
  %product = memref.alloc() : memref<17x21xf32>
  linalg.fill ins(%zero : f32) outs(%product : memref<17x21xf32>)
  linalg.generic {
      indexing_maps = [affine_map<(n, m, k) -> (m, k)>, affine_map<(n, m, k) -> (k, n)>, affine_map<(n, m, k) -> (n, m)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<21x10xbf16>, memref<10x17xbf16>) outs(%product : memref<17x21xf32>) {
  ^bb0(%x: bf16, %y: bf16, %o: f32):
    %xw = arith.extf %x : bf16 to f32
    %yw = arith.extf %y : bf16 to f32
    %m = arith.mulf %xw, %yw : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  }
  %reference = memref.alloc() : memref<17x21xf32>
  linalg.fill ins(%zero : f32) outs(%reference : memref<17x21xf32>)
  linalg.generic {
      indexing_maps = [affine_map<(n, m, k) -> (m, k)>, affine_map<(n, m, k) -> (k, n)>, affine_map<(n, m, k) -> (n, m)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<21x10xbf16>, memref<10x17xbf16>) outs(%reference : memref<17x21xf32>) {
  ^bb0(%x: bf16, %y: bf16, %o: f32):
    %xw = arith.extf %x : bf16 to f32
    %yw = arith.extf %y : bf16 to f32
    %g = arith.negf %xw : f32
    %m = arith.mulf %g, %yw : f32
    %s = arith.subf %o, %m : f32
    linalg.yield %s : f32
  }
  %wrong = memref.alloc() : memref<i32>
  %none = arith.constant 0 : i32
  memref.store %none, %wrong[] : memref<i32>
  linalg.generic {
      indexing_maps = [affine_map<(n, m) -> (n, m)>, affine_map<(n, m) -> (n, m)>, affine_map<(n, m) -> ()>],
      iterator_types = ["reduction", "reduction"]}
      ins(%product, %reference : memref<17x21xf32>, memref<17x21xf32>) outs(%wrong : memref<i32>) {
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
  %t0 = arith.constant 0 : i32
  %r0 = call @rows_with_tails() : () -> i32
  %t1 = arith.addi %t0, %r0 : i32
  %r1 = call @odd_depth() : () -> i32
  %t2 = arith.addi %t1, %r1 : i32
  %r2 = call @transposed_left() : () -> i32
  %t3 = arith.addi %t2, %r2 : i32
  %r3 = call @transposed_right() : () -> i32
  %t4 = arith.addi %t3, %r3 : i32
  %r4 = call @groups() : () -> i32
  %t5 = arith.addi %t4, %r4 : i32
  %r5 = call @apart() : () -> i32
  %t6 = arith.addi %t5, %r5 : i32
  %r6 = call @few_rows() : () -> i32
  %t7 = arith.addi %t6, %r6 : i32
  %r7 = call @columns_apart() : () -> i32
  %t8 = arith.addi %t7, %r7 : i32
  %r8 = call @gradient_per_group() : () -> i32
  %t9 = arith.addi %t8, %r8 : i32
  return %t9 : i32
}
