// RUN: %fg-opt %s | %fg-opt | FileCheck %s

// CHECK: fg.noise_block %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} site 7 law gaussian : vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>

func.func @noise(%seed: i64, %step: i64, %sample: index, %first: index) -> vector<16xf32> {
  %v:4 = fg.noise_block %seed, %step, %sample, %first site 7 law gaussian : vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>
  return %v#1 : vector<16xf32>
}
