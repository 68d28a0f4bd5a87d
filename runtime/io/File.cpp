//===- File.cpp - Reading whole files, writing safely ---------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/io/File.h"

#include "runtime/io/AtomicFile.h"
#include "runtime/support/Error.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace foregrad::runtime {

namespace {

constexpr uint64_t cacheLine = 64;
constexpr uint64_t hugePage = 2u << 20;

uint64_t roundUp(uint64_t size, uint64_t unit) {
  return (size + unit - 1) / unit * unit;
}

} // namespace

void AlignedBytes::Free::operator()(uint8_t *address) const {
  std::free(address);
}

AlignedBytes::AlignedBytes(uint64_t size, bool zeroed) : count(size) {
  if (size == 0)
    return;
  const uint64_t machine = machineMemory();
  // Large pieces on huge pages: a step streams through them. What is left at
  // the end is not worth one.
  const bool large = size >= 2 * hugePage;
  const uint64_t unit = large ? hugePage : cacheLine;
  void *address =
      size > machine ? nullptr : std::aligned_alloc(unit, roundUp(size, unit));
  if (!address)
    fail("out of memory: a buffer of {} bytes is needed, the machine has {}",
         size, machine);
  if (large)
    madvise(address, size / unit * unit, MADV_HUGEPAGE);
  if (zeroed)
    std::memset(address, 0, size);
  memory.reset(static_cast<uint8_t *>(address));
}

uint64_t machineMemory() {
  return static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) *
         static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

AlignedBytes readFile(const std::string &path, uint64_t limit) {
  // Not to hang on a pipe: O_NONBLOCK means nothing for a regular file.
  int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0)
    fail("{}: cannot open: {}", path, std::strerror(errno));
  struct Close {
    int file;
    ~Close() { close(file); }
  } closer{file};

  struct stat status;
  if (fstat(file, &status) != 0)
    fail("{}: cannot read: {}", path, std::strerror(errno));
  if (!S_ISREG(status.st_mode))
    fail("{}: expected a file, found {}", path,
         S_ISDIR(status.st_mode) ? "a folder" : "something else");
  uint64_t size = static_cast<uint64_t>(status.st_size);
  if (size > limit)
    fail("{}: expected at most {} bytes, found {}", path, limit, size);

  AlignedBytes content(size, /*zeroed=*/false);
  uint64_t done = 0;
  while (done < size) {
    ssize_t got = read(file, content.data() + done, size - done);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      fail("{}: byte {}: cannot read: {}", path, done, std::strerror(errno));
    if (got == 0)
      fail("{}: byte {}: the file became shorter while it was read", path,
           done);
    done += static_cast<uint64_t>(got);
  }
  return content;
}

bool isFile(const std::string &path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

bool isFolder(const std::string &path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

void saveFile(const std::string &path,
              std::initializer_list<std::string_view> pieces) {
  std::string error = writeFileAtomically(path, pieces);
  if (!error.empty())
    throw Error(error);
}

void makeFolder(const std::string &path) {
  std::error_code code;
  std::filesystem::create_directories(path, code);
  if (code)
    fail("{}: cannot create the folder: {}", path, code.message());
  if (!isFolder(path))
    fail("{}: cannot create the folder: a file is in its place", path);
}

} // namespace foregrad::runtime
