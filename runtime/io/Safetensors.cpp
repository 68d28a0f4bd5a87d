//===- Safetensors.cpp - Named arrays in a file ---------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/io/Safetensors.h"

#include "runtime/io/SafetensorsHeader.h"
#include "runtime/support/Checked.h"
#include "runtime/support/Error.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <tuple>

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace foregrad::runtime {

namespace {

constexpr uint64_t sizeField = 8;
constexpr uint64_t maximalHeader = 100u << 20;
constexpr uint64_t maximalFile = uint64_t{1} << 40;

/// All types of the format; those that dtypeNamed() knows can be read.
std::optional<uint64_t> storedSize(std::string_view dtype) {
  static constexpr std::pair<std::string_view, uint64_t> sizes[] = {
      {"F64", 8}, {"I64", 8}, {"U64", 8},  {"F32", 4},     {"I32", 4},
      {"U32", 4}, {"F16", 2}, {"BF16", 2}, {"I16", 2},     {"U16", 2},
      {"I8", 1},  {"U8", 1},  {"BOOL", 1}, {"F8_E4M3", 1}, {"F8_E5M2", 1}};
  for (auto [name, size] : sizes)
    if (name == dtype)
      return size;
  return std::nullopt;
}

void checkRanges(const std::string &path, std::vector<StoredTensor> &tensors,
                 uint64_t dataSize) {
  for (const StoredTensor &tensor : tensors) {
    std::optional<uint64_t> size = storedSize(tensor.dtype);
    if (!size)
      fail("{}: tensor '{}': expected a type of safetensors, found '{}'", path,
           tensor.name, tensor.dtype.substr(0, 40));
    std::optional<uint64_t> bytes = checkedProduct(tensor.shape);
    if (bytes)
      bytes = checkedMultiply(*bytes, *size);
    if (tensor.begin > tensor.end || tensor.end > dataSize)
      fail("{}: tensor '{}': expected a range inside the {} bytes of data, "
           "found {} to {}: the file may be truncated",
           path, tensor.name, dataSize, tensor.begin, tensor.end);
    if (!bytes || *bytes != tensor.end - tensor.begin)
      fail("{}: tensor '{}': expected {} bytes for {} [{}], found {}", path,
           tensor.name, bytes ? std::to_string(*bytes) : "fewer than 2^64",
           tensor.dtype, fmt::join(tensor.shape, ", "),
           tensor.end - tensor.begin);
  }
  std::sort(tensors.begin(), tensors.end(),
            [](const StoredTensor &a, const StoredTensor &b) {
              return std::tie(a.begin, a.end, a.name) <
                     std::tie(b.begin, b.end, b.name);
            });
  uint64_t end = 0;
  for (const StoredTensor &tensor : tensors) {
    if (tensor.begin != end)
      fail("{}: tensor '{}': expected its data at byte {} of the data, found "
           "at {}: tensors may neither overlap nor leave holes",
           path, tensor.name, end, tensor.begin);
    end = tensor.end;
  }
  if (end != dataSize)
    fail("{}: expected {} bytes of data, found {}", path, end, dataSize);
}

template <typename From, typename To>
void convertIntegers(const SafetensorsFile &file, const StoredTensor &tensor,
                     void *target) {
  std::span<const uint8_t> data = file.dataOf(tensor);
  for (size_t i = 0; i < data.size() / sizeof(From); ++i) {
    From value;
    std::memcpy(&value, data.data() + i * sizeof(From), sizeof(From));
    if (!std::in_range<To>(value))
      fail("{}: tensor '{}': element {}: expected {} to {}, found {}",
           file.getPath(), tensor.name, i, std::numeric_limits<To>::min(),
           std::numeric_limits<To>::max(), value);
    To converted = static_cast<To>(value);
    std::memcpy(static_cast<char *>(target) + i * sizeof(To), &converted,
                sizeof(To));
  }
}

template <typename To>
bool convertIntegersTo(const SafetensorsFile &file, const StoredTensor &tensor,
                       void *target) {
  if (tensor.dtype == "I64")
    convertIntegers<int64_t, To>(file, tensor, target);
  else if (tensor.dtype == "I32")
    convertIntegers<int32_t, To>(file, tensor, target);
  else if (tensor.dtype == "U8")
    convertIntegers<uint8_t, To>(file, tensor, target);
  else if (tensor.dtype == "U64")
    convertIntegers<uint64_t, To>(file, tensor, target);
  else
    return false;
  return true;
}

} // namespace

SafetensorsFile SafetensorsFile::load(const std::string &path) {
  return parse(path, readFile(path, maximalFile));
}

SafetensorsFile SafetensorsFile::parse(const std::string &path,
                                       AlignedBytes bytes) {
  if (bytes.size() < sizeField)
    failAt(path, 0, "a safetensors file, which begins with 8 bytes",
           fmt::format("a file of {} bytes", bytes.size()));
  uint64_t headerSize;
  std::memcpy(&headerSize, bytes.data(), sizeof(headerSize));
  if (headerSize > maximalHeader)
    failAt(
        path, 0,
        fmt::format("a safetensors header of at most {} bytes", maximalHeader),
        fmt::format("{}: not a safetensors file", headerSize));
  if (headerSize > bytes.size() - sizeField)
    failAt(path, 0, "a header that ends inside the file",
           fmt::format("{} bytes in a file of {}: truncated", headerSize,
                       bytes.size()));

  SafetensorsFile file;
  file.path = path;
  std::string_view text(
      reinterpret_cast<const char *>(bytes.data()) + sizeField, headerSize);
  SafetensorsHeader header = parseSafetensorsHeader(path, sizeField, text);
  file.dataStart = sizeField + headerSize;
  checkRanges(path, header.tensors, bytes.size() - file.dataStart);
  file.list = std::move(header.tensors);
  file.notes = std::move(header.metadata);
  file.bytes = std::move(bytes);
  return file;
}

const StoredTensor *SafetensorsFile::find(std::string_view name) const {
  for (const StoredTensor &tensor : list)
    if (tensor.name == name)
      return &tensor;
  return nullptr;
}

std::span<const uint8_t>
SafetensorsFile::dataOf(const StoredTensor &tensor) const {
  return bytes.bytes().subspan(dataStart + tensor.begin,
                               tensor.end - tensor.begin);
}

void SafetensorsFile::readInto(const StoredTensor &tensor, DType type,
                               void *target) const {
  std::optional<DType> from = tensor.type();
  bool done = false;
  if (from && (*from == type || (isFloating(*from) && isFloating(type)))) {
    std::span<const uint8_t> data = dataOf(tensor);
    convertElements(*from, data.data(), type, target,
                    data.size() / sizeOf(*from));
    done = true;
  } else if (type == DType::I32) {
    done = convertIntegersTo<int32_t>(*this, tensor, target);
  } else if (type == DType::U64) {
    done = convertIntegersTo<uint64_t>(*this, tensor, target);
  } else if (type == DType::U8) {
    done = convertIntegersTo<uint8_t>(*this, tensor, target);
  }
  if (!done)
    fail("{}: tensor '{}': expected {}, found {}", path, tensor.name,
         isFloating(type) ? "F32, F64 or BF16" : nameOf(type), tensor.dtype);
}

void saveSafetensors(const std::string &path, std::vector<TensorView> tensors,
                     const std::map<std::string, std::string> &metadata) {
  // As the format's own writer: wide types first, so that each array is
  // aligned.
  std::sort(tensors.begin(), tensors.end(),
            [](const TensorView &a, const TensorView &b) {
              size_t left = sizeOf(a.dtype), right = sizeOf(b.dtype);
              return left != right ? left > right : a.name < b.name;
            });
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty())
    header["__metadata__"] = metadata;
  std::string data;
  for (const TensorView &tensor : tensors) {
    uint64_t count = 1;
    for (uint64_t size : tensor.shape)
      count *= size;
    uint64_t begin = data.size();
    data.append(static_cast<const char *>(tensor.data),
                count * sizeOf(tensor.dtype));
    header[tensor.name] = {{"dtype", nameOf(tensor.dtype)},
                           {"shape", tensor.shape},
                           {"data_offsets", {begin, data.size()}}};
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  uint64_t size = text.size();
  std::string_view sizeBytes(reinterpret_cast<const char *>(&size),
                             sizeof(size));
  saveFile(path, {sizeBytes, text, data});
}

} // namespace foregrad::runtime
