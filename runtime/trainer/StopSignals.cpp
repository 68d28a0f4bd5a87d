//===- StopSignals.cpp - Ctrl-C and SIGTERM end a run in good order -------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/trainer/StopSignals.h"

#include <atomic>

namespace foregrad::runtime {

namespace {

std::atomic<bool> stopRequested = false;
static_assert(std::atomic<bool>::is_always_lock_free,
              "a signal handler sets it");

void requestStop(int) { stopRequested.store(true); }

} // namespace

StopSignals::StopSignals() {
  stopRequested.store(false);
  struct sigaction action = {};
  action.sa_handler = requestStop;
  sigemptyset(&action.sa_mask);
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigaction(SIGINT, &action, &previousInterrupt);
  sigaction(SIGTERM, &action, &previousTerminate);
}

StopSignals::~StopSignals() {
  sigaction(SIGINT, &previousInterrupt, nullptr);
  sigaction(SIGTERM, &previousTerminate, nullptr);
}

bool StopSignals::requested() const { return stopRequested.load(); }

} // namespace foregrad::runtime
