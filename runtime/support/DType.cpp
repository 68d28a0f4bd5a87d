//===- DType.cpp - Element types: names, sizes, conversion ----------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/support/DType.h"

#include <bit>
#include <cmath>
#include <cstring>

namespace foregrad::runtime {

static_assert(std::endian::native == std::endian::little,
              "artifacts and safetensors are read in place");

namespace {

struct BFloat16 {
  uint16_t bits;
};

template <typename T> T loadAs(const void *data, size_t index) {
  T value;
  std::memcpy(&value, static_cast<const char *>(data) + index * sizeof(T),
              sizeof(T));
  return value;
}

double widen(BFloat16 value) {
  return std::bit_cast<float>(uint32_t{value.bits} << 16);
}
template <typename T> double widen(T value) {
  return static_cast<double>(value);
}

BFloat16 roundToBFloat16(double value) {
  float single = static_cast<float>(value);
  uint32_t bits = std::bit_cast<uint32_t>(single);
  if (std::isnan(single))
    return {static_cast<uint16_t>(bits >> 16 | 0x40)};
  bits += 0x7FFF + (bits >> 16 & 1);
  return {static_cast<uint16_t>(bits >> 16)};
}

template <typename To> To narrow(double value) {
  return static_cast<To>(value);
}
template <> BFloat16 narrow(double value) { return roundToBFloat16(value); }

template <typename From, typename To>
void convert(const void *source, void *target, size_t count) {
  char *out = static_cast<char *>(target);
  for (size_t i = 0; i < count; ++i) {
    To value = narrow<To>(widen(loadAs<From>(source, i)));
    std::memcpy(out + i * sizeof(To), &value, sizeof(To));
  }
}

/// Calls `use` with a value of the C++ type of `type`.
template <typename Use> auto dispatch(DType type, Use use) {
  switch (type) {
  case DType::F64:
    return use(double());
  case DType::BF16:
    return use(BFloat16());
  case DType::U8:
    return use(uint8_t());
  case DType::I32:
    return use(int32_t());
  case DType::U64:
    return use(uint64_t());
  case DType::F32:
    break;
  }
  return use(float());
}

constexpr std::string_view names[] = {"F32", "F64", "BF16", "U8", "I32", "U64"};

} // namespace

std::string_view nameOf(DType type) { return names[static_cast<size_t>(type)]; }

std::optional<DType> dtypeNamed(std::string_view name) {
  for (DType type : schema::EnumValuesDType())
    if (nameOf(type) == name)
      return type;
  return std::nullopt;
}

size_t sizeOf(DType type) {
  return dispatch(type, [](auto value) { return sizeof(value); });
}

double loadElement(DType type, const void *data, size_t index) {
  return dispatch(type, [&](auto value) {
    return widen(loadAs<decltype(value)>(data, index));
  });
}

void convertElements(DType from, const void *source, DType to, void *target,
                     size_t count) {
  if (count == 0)
    return;
  if (from == to) {
    std::memcpy(target, source, count * sizeOf(from));
    return;
  }
  dispatch(from, [&](auto fromValue) {
    dispatch(to, [&](auto toValue) {
      convert<decltype(fromValue), decltype(toValue)>(source, target, count);
    });
  });
}

bool allFinite(DType type, const void *data, size_t count) {
  if (!isFloating(type))
    return true;
  return dispatch(type, [&](auto value) {
    for (size_t i = 0; i < count; ++i)
      if (!std::isfinite(widen(loadAs<decltype(value)>(data, i))))
        return false;
    return true;
  });
}

} // namespace foregrad::runtime
