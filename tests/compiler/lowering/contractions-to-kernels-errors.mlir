// RUN: not %fg-opt %s --fg-contractions-to-kernels=vector-bytes=24 2>&1 | FileCheck %s

// CHECK: error: a vector register cannot have 24 bytes: not a power of two
func.func @f() {
  return
}
