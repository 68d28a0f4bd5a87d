//===- ArtifactWriter.h - Writes .fgb files ---------------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
// Knows the container and nothing of the compiler: no MLIR, no LLVM, no
// exceptions.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_COMPILER_ARTIFACT_ARTIFACTWRITER_H
#define FOREGRAD_COMPILER_ARTIFACT_ARTIFACTWRITER_H

#include "runtime/schema/artifact_generated.h"

#include <span>
#include <string>
#include <string_view>

namespace foregrad::compiler {

/// The contents of one segment.
struct SegmentPayload {
  std::string name; ///< unique
  std::string_view bytes;
};

/// The bytes of a .fgb file. Sets the schema's and the ABI's version and the
/// table of segments of `artifact` (in the order of `payloads`; Code.segment
/// counts in it); all else is the caller's. The same input gives the same
/// bytes.
std::string serializeArtifact(schema::ArtifactT &artifact,
                              std::span<const SegmentPayload> payloads);

/// Writes the file, whole or not at all. Returns what went wrong, or an empty
/// string.
[[nodiscard]] std::string
writeArtifact(const std::string &path, schema::ArtifactT &artifact,
              std::span<const SegmentPayload> payloads);

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_ARTIFACT_ARTIFACTWRITER_H
