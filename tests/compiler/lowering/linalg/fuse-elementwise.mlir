// RUN: %fg-opt %s --fg-lower-to-linalg --canonicalize --cse --fg-fuse-elementwise --split-input-file | FileCheck %s

// A perturbation that several need is made once.
// CHECK-LABEL: func.func @noise
// CHECK: %[[U:.*]] = linalg.generic
// CHECK: fg.noise
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[U]] :
// CHECK: arith.addf
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[U]] :
// CHECK: arith.mulf
// CHECK-NOT: fg.noise
// CHECK: return
fg.entry "noise" {
  %x = fg.read "x" role input : !fg.array<[batch = 4, c = 8], f32>
  %seed = fg.read "seed" role seed : !fg.array<[], i64>
  %step = fg.read "step" role step : !fg.array<[], i64>
  %u = fg.perturb %seed, %step site 7 law gaussian : !fg.array<[], i64> -> !fg.array<[batch = 4, c = 8], f32>
  %a = fg.add %x, %u : (!fg.array<[batch = 4, c = 8], f32>, !fg.array<[batch = 4, c = 8], f32>) -> !fg.array<[batch = 4, c = 8], f32>
  %b = fg.mul %x, %u : (!fg.array<[batch = 4, c = 8], f32>, !fg.array<[batch = 4, c = 8], f32>) -> !fg.array<[batch = 4, c = 8], f32>
  fg.write %a to "a" role output : !fg.array<[batch = 4, c = 8], f32>
  fg.write %b to "b" role output : !fg.array<[batch = 4, c = 8], f32>
}

// -----

// One that a single loop nest needs is made there; seed and step enter it once.
// CHECK-LABEL: func.func @square
// CHECK: linalg.generic
// CHECK-SAME: ins(%{{[0-9]+}}, %{{[0-9]+}} : tensor<i64>, tensor<i64>)
fg.entry "square" {
  %seed = fg.read "seed" role seed : !fg.array<[], i64>
  %step = fg.read "step" role step : !fg.array<[], i64>
  %u = fg.perturb %seed, %step site 7 law gaussian : !fg.array<[], i64> -> !fg.array<[batch = 4, c = 8], f32>
  %b = fg.mul %u, %u : (!fg.array<[batch = 4, c = 8], f32>, !fg.array<[batch = 4, c = 8], f32>) -> !fg.array<[batch = 4, c = 8], f32>
  fg.write %b to "b" role output : !fg.array<[batch = 4, c = 8], f32>
}

// -----

// A matrix product stays plain; a sum takes in what it sums.
// CHECK-LABEL: func.func @product
// CHECK: linalg.generic
// CHECK: arith.cmpf olt
// CHECK: linalg.generic
// CHECK-SAME: iterator_types = ["parallel", "parallel", "reduction"]
// CHECK-NEXT: ^bb0
// CHECK-NEXT: arith.mulf
// CHECK-NEXT: arith.addf
// CHECK-NEXT: linalg.yield
// CHECK: linalg.generic
// CHECK-SAME: iterator_types = ["reduction", "reduction"]
// CHECK: arith.mulf
// CHECK: arith.addf
// CHECK: return
fg.entry "product" {
  %x = fg.read "x" role input : !fg.array<[batch = 4, c = 8], f32>
  %w = fg.read "w" role parameter : !fg.array<[c = 8, d = 8], f32>
  %h = fg.relu %x site "s" : !fg.array<[batch = 4, c = 8], f32>
  %q = fg.contract %h "nc", %w "cd" -> "nd"
    : (!fg.array<[batch = 4, c = 8], f32>, !fg.array<[c = 8, d = 8], f32>) -> !fg.array<[batch = 4, d = 8], f32>
  %s = fg.mul %q, %q : (!fg.array<[batch = 4, d = 8], f32>, !fg.array<[batch = 4, d = 8], f32>) -> !fg.array<[batch = 4, d = 8], f32>
  %t = fg.sum %s over ["batch", "d"] : !fg.array<[batch = 4, d = 8], f32> -> !fg.array<[], f32>
  fg.write %t to "t" role output : !fg.array<[], f32>
}

// -----

// What is dear and smaller than its consumer is computed once.
// CHECK-LABEL: func.func @dear
// CHECK: math.exp
// CHECK: linalg.yield
// CHECK: linalg.generic
// CHECK-NOT: math.exp
// CHECK: arith.divf
fg.entry "dear" {
  %x = fg.read "x" role input : !fg.array<[batch = 4, c = 8], f32>
  %p = fg.softmax %x over "c" : !fg.array<[batch = 4, c = 8], f32>
  fg.write %p to "p" role output : !fg.array<[batch = 4, c = 8], f32>
}

// -----

// A depthwise convolution reads its windows in place; a dense one needs them written out, as a
// matrix.
// CHECK: #[[SLIDE:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1 + d3, d2)>
// CHECK-LABEL: func.func @depthwise
// CHECK: tensor.insert_slice
// CHECK: linalg.generic {indexing_maps = [#[[SLIDE]],
// CHECK-SAME: iterator_types = ["parallel", "parallel", "parallel", "reduction"]
// CHECK: arith.mulf
// CHECK-NOT: linalg.generic
// CHECK: return
fg.entry "depthwise" {
  %x = fg.read "x" role input : !fg.array<[batch = 4, width = 6, c = 8], f32>
  %w = fg.read "w" role parameter : !fg.array<[width = 3, c = 8], f32>
  %s = fg.windows %x over ["width"] into ["k"] strides [1] before [1]
    : !fg.array<[batch = 4, width = 6, c = 8], f32> -> !fg.array<[batch = 4, width = 6, k = 3, c = 8], f32>
  %q = fg.contract %s "nwkc", %w "kc" -> "nwc"
    : (!fg.array<[batch = 4, width = 6, k = 3, c = 8], f32>, !fg.array<[width = 3, c = 8], f32>)
      -> !fg.array<[batch = 4, width = 6, c = 8], f32>
  fg.write %q to "q" role output : !fg.array<[batch = 4, width = 6, c = 8], f32>
}

// -----

// CHECK-LABEL: func.func @dense
// CHECK: linalg.generic
// CHECK-SAME: iterator_types = ["parallel", "parallel", "parallel", "parallel"]
// CHECK: linalg.generic
// CHECK-SAME: iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction"]
// CHECK: arith.mulf
fg.entry "dense" {
  %x = fg.read "x" role input : !fg.array<[batch = 4, width = 6, c = 8], f32>
  %w = fg.read "w" role parameter : !fg.array<[width = 3, c = 8, d = 8], f32>
  %s = fg.windows %x over ["width"] into ["k"] strides [1] before [1]
    : !fg.array<[batch = 4, width = 6, c = 8], f32> -> !fg.array<[batch = 4, width = 6, k = 3, c = 8], f32>
  %q = fg.contract %s "nwkc", %w "kcd" -> "nwd"
    : (!fg.array<[batch = 4, width = 6, k = 3, c = 8], f32>, !fg.array<[width = 3, c = 8, d = 8], f32>)
      -> !fg.array<[batch = 4, width = 6, d = 8], f32>
  fg.write %q to "q" role output : !fg.array<[batch = 4, width = 6, d = 8], f32>
}
