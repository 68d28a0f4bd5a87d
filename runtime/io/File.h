//===- File.h - Reading whole files, writing safely -------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_IO_FILE_H
#define FOREGRAD_RUNTIME_IO_FILE_H

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace foregrad::runtime {

/// Memory that starts at a multiple of `alignment` (at least 64). Empty until
/// allocated; freed with it.
class AlignedBytes {
public:
  AlignedBytes() = default;
  /// `size` bytes; zeros where asked, else uninitialised. Throws Error where
  /// the machine has not that much.
  explicit AlignedBytes(uint64_t size, bool zeroed);

  uint8_t *data() { return memory.get(); }
  const uint8_t *data() const { return memory.get(); }
  size_t size() const { return count; }
  std::span<const uint8_t> bytes() const { return {data(), count}; }

private:
  struct Free {
    void operator()(uint8_t *address) const;
  };
  std::unique_ptr<uint8_t[], Free> memory;
  size_t count = 0;
};

/// Bytes of memory this machine has.
uint64_t machineMemory();

/// All of a regular file, in memory of our own: what was checked cannot change
/// afterwards under our feet, as a mapping could. Throws Error where it cannot
/// be read, is not a regular file or is larger than `limit` bytes.
AlignedBytes readFile(const std::string &path, uint64_t limit);

bool isFile(const std::string &path);
bool isFolder(const std::string &path);

/// The same as writeFileAtomically, but throws Error.
void saveFile(const std::string &path,
              std::initializer_list<std::string_view> pieces);

/// Creates a folder and those above it. Throws Error.
void makeFolder(const std::string &path);

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_IO_FILE_H
