// RUN: %fg-opt %s | %fg-opt | FileCheck %s

// CHECK: fg.noise %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} site 7 law gaussian : f32

func.func @noise(%seed: i64, %step: i64, %sample: index, %element: index) -> f32 {
  %v = fg.noise %seed, %step, %sample, %element site 7 law gaussian : f32
  return %v : f32
}
