//===- Tensor.h - Arrays of the f64 reference -----------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// What `ComputeOpInterface::evaluate` computes with: dense row-major f64
// arrays, as simple as can be, since they are the oracle of all tests.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_DIALECTS_FG_TENSOR_H
#define FOREGRAD_DIALECTS_FG_TENSOR_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <vector>

namespace foregrad::fg {

struct Tensor {
  llvm::SmallVector<int64_t, 6> shape; // empty for a single number
  std::vector<double> values;          // row-major, product of shape many
  uint64_t integer = 0; // the exact value of a rank-0 i64 (seed, step)

  Tensor() = default;
  explicit Tensor(llvm::ArrayRef<int64_t> sizes, double fill = 0.0)
      : shape(sizes.begin(), sizes.end()),
        values(static_cast<size_t>(count(sizes)), fill) {}

  static int64_t count(llvm::ArrayRef<int64_t> sizes) {
    int64_t product = 1;
    for (int64_t size : sizes)
      product *= size;
    return product;
  }
  int64_t size() const { return static_cast<int64_t>(values.size()); }

  /// Row-major strides, in elements.
  llvm::SmallVector<int64_t, 6> strides() const {
    llvm::SmallVector<int64_t, 6> result(shape.size(), 1);
    for (int64_t i = static_cast<int64_t>(shape.size()) - 2; i >= 0; --i)
      result[i] = result[i + 1] * shape[i + 1];
    return result;
  }
};

/// A factor of an axis: the index along the axis is
/// `(outer * size + index) * inner + rest`, and `index` is the index along the
/// part. A whole axis is the part with inner 1 and the axis's own size.
struct AxisPart {
  unsigned axis;
  int64_t size;
  int64_t inner;
  bool operator==(const AxisPart &) const = default;
};

} // namespace foregrad::fg

#endif // FOREGRAD_DIALECTS_FG_TENSOR_H
