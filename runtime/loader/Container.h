//===- Container.h - The frame of a .fgb file, checked ----------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_LOADER_CONTAINER_H
#define FOREGRAD_RUNTIME_LOADER_CONTAINER_H

#include "runtime/loader/Artifact.h"

#include <span>
#include <string>

namespace foregrad::runtime {

/// Checks header, version, size and checksum, then the structure of the
/// FlatBuffer and the versions it names, and returns its root. Throws Error.
/// `bytes` must start at a multiple of 64.
const schema::Artifact *openContainer(const std::string &path,
                                      std::span<const uint8_t> bytes);

/// Checks that the segments fill the rest of the file exactly: in order,
/// aligned, zeros between them, checksums right. So every bit of a file is
/// covered.
void checkSegments(const std::string &path, std::span<const uint8_t> bytes,
                   std::span<const SegmentInfo> segments);

/// Checks what the numbers mean: shapes, roles, bindings, names. Throws Error.
/// Fills nothing in; the sizes of tensors are already computed.
void checkMeaning(const Artifact &artifact);

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_LOADER_CONTAINER_H
