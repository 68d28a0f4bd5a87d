//===- AtomicFile.cpp - Files that are whole or not there -----------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/io/AtomicFile.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace foregrad::runtime {

namespace {

std::string describe(const std::string &path, const char *action, int error) {
  return path + ": cannot " + action + ": " + std::strerror(error);
}

/// Returns errno, or 0.
int writeAll(int file, std::initializer_list<std::string_view> pieces) {
  for (std::string_view piece : pieces) {
    while (!piece.empty()) {
      ssize_t written = write(file, piece.data(), piece.size());
      if (written < 0 && errno == EINTR)
        continue;
      if (written < 0)
        return errno;
      piece.remove_prefix(static_cast<size_t>(written));
    }
  }
  return 0;
}

std::string writeStraight(const std::string &path,
                          std::initializer_list<std::string_view> pieces) {
  int file = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0)
    return describe(path, "open", errno);
  int error = writeAll(file, pieces);
  if (close(file) != 0 && error == 0)
    error = errno;
  return error ? describe(path, "write", error) : std::string();
}

/// Makes a rename in this folder survive a power cut. A file system that cannot
/// sync a folder says EINVAL; there is nothing more to do there.
std::string syncFolderOf(const std::string &path) {
  size_t slash = path.rfind('/');
  std::string folder = slash == std::string::npos ? "."
                       : slash == 0               ? "/"
                                                  : path.substr(0, slash);
  int file = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0)
    return describe(folder, "open", errno);
  int error = fsync(file) == 0 || errno == EINVAL ? 0 : errno;
  close(file);
  return error ? describe(folder, "sync", error) : std::string();
}

mode_t permissionsFor(const std::string &path) {
  struct stat status;
  if (stat(path.c_str(), &status) == 0)
    return status.st_mode & 07777;
  mode_t mask = umask(0);
  umask(mask);
  return 0666 & ~mask;
}

} // namespace

std::string
writeFileAtomically(const std::string &path,
                    std::initializer_list<std::string_view> pieces) {
  struct stat status;
  if (stat(path.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode))
      return path + ": cannot write: is a folder";
    if (!S_ISREG(status.st_mode))
      return writeStraight(path, pieces);
  }

  // Renaming onto a symbolic link would replace the link; write to its target.
  std::string target = path;
  if (char *resolved = realpath(path.c_str(), nullptr)) {
    target = resolved;
    std::free(resolved);
  }
  std::string beside = target + ".XXXXXX";
  int file = mkostemp(beside.data(), O_CLOEXEC);
  if (file < 0)
    return describe(path, "create", errno);
  int error = writeAll(file, pieces);
  if (error == 0 && fchmod(file, permissionsFor(target)) != 0)
    error = errno;
  if (error == 0 && fsync(file) != 0)
    error = errno;
  if (close(file) != 0 && error == 0)
    error = errno;
  if (error == 0 && rename(beside.c_str(), target.c_str()) != 0)
    error = errno;
  if (error != 0) {
    unlink(beside.c_str());
    return describe(path, "write", error);
  }
  return syncFolderOf(target);
}

} // namespace foregrad::runtime
