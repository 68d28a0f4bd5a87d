//===- TensorBoard.h - A run's numbers as TensorBoard reads them -*- C++
//-*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
// Event files (tensorflow/core/util/event.proto) as TFRecords
// (tensorflow/core/lib/io/record_writer.h). Each process that trains writes a
// file of its own; TensorBoard reads those of a folder in the order of their
// names as one run.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_TRAINER_TENSORBOARD_H
#define FOREGRAD_RUNTIME_TRAINER_TENSORBOARD_H

#include "runtime/trainer/Metrics.h"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

namespace foregrad::runtime {

class TensorBoard {
public:
  /// Creates the next events.out.tfevents.* in `folder`. What earlier files
  /// hold of steps behind `lastStep` is no more part of the run: a process that
  /// was killed may have written an epoch that is now done once more. Throws
  /// Error.
  TensorBoard(const std::string &folder, uint64_t lastStep);

  /// Adds loss/train, error/train, error/test (percent), rate and
  /// time/step_ms at `step`, the count of steps done. They are in the file when
  /// this returns. Throws Error.
  void add(const EpochMetrics &row, uint64_t step);

private:
  struct Close {
    // Every event was flushed, and its errors reported, when it was written.
    void operator()(std::FILE *open) const { (void)std::fclose(open); }
  };

  void write(std::string_view event);

  std::string path;
  std::unique_ptr<std::FILE, Close> file;
};

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_TRAINER_TENSORBOARD_H
