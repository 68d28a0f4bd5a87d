//===- Idx.h - Files in MNIST's IDX format ----------------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
// Big endian: two zero bytes, the type (8: unsigned bytes), the number of
// dimensions, then each dimension in 4 bytes, then the data.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_DATA_IDX_H
#define FOREGRAD_RUNTIME_DATA_IDX_H

#include "runtime/io/File.h"

#include <cstdint>
#include <string>
#include <vector>

namespace foregrad::runtime {

struct IdxArray {
  std::vector<uint32_t> dimensions; ///< every one at least 1
  AlignedBytes data;                ///< their product of bytes
};

/// Reads a file of unsigned bytes with `rank` dimensions, plain or gzipped
/// (told by its content, not its name). Throws Error with the file, the offset
/// (of a gzipped file: in what it unpacks to), what was expected and what was
/// found. Memory for the data is taken only where the file can be long enough.
IdxArray readIdx(const std::string &path, uint32_t rank);

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_DATA_IDX_H
