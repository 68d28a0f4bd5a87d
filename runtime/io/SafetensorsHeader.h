//===- SafetensorsHeader.h - The JSON header of safetensors -----*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_IO_SAFETENSORSHEADER_H
#define FOREGRAD_RUNTIME_IO_SAFETENSORSHEADER_H

#include "runtime/io/Safetensors.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace foregrad::runtime {

struct SafetensorsHeader {
  std::vector<StoredTensor>
      tensors; ///< in the header's order; ranges unchecked
  std::map<std::string, std::string> metadata;
};

/// Parses the text strictly: nothing but what the format has, each key once,
/// depth 3, a limited number of tensors. `path` and `offset` (of the text in
/// the file) are for the Error it throws.
SafetensorsHeader parseSafetensorsHeader(const std::string &path,
                                         uint64_t offset,
                                         std::string_view text);

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_IO_SAFETENSORSHEADER_H
