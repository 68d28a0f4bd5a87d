//===- Safetensors.h - Named arrays in a file -------------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
// The format of https://github.com/huggingface/safetensors: 8 bytes with the
// size of a JSON header, the header {"NAME": {"dtype", "shape",
// "data_offsets"}, ...,
// "__metadata__": {"KEY": "VALUE"}}, and the data, little endian, without
// holes.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_IO_SAFETENSORS_H
#define FOREGRAD_RUNTIME_IO_SAFETENSORS_H

#include "runtime/io/File.h"
#include "runtime/support/DType.h"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace foregrad::runtime {

/// An array in a file that was read.
struct StoredTensor {
  std::string name;
  std::string dtype; ///< as the file says it
  std::vector<uint64_t> shape;
  uint64_t begin; ///< in the data; what begin and end enclose lies inside the
  uint64_t end;   ///< file and is just what dtype and shape need

  /// The type, if it is one that Foregrad computes with (or I64, see readInto).
  std::optional<DType> type() const { return dtypeNamed(dtype); }
};

class SafetensorsFile {
public:
  /// Reads and checks a whole file. Throws Error: header of a wrong size, not
  /// JSON, nested too deep, too many tensors, names twice, unknown types,
  /// ranges that do not match their shape, overlap, leave holes or leave the
  /// file.
  static SafetensorsFile load(const std::string &path);

  /// The same for bytes that were read from a file called `path`.
  static SafetensorsFile parse(const std::string &path, AlignedBytes bytes);

  const std::string &getPath() const { return path; }
  const std::vector<StoredTensor> &tensors() const { return list; }
  const std::map<std::string, std::string> &metadata() const { return notes; }

  /// Null where there is none.
  const StoredTensor *find(std::string_view name) const;

  std::span<const uint8_t> dataOf(const StoredTensor &tensor) const;

  /// Converts a tensor's elements to `type` at `target`. F32, F64 and BF16
  /// convert to each other and integers to integers where every value fits (I64
  /// too); anything else throws Error. The caller has compared the shape.
  void readInto(const StoredTensor &tensor, DType type, void *target) const;

private:
  std::string path;
  AlignedBytes bytes;
  uint64_t dataStart = 0;
  std::vector<StoredTensor> list; ///< in the order of their data
  std::map<std::string, std::string> notes;
};

/// An array to be written.
struct TensorView {
  std::string name;
  DType dtype;
  std::vector<uint64_t> shape;
  const void *data;
};

/// Writes a file, whole or not at all. The order in the file depends on types
/// and names only, so the same content gives the same bytes. Throws Error.
void saveSafetensors(const std::string &path, std::vector<TensorView> tensors,
                     const std::map<std::string, std::string> &metadata);

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_IO_SAFETENSORS_H
