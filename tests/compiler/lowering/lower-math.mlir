// RUN: %fg-opt --fg-lower-math %s | FileCheck %s
// RUN: %fg-opt --fg-lower-math=fma=false %s | FileCheck %s --check-prefix=NOFMA

// f32 becomes a polynomial and stays a vector.

// CHECK-LABEL: func.func @narrow
// CHECK-NOT:     math.tanh
// CHECK:         math.fma {{.*}} : vector<16xf32>
// CHECK-NOT:     call
// CHECK:         return
// NOFMA-LABEL: func.func @narrow
// NOFMA-NOT:     math.fma
// NOFMA:         arith.mulf {{.*}} fastmath<contract> : vector<16xf32>
// NOFMA:         arith.addf {{.*}} fastmath<contract> : vector<16xf32>
func.func @narrow(%x: vector<16xf32>) -> vector<16xf32> {
  %0 = math.tanh %x : vector<16xf32>
  return %0 : vector<16xf32>
}

// f64 waits for LLVM's intrinsics, and for libm where there are none.

// CHECK-LABEL: func.func @wide
// CHECK:         math.exp {{.*}} : f64
// CHECK:         call @log1p({{.*}}) : (f64) -> f64
func.func @wide(%x: f64) -> f64 {
  %0 = math.exp %x : f64
  %1 = math.log1p %0 : f64
  return %1 : f64
}

// CHECK-LABEL: func.func @vector
// CHECK-COUNT-2: call @expm1({{.*}}) : (f64) -> f64
func.func @vector(%x: vector<2xf64>) -> vector<2xf64> {
  %0 = math.expm1 %x : vector<2xf64>
  return %0 : vector<2xf64>
}
