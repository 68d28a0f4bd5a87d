// RUN: %fg-opt --fg-lower-math %s | FileCheck %s
// RUN: %fg-opt --fg-lower-math=fma=false %s | FileCheck %s --check-prefix=NOFMA
// RUN: %fg-opt --fg-lower-math=rounds-to-bf16=true %s | FileCheck %s --check-prefix=ROUNDS

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

// An instruction rounds whole registers, where there is one; else, and for what
// is not a register, it is done on bits.

// CHECK-LABEL: func.func @round
// CHECK-NOT:     arith.truncf
// CHECK-NOT:     llvm.call_intrinsic
// ROUNDS-LABEL: func.func @round
// ROUNDS-SAME: %[[X:.*]]: vector<16xf32>, %[[Y:.*]]: vector<8xf32>, %{{.*}}: vector<4xf32>
// ROUNDS: %[[A:.*]] = llvm.call_intrinsic "llvm.x86.avx512bf16.cvtneps2bf16.512"(%[[X]]) : (vector<16xf32>) -> vector<16xbf16>
// ROUNDS: %[[BITS:.*]] = llvm.bitcast %[[A]] : vector<16xbf16> to vector<16xi16>
// ROUNDS: arith.bitcast %[[BITS]] : vector<16xi16> to vector<16xbf16>
// ROUNDS: llvm.call_intrinsic "llvm.x86.avx512bf16.cvtneps2bf16.256"(%[[Y]])
// ROUNDS-NOT: llvm.call_intrinsic
// ROUNDS: arith.trunci {{.*}} : vector<4xi32> to vector<4xi16>
func.func @round(%x: vector<16xf32>, %y: vector<8xf32>, %z: vector<4xf32>)
    -> (vector<16xbf16>, vector<8xbf16>, vector<4xbf16>) {
  %0 = arith.truncf %x : vector<16xf32> to vector<16xbf16>
  %1 = arith.truncf %y : vector<8xf32> to vector<8xbf16>
  %2 = arith.truncf %z : vector<4xf32> to vector<4xbf16>
  return %0, %1, %2 : vector<16xbf16>, vector<8xbf16>, vector<4xbf16>
}

// What bytes are divided by is multiplied by, and the rest of that added, where multiply-adds round
// once and all quotients come out as by a division.

// CHECK-LABEL: func.func @divide_bytes
// CHECK-SAME:    %[[BYTES:.*]]: vector<16xi8>
// CHECK-NOT:     arith.divf
// CHECK-DAG:     %[[X:.*]] = arith.uitofp %[[BYTES]]
// CHECK-DAG:     %[[R:.*]] = arith.constant dense<0.00392156862745098{{[0-9]*}}> : vector<16xf64>
// CHECK-DAG:     %[[C:.*]] = arith.constant dense<-2.550000e+02> : vector<16xf64>
// CHECK:         %[[Q:.*]] = arith.mulf %[[X]], %[[R]] : vector<16xf64>
// CHECK:         %[[REST:.*]] = math.fma %[[Q]], %[[C]], %[[X]] : vector<16xf64>
// CHECK:         %[[EXACT:.*]] = math.fma %[[REST]], %[[R]], %[[Q]] : vector<16xf64>
// CHECK:         return %[[EXACT]]
// NOFMA-LABEL: func.func @divide_bytes
// NOFMA:         arith.divf
func.func @divide_bytes(%bytes: vector<16xi8>) -> vector<16xf64> {
  %most = arith.constant 2.550000e+02 : f64
  %x = arith.uitofp %bytes : vector<16xi8> to vector<16xf64>
  %c = vector.broadcast %most : f64 to vector<16xf64>
  %0 = arith.divf %x, %c : vector<16xf64>
  return %0 : vector<16xf64>
}

// Not by what has no reciprocal, nor what is no byte.

// CHECK-LABEL: func.func @divide_others
// CHECK:         arith.divf
// CHECK:         arith.divf
func.func @divide_others(%byte: i8, %word: i16) -> (f32, f32) {
  %none = arith.constant 0.0 : f32
  %most = arith.constant 2.550000e+02 : f32
  %x = arith.uitofp %byte : i8 to f32
  %y = arith.uitofp %word : i16 to f32
  %0 = arith.divf %x, %none : f32
  %1 = arith.divf %y, %most : f32
  return %0, %1 : f32, f32
}
