//===- StopSignals.h - Ctrl-C and SIGTERM end a run in good order *- C++
//-*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_TRAINER_STOPSIGNALS_H
#define FOREGRAD_RUNTIME_TRAINER_STOPSIGNALS_H

#include <csignal>

namespace foregrad::runtime {

/// While one lives, the first SIGINT or SIGTERM only sets requested(); a second
/// one ends the process as usual. At most one at a time.
class StopSignals {
public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals &) = delete;
  StopSignals &operator=(const StopSignals &) = delete;

  bool requested() const;

private:
  struct sigaction previousInterrupt, previousTerminate;
};

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_TRAINER_STOPSIGNALS_H
