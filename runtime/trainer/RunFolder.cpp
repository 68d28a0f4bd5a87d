//===- RunFolder.cpp - What a run leaves on disk --------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/trainer/RunFolder.h"

#include "runtime/io/File.h"
#include "runtime/support/Error.h"
#include "runtime/trainer/Checkpoint.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace foregrad::runtime {

RunFolder::RunFolder(const std::string &folder) : path(folder) {
  makeFolder(path);
  makeFolder(checkpoint());
  lock = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock < 0)
    fail("{}: cannot open: {}", path, std::strerror(errno));
  // A file system without locks says so; then there is no protection, no fault.
  if (flock(lock, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    close(lock);
    fail("{}: another fgrun is training in this folder", path);
  }
}

RunFolder::~RunFolder() { close(lock); }

bool RunFolder::hasResults() const {
  struct stat status;
  bool measured = stat(metrics().c_str(), &status) == 0 && status.st_size > 0;
  return measured || isFile(parameters()) || hasCheckpoint(checkpoint());
}

} // namespace foregrad::runtime
