//===- DType.h - Element types: names, sizes, conversion --------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_SUPPORT_DTYPE_H
#define FOREGRAD_RUNTIME_SUPPORT_DTYPE_H

#include "runtime/schema/artifact_generated.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace foregrad::runtime {

using schema::DType;

/// The name as safetensors writes it: F32, F64, BF16, U8, I32, U64.
std::string_view nameOf(DType type);
std::optional<DType> dtypeNamed(std::string_view name);

/// Bytes of one element.
size_t sizeOf(DType type);

inline bool isFloating(DType type) {
  return type == DType::F32 || type == DType::F64 || type == DType::BF16;
}

/// Element `index` of the array of `type` at `data`.
double loadElement(DType type, const void *data, size_t index);

/// Converts `count` elements. The same type is copied bit by bit; to a narrower
/// floating type rounds to nearest even. The arrays must not overlap.
void convertElements(DType from, const void *source, DType to, void *target,
                     size_t count);

/// True if all `count` elements are finite (always, of an integer type).
bool allFinite(DType type, const void *data, size_t count);

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_SUPPORT_DTYPE_H
