//===- Checked.h - Arithmetic on sizes from files ---------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
// Sizes that come from a file are combined only through these functions, so
// that no product or sum wraps around.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_SUPPORT_CHECKED_H
#define FOREGRAD_RUNTIME_SUPPORT_CHECKED_H

#include <cstdint>
#include <optional>

namespace foregrad::runtime {

/// a * b, or nothing where it does not fit.
inline std::optional<uint64_t> checkedMultiply(uint64_t a, uint64_t b) {
  uint64_t result;
  if (__builtin_mul_overflow(a, b, &result))
    return std::nullopt;
  return result;
}

/// a + b, or nothing where it does not fit.
inline std::optional<uint64_t> checkedAdd(uint64_t a, uint64_t b) {
  uint64_t result;
  if (__builtin_add_overflow(a, b, &result))
    return std::nullopt;
  return result;
}

/// The product of all of `shape` (1 for an empty one), or nothing where it does
/// not fit.
template <typename Shape>
std::optional<uint64_t> checkedProduct(const Shape &shape) {
  std::optional<uint64_t> product = 1;
  for (auto size : shape) {
    product = checkedMultiply(*product, size);
    if (!product)
      return std::nullopt;
  }
  return product;
}

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_SUPPORT_CHECKED_H
