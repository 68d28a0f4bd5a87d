//===- ArtifactWriter.cpp - Writes .fgb files -----------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "compiler/artifact/ArtifactWriter.h"

#include "runtime/abi/foregrad_abi.h"
#include "runtime/io/AtomicFile.h"
#include "runtime/schema/Container.h"

namespace foregrad::compiler {

using namespace schema;

namespace {

/// With all numbers written, those that equal their default too, the size does
/// not depend on their values: so segment offsets can be filled in afterwards.
std::string packDescription(const ArtifactT &artifact) {
  flatbuffers::FlatBufferBuilder builder;
  builder.ForceDefaults(true);
  FinishArtifactBuffer(builder, schema::Artifact::Pack(builder, &artifact));
  return std::string(reinterpret_cast<const char *>(builder.GetBufferPointer()),
                     builder.GetSize());
}

/// Lays the segments out behind a description of this size. Returns the file's
/// size.
uint64_t placeSegments(ArtifactT &artifact, uint64_t descriptionSize) {
  uint64_t end = containerHeaderSize + descriptionSize;
  if (artifact.segments.empty())
    return alignToContainer(end);
  for (auto &segment : artifact.segments) {
    segment->offset = alignToContainer(end);
    end = segment->offset + segment->size;
  }
  return end;
}

} // namespace

std::string serializeArtifact(ArtifactT &artifact,
                              std::span<const SegmentPayload> payloads) {
  artifact.schema_version = schemaVersion;
  artifact.abi_version = FG_ABI_VERSION;
  artifact.segments.clear();
  for (const SegmentPayload &payload : payloads) {
    auto segment = std::make_unique<SegmentT>();
    segment->name = payload.name;
    segment->size = payload.bytes.size();
    segment->xxh3 = hashBytes(payload.bytes.data(), payload.bytes.size());
    artifact.segments.push_back(std::move(segment));
  }
  uint64_t size = placeSegments(artifact, packDescription(artifact).size());
  std::string description = packDescription(artifact);

  ContainerHeader header;
  header.version = schemaVersion;
  header.flatBufferSize = static_cast<uint32_t>(description.size());
  header.fileSize = size;
  header.flatBufferHash = hashBytes(description.data(), description.size());

  std::string bytes(containerMagic, containerMagicSize);
  bytes.append(reinterpret_cast<const char *>(&header), sizeof(header));
  bytes += description;
  for (size_t i = 0; i < payloads.size(); ++i) {
    bytes.resize(artifact.segments[i]->offset);
    bytes += payloads[i].bytes;
  }
  bytes.resize(size);
  return bytes;
}

std::string writeArtifact(const std::string &path, ArtifactT &artifact,
                          std::span<const SegmentPayload> payloads) {
  return runtime::writeFileAtomically(path,
                                      {serializeArtifact(artifact, payloads)});
}

} // namespace foregrad::compiler
