//===- Container.h - The frame around an artifact ---------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
// What the compiler writes and the runtime reads around the FlatBuffer: the
// header, versions, alignment and checksum. artifact.fbs shows the layout.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_SCHEMA_CONTAINER_H
#define FOREGRAD_RUNTIME_SCHEMA_CONTAINER_H

#include <cstddef>
#include <cstdint>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace foregrad::schema {

/// Raised with every change of artifact.fbs or of the container.
inline constexpr uint32_t schemaVersion = 3;

inline constexpr char containerMagic[] = "FOREGRAD";
inline constexpr size_t containerMagicSize = 8;
inline constexpr size_t containerHeaderSize = 32;
inline constexpr uint64_t containerAlignment = 64;

/// The header's numbers; the magic comes before them.
struct ContainerHeader {
  uint32_t version;
  uint32_t flatBufferSize;
  uint64_t fileSize;
  uint64_t flatBufferHash;
};
static_assert(containerMagicSize + sizeof(ContainerHeader) ==
              containerHeaderSize);

inline uint64_t alignToContainer(uint64_t offset) {
  return (offset + containerAlignment - 1) / containerAlignment *
         containerAlignment;
}

inline uint64_t hashBytes(const void *data, size_t size) {
  return XXH3_64bits(data, size);
}

} // namespace foregrad::schema

#endif // FOREGRAD_RUNTIME_SCHEMA_CONTAINER_H
