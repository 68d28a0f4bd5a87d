//===- RunFolder.h - What a run leaves on disk ------------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_TRAINER_RUNFOLDER_H
#define FOREGRAD_RUNTIME_TRAINER_RUNFOLDER_H

#include <string>

namespace foregrad::runtime {

/// The folder of a run, locked against a second trainer as long as this lives.
class RunFolder {
public:
  /// Creates it where it does not exist. Throws Error where it cannot be
  /// written or another process trains in it.
  explicit RunFolder(const std::string &path);
  ~RunFolder();
  RunFolder(const RunFolder &) = delete;
  RunFolder &operator=(const RunFolder &) = delete;

  /// True if an earlier run left results or a checkpoint here.
  bool hasResults() const;

  std::string metrics() const { return path + "/metrics.jsonl"; }
  std::string parameters() const { return path + "/last.safetensors"; }
  std::string report() const { return path + "/report.html"; }
  std::string config() const { return path + "/config.json"; }
  std::string checkpoint() const { return path + "/checkpoint"; }

  const std::string path;

private:
  int lock = -1;
};

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_TRAINER_RUNFOLDER_H
