//===- Progress.h - What a run says while it goes on ------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_TRAINER_PROGRESS_H
#define FOREGRAD_RUNTIME_TRAINER_PROGRESS_H

#include "runtime/trainer/Metrics.h"

#include <chrono>
#include <cstdint>
#include <string>

namespace foregrad::runtime {

/// On a terminal a line that is drawn again and again on standard error, and a
/// line for each epoch; elsewhere the lines alone, on standard output.
class Progress {
public:
  enum class Style { Quiet, Lines, Bar };

  /// Bar on a terminal, else Lines; Quiet where asked.
  static Style choose(bool quiet);

  Progress(Style style, uint64_t epochs, uint64_t stepsPerEpoch);
  ~Progress() { clear(); }

  /// After each step. `sums` are those of the epoch so far.
  void step(uint64_t epoch, uint64_t stepInEpoch, double loss,
            const EpochSums &sums);

  void epochDone(const EpochMetrics &metrics);

  /// A line of its own.
  void note(const std::string &text);

private:
  void clear();

  Style style;
  uint64_t epochs, stepsPerEpoch;
  std::chrono::steady_clock::time_point drawn;
  bool visible = false;
};

/// "1 h 02 min", "3 min 20 s", "12 s".
std::string durationText(double seconds);

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_TRAINER_PROGRESS_H
