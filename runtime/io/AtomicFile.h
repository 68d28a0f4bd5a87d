//===- AtomicFile.h - Files that are whole or not there ---------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
// The one writer of files whose loss would hurt: artifacts, parameters,
// checkpoints. Throws nothing, so the compiler's half uses it too.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_IO_ATOMICFILE_H
#define FOREGRAD_RUNTIME_IO_ATOMICFILE_H

#include <initializer_list>
#include <string>
#include <string_view>

namespace foregrad::runtime {

/// Writes the pieces, one after the other, to `path`: beside it first, synced,
/// then renamed, then the folder synced. So at every moment, a power cut
/// included, `path` holds its old or its new content. An existing file keeps
/// its permissions. Where `path` is something else than a file (a pipe,
/// /dev/null) the bytes are written straight into it. Returns what went wrong,
/// with the path, or an empty string.
[[nodiscard]] std::string
writeFileAtomically(const std::string &path,
                    std::initializer_list<std::string_view> pieces);

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_IO_ATOMICFILE_H
