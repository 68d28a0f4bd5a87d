//===- Code.h - The native code of an artifact, loaded ----------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
// Code in an artifact runs with the user's rights, in this process, as a
// program does: load only artifacts whose maker you trust. The checks before it
// only keep damaged files and code for other processors from being run.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_LOADER_CODE_H
#define FOREGRAD_RUNTIME_LOADER_CODE_H

#include "runtime/abi/foregrad_abi.h"
#include "runtime/loader/Artifact.h"

#include <memory>
#include <string>

namespace foregrad::runtime {

/// The piece of code of `artifact` that this machine can run. Throws Error with
/// the features that are missing and how to compile again.
const CodeInfo &selectCode(const Artifact &artifact);

/// A shared object that stays loaded as long as this lives.
class Code {
public:
  /// Loads what selectCode chooses. Throws Error.
  explicit Code(const Artifact &artifact);
  ~Code();

  /// The function of an entry. Throws Error where the object has no such
  /// symbol.
  fg_entry entry(const EntryInfo &entry) const;

private:
  class MemoryFile;
  struct Unload {
    void operator()(void *handle) const;
  };
  std::string path;
  /// Open as long as the code is loaded. The dynamic linker takes a file of the
  /// same name for the same object; a closed one's would be given out again.
  std::unique_ptr<MemoryFile> file;
  std::unique_ptr<void, Unload> handle;
};

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_LOADER_CODE_H
