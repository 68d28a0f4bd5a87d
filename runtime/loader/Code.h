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

/// The variable of the environment that names the processor whose code is to be
/// taken: for tests and comparisons.
inline constexpr char codeVariable[] = "FOREGRAD_CPU";

/// Why this machine cannot run a piece of code, in words; empty where it can.
std::string whyNotHere(const CodeInfo &code);

/// The first piece of code of `artifact` that this machine can run, or the one
/// that codeVariable names. Throws Error with what each of them needs and how
/// to compile again.
const CodeInfo &selectCode(const Artifact &artifact);

/// A shared object that stays loaded as long as this lives.
class Code {
public:
  /// Loads one of `artifact`'s pieces of code, which must outlive this. Throws
  /// Error, also where this machine cannot run it.
  Code(const Artifact &artifact, const CodeInfo &code);
  ~Code();

  const CodeInfo &info() const { return code; }

  /// The function of an entry. Throws Error where the object has no such
  /// symbol.
  fg_entry entry(const EntryInfo &entry) const;

private:
  class MemoryFile;
  struct Unload {
    void operator()(void *handle) const;
  };
  const std::string path;
  const CodeInfo &code;
  /// Open as long as the code is loaded. The dynamic linker takes a file of the
  /// same name for the same object; a closed one's would be given out again.
  std::unique_ptr<MemoryFile> file;
  std::unique_ptr<void, Unload> handle;
};

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_LOADER_CODE_H
