//===- Code.cpp - The native code of an artifact, loaded ------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/loader/Code.h"

#include "runtime/loader/CpuFeatures.h"
#include "runtime/support/Error.h"

#include <cerrno>
#include <cstring>

#include <dlfcn.h>
#include <elf.h>
#include <fmt/ranges.h>
#include <sys/mman.h>
#include <unistd.h>

namespace foregrad::runtime {

/// An anonymous file with the segment in it: the dynamic linker wants a file,
/// and none on disk could be swapped meanwhile.
class Code::MemoryFile {
public:
  MemoryFile(const Artifact &artifact, const CodeInfo &code) {
    file = memfd_create("foregrad-code", MFD_CLOEXEC);
    if (file < 0)
      fail("{}: cannot load the code: {}", artifact.path, std::strerror(errno));
    std::span<const uint8_t> rest = artifact.segmentBytes(code.segment);
    while (!rest.empty()) {
      ssize_t written = write(file, rest.data(), rest.size());
      if (written < 0 && errno == EINTR)
        continue;
      if (written < 0) {
        int error = errno;
        close(file);
        fail("{}: cannot load the code: {}", artifact.path,
             std::strerror(error));
      }
      rest = rest.subspan(static_cast<size_t>(written));
    }
  }
  ~MemoryFile() { close(file); }
  MemoryFile(const MemoryFile &) = delete;
  MemoryFile &operator=(const MemoryFile &) = delete;

  /// Names this file as long as it is open.
  std::string path() const { return fmt::format("/proc/self/fd/{}", file); }

private:
  int file;
};

namespace {

/// The dynamic linker trusts what it maps, so at least the kind of file is
/// right.
void checkElf(const Artifact &artifact, const CodeInfo &code) {
  std::span<const uint8_t> bytes = artifact.segmentBytes(code.segment);
  const std::string &name = artifact.segments[code.segment].name;
  Elf64_Ehdr header;
  if (bytes.size() < sizeof(header) ||
      std::memcmp(bytes.data(), ELFMAG, SELFMAG) != 0)
    fail("{}: segment '{}': expected an ELF object, found something else",
         artifact.path, name);
  std::memcpy(&header, bytes.data(), sizeof(header));
#if defined(__x86_64__)
  constexpr uint16_t machine = EM_X86_64;
#else
  constexpr uint16_t machine = EM_AARCH64;
#endif
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_type != ET_DYN ||
      header.e_machine != machine)
    fail("{}: segment '{}': expected a 64-bit shared object for this machine "
         "(ELF machine {}), found class {}, type {}, machine {}",
         artifact.path, name, machine, header.e_ident[EI_CLASS], header.e_type,
         header.e_machine);
}

} // namespace

const CodeInfo &selectCode(const Artifact &artifact) {
  const std::string architecture = machineArchitecture();
  std::string reasons;
  for (const CodeInfo &code : artifact.code) {
    if (code.target != "cpu") {
      reasons += fmt::format("\n  {} code for {}: this fgrun runs cpu code",
                             code.target, code.cpu);
      continue;
    }
    std::string_view triple = code.triple;
    if (triple.substr(0, triple.find('-')) != architecture) {
      reasons += fmt::format("\n  code for {}: this machine is {}", code.triple,
                             architecture);
      continue;
    }
    std::vector<std::string> missing =
        missingFeatures(code.features, machineFeatures());
    if (missing.empty())
      return code;
    reasons += fmt::format("\n  code for {}: this processor lacks {}", code.cpu,
                           fmt::join(missing, ", "));
  }
  fail(
      "{}: no code in it runs on this machine:{}\n"
      "compile {} again on this machine with fgc, or elsewhere with --cpu NAME "
      "where NAME is this machine's processor (or a common ancestor of both, "
      "as "
      "x86-64-v3)",
      artifact.path, reasons, artifact.sourceName);
}

void Code::Unload::operator()(void *object) const { dlclose(object); }

Code::Code(const Artifact &artifact) : path(artifact.path) {
  const CodeInfo &code = selectCode(artifact);
  checkElf(artifact, code);
  file = std::make_unique<MemoryFile>(artifact, code);
  handle.reset(dlopen(file->path().c_str(), RTLD_NOW | RTLD_LOCAL));
  if (!handle) {
    const char *reason = dlerror();
    fail("{}: cannot load the code: {}", path, reason ? reason : "unknown");
  }
}

Code::~Code() = default;

fg_entry Code::entry(const EntryInfo &entry) const {
  void *address = dlsym(handle.get(), entry.symbol.c_str());
  if (!address)
    fail("{}: entry '{}': expected the symbol '{}' in the code, found none",
         path, entry.name, entry.symbol);
  return reinterpret_cast<fg_entry>(address);
}

} // namespace foregrad::runtime
