// RUN: %fg-opt --fg-call-noise %s | FileCheck %s

// Sites share the function, another law or type has its own.

// CHECK-LABEL: func.func @draws
// CHECK-SAME:  (%[[SEED:.*]]: i64, %[[STEP:.*]]: i64, %[[SAMPLE:.*]]: index, %[[FIRST:.*]]: index)
// CHECK:       %[[SEVEN:.*]] = arith.constant 7 : i32
// CHECK:       call @draw_gaussian_16xf32(%[[SEED]], %[[STEP]], %[[SAMPLE]], %[[FIRST]], %[[SEVEN]])
// CHECK:       %[[EIGHT:.*]] = arith.constant 8 : i32
// CHECK:       %[[LAST:.*]]:4 = call @draw_gaussian_16xf32(%[[SEED]], %[[STEP]], %[[SAMPLE]], %[[FIRST]], %[[EIGHT]])
// CHECK:       call @draw_rademacher_16xf32(
// CHECK:       call @draw_gaussian_8xf64(
// CHECK:       return %[[LAST]]#1
func.func @draws(%seed: i64, %step: i64, %sample: index, %first: index) -> vector<16xf32> {
  %a:4 = fg.noise_block %seed, %step, %sample, %first site 7 law gaussian : vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>
  %b:4 = fg.noise_block %seed, %step, %sample, %first site 8 law gaussian : vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>
  %c:4 = fg.noise_block %seed, %step, %sample, %first site 8 law rademacher : vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>
  %d:8 = fg.noise_block %seed, %step, %sample, %first site 8 law gaussian : vector<8xf64>, vector<8xf64>, vector<8xf64>, vector<8xf64>, vector<8xf64>, vector<8xf64>, vector<8xf64>, vector<8xf64>
  return %b#1 : vector<16xf32>
}

// CHECK-NOT:   func.func
// CHECK-LABEL: func.func private @draw_gaussian_16xf32
// CHECK-SAME:  -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>) attributes {llvm.linkage = #llvm.linkage<internal>}
// CHECK:       math.sqrt
// CHECK-LABEL: func.func private @draw_rademacher_16xf32
// CHECK-NOT:   math.sqrt
// CHECK-LABEL: func.func private @draw_gaussian_8xf64
// CHECK-NOT:   func.func
