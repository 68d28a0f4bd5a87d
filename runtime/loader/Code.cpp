//===- Code.cpp - The native code of an artifact, loaded ------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/loader/Code.h"

#include "runtime/loader/CpuFeatures.h"
#include "runtime/support/Error.h"

#include <cerrno>
#include <cstdlib>
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

std::string whyNotHere(const CodeInfo &code) {
  if (code.target != "cpu")
    return fmt::format("it is {} code, this fgrun runs cpu code", code.target);
  const std::string architecture = machineArchitecture();
  std::string_view triple = code.triple;
  if (triple.substr(0, triple.find('-')) != architecture)
    return fmt::format("it is for {}, this machine is {}", code.triple,
                       architecture);
  std::vector<std::string> missing =
      missingFeatures(code.features, machineFeatures());
  if (missing.empty())
    return "";
  return fmt::format("this processor lacks {}", fmt::join(missing, ", "));
}

namespace {

/// What the user asked for in the environment.
const CodeInfo &namedCode(const Artifact &artifact, std::string_view cpu) {
  std::vector<std::string_view> names;
  for (const CodeInfo &code : artifact.code) {
    if (code.cpu == cpu)
      return code;
    names.push_back(code.cpu);
  }
  fail("{}: holds no code for {}, which {} asks for: it has code for {}",
       artifact.path, cpu, codeVariable, fmt::join(names, ", "));
}

} // namespace

const CodeInfo &selectCode(const Artifact &artifact) {
  if (const char *cpu = std::getenv(codeVariable); cpu && *cpu)
    return namedCode(artifact, cpu);
  std::string reasons;
  for (const CodeInfo &code : artifact.code) {
    std::string reason = whyNotHere(code);
    if (reason.empty())
      return code;
    reasons += fmt::format("\n  code for {}: {}", code.cpu, reason);
  }
  fail(
      "{}: no code in it runs on this machine:{}\n"
      "compile {} again on this machine with fgc, or elsewhere with --cpu NAME "
      "where NAME is this machine's processor (or a common ancestor of both, "
      "as x86-64-v3); --cpu takes several, NAME,NAME",
      artifact.path, reasons, artifact.sourceName);
}

void Code::Unload::operator()(void *object) const { dlclose(object); }

Code::Code(const Artifact &artifact, const CodeInfo &piece)
    : path(artifact.path), code(piece) {
  if (std::string reason = whyNotHere(code); !reason.empty())
    fail("{}: cannot run the code for {}: {}", path, code.cpu, reason);
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
  const std::string &symbol = code.entry(entry).symbol;
  void *address = dlsym(handle.get(), symbol.c_str());
  if (!address)
    fail("{}: entry '{}': expected the symbol '{}' in the code for {}, found "
         "none",
         path, entry.name, symbol, code.cpu);
  return reinterpret_cast<fg_entry>(address);
}

} // namespace foregrad::runtime
