//===- Team.cpp - threads that begin together -----------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "benchmarks/limit/Team.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

namespace foregrad::limit {

namespace {

using Clock = std::chrono::steady_clock;

class SpinBarrier {
public:
  explicit SpinBarrier(int threads) : threads(threads) {}

  void wait() {
    const int now = phase.load(std::memory_order_acquire);
    if (arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == threads) {
      arrived.store(0, std::memory_order_relaxed);
      phase.store(now + 1, std::memory_order_release);
      return;
    }
    while (phase.load(std::memory_order_acquire) == now) {
    }
  }

private:
  const int threads;
  std::atomic<int> arrived = 0, phase = 0;
};

} // namespace

std::vector<double> timeTogether(int threads, int repeats,
                                 const std::function<void(int)> &work) {
  SpinBarrier barrier(threads);
  std::vector<double> seconds(static_cast<size_t>(repeats));
  auto member = [&](int thread) {
    for (double &second : seconds) {
      barrier.wait();
      auto begin = Clock::now();
      work(thread);
      barrier.wait();
      if (thread == 0)
        second = std::chrono::duration<double>(Clock::now() - begin).count();
    }
  };
  std::vector<std::thread> others;
  for (int thread = 1; thread < threads; ++thread)
    others.emplace_back(member, thread);
  member(0);
  for (std::thread &other : others)
    other.join();
  return seconds;
}

std::vector<double> timeFor(double seconds, int threads,
                            const std::function<void(int)> &work) {
  const double first = timeTogether(threads, 1, work).front();
  const double repeats = std::clamp(seconds / std::max(first, 1e-7), 3.0, 1e4);
  return timeTogether(threads, static_cast<int>(repeats), work);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 ? values[half]
                           : (values[half - 1] + values[half]) / 2;
}

} // namespace foregrad::limit
