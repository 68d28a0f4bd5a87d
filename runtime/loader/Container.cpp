//===- Container.cpp - The frame of a .fgb file, checked ------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/loader/Container.h"

#include "runtime/abi/foregrad_abi.h"
#include "runtime/schema/Container.h"
#include "runtime/support/Error.h"

#include <algorithm>
#include <cstring>

namespace foregrad::runtime {

using namespace schema;

namespace {

constexpr uint32_t maximalDepth = 8;
constexpr uint32_t maximalTables = 1u << 17;

void expectZeros(const std::string &path, std::span<const uint8_t> bytes,
                 uint64_t from, uint64_t to) {
  for (uint64_t i = from; i < to; ++i)
    if (bytes[i] != 0)
      failAt(path, i, "zeros between the parts of an artifact",
             fmt::format("0x{:02x}: the file is damaged", bytes[i]));
}

/// Only the versions differ: an honest file of another release.
[[noreturn]] void failVersion(const std::string &path, std::string_view what,
                              uint32_t found, uint32_t expected) {
  fail("{}: was made for {} version {}, this fgrun reads version {}: compile "
       "the model again with the fgc that came with this fgrun",
       path, what, found, expected);
}

} // namespace

const schema::Artifact *openContainer(const std::string &path,
                                      std::span<const uint8_t> bytes) {
  if (bytes.size() < containerHeaderSize)
    failAt(path, 0,
           fmt::format("a Foregrad artifact with a header of {} bytes",
                       containerHeaderSize),
           fmt::format("a file of {} bytes", bytes.size()));
  if (std::memcmp(bytes.data(), containerMagic, containerMagicSize) != 0)
    failAt(path, 0, "a Foregrad artifact, which begins with \"FOREGRAD\"",
           "another kind of file");

  ContainerHeader header;
  std::memcpy(&header, bytes.data() + containerMagicSize, sizeof(header));
  if (header.version != schemaVersion)
    failVersion(path, "schema", header.version, schemaVersion);
  if (header.fileSize != bytes.size())
    failAt(
        path, 16, fmt::format("a file of {} bytes", header.fileSize),
        fmt::format("{} bytes: the file is {}", bytes.size(),
                    bytes.size() < header.fileSize ? "truncated" : "too long"));
  if (header.flatBufferSize > bytes.size() - containerHeaderSize)
    failAt(path, 12, "a description that ends inside the file",
           fmt::format("{} bytes in a file of {}", header.flatBufferSize,
                       bytes.size()));

  const uint8_t *root = bytes.data() + containerHeaderSize;
  uint64_t hash = hashBytes(root, header.flatBufferSize);
  if (hash != header.flatBufferHash)
    failAt(path, 24,
           fmt::format("a description with the checksum {:016x}",
                       header.flatBufferHash),
           fmt::format("{:016x}: the file is damaged", hash));

  flatbuffers::Verifier verifier(root, header.flatBufferSize, maximalDepth,
                                 maximalTables);
  if (!VerifyArtifactBuffer(verifier))
    failAt(path, containerHeaderSize, "a description that follows its schema",
           "one that does not: the file is damaged or was not made by fgc");

  const schema::Artifact *artifact = GetArtifact(root);
  if (artifact->schema_version() != schemaVersion)
    failVersion(path, "schema", artifact->schema_version(), schemaVersion);
  if (artifact->abi_version() != FG_ABI_VERSION)
    failVersion(path, "ABI", artifact->abi_version(), FG_ABI_VERSION);
  return artifact;
}

void checkSegments(const std::string &path, std::span<const uint8_t> bytes,
                   std::span<const SegmentInfo> segments) {
  uint32_t flatBufferSize;
  std::memcpy(&flatBufferSize, bytes.data() + 12, sizeof(flatBufferSize));
  uint64_t end = containerHeaderSize + flatBufferSize;
  for (const SegmentInfo &segment : segments) {
    uint64_t start = alignToContainer(end);
    if (segment.offset != start)
      fail("{}: segment '{}': expected at byte {}, found at byte {}", path,
           segment.name, start, segment.offset);
    if (start > bytes.size() || segment.size > bytes.size() - start)
      fail("{}: segment '{}': expected inside the file of {} bytes, found {} "
           "bytes at byte {}",
           path, segment.name, bytes.size(), segment.size, start);
    expectZeros(path, bytes, end, start);
    uint64_t hash = hashBytes(bytes.data() + start, segment.size);
    if (hash != segment.hash)
      failAt(path, start,
             fmt::format("segment '{}' with the checksum {:016x}", segment.name,
                         segment.hash),
             fmt::format("{:016x}: the file is damaged", hash));
    end = start + segment.size;
  }
  if (segments.empty()) {
    uint64_t padded = std::min<uint64_t>(alignToContainer(end), bytes.size());
    expectZeros(path, bytes, end, padded);
    end = padded;
  }
  if (end != bytes.size())
    failAt(path, end, "the end of the artifact",
           fmt::format("{} more bytes", bytes.size() - end));
}

} // namespace foregrad::runtime
