//===- Progress.cpp - What a run says while it goes on --------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/trainer/Progress.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace foregrad::runtime {

namespace {

constexpr auto redrawEvery = std::chrono::milliseconds(100);

size_t terminalWidth() {
  winsize size;
  bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

std::string barText(double part, size_t width) {
  size_t filled = static_cast<size_t>(part * static_cast<double>(width));
  std::string bar(std::min(filled, width), '=');
  bar.append(width - bar.size(), ' ');
  return "[" + bar + "]";
}

} // namespace

std::string durationText(double seconds) {
  uint64_t whole = static_cast<uint64_t>(std::llround(std::max(0.0, seconds)));
  if (whole >= 3600)
    return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
  if (whole >= 60)
    return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} s", whole);
}

Progress::Style Progress::choose(bool quiet) {
  if (quiet)
    return Style::Quiet;
  const char *terminal = std::getenv("TERM");
  bool plain = !terminal || std::strcmp(terminal, "dumb") == 0;
  return isatty(STDERR_FILENO) && !plain ? Style::Bar : Style::Lines;
}

Progress::Progress(Style chosen, uint64_t epochCount, uint64_t stepCount)
    : style(chosen), epochs(epochCount), stepsPerEpoch(stepCount) {}

void Progress::step(uint64_t epoch, uint64_t stepInEpoch, double loss,
                    const EpochSums &sums) {
  if (style != Style::Bar)
    return;
  auto now = std::chrono::steady_clock::now();
  if (visible && now - drawn < redrawEvery)
    return;
  drawn = now;
  double stepMs = sums.milliseconds / static_cast<double>(stepInEpoch);
  double left =
      static_cast<double>((epochs - epoch) * stepsPerEpoch - stepInEpoch) *
      stepMs / 1000;
  double part =
      static_cast<double>(stepInEpoch) / static_cast<double>(stepsPerEpoch);
  std::string line = fmt::format("epoch {}/{} {} {}/{}  loss {:.4f}  error "
                                 "{:.2f} %  {:.2f} ms/step  {} left",
                                 epoch + 1, epochs, barText(part, 16),
                                 stepInEpoch, stepsPerEpoch, loss,
                                 100.0 * static_cast<double>(sums.errors) /
                                     static_cast<double>(sums.samples),
                                 stepMs, durationText(left));
  // A line that wraps could not be drawn over.
  line.resize(std::min(line.size(), terminalWidth() - 1));
  fmt::print(stderr, "\r\x1b[K{}", line);
  (void)std::fflush(stderr);
  visible = true;
}

void Progress::epochDone(const EpochMetrics &metrics) {
  note(fmt::format(
      "epoch {}/{}  train loss {:.4f}  train error {:.2f} %  test error "
      "{:.2f} %  {:.2f} ms/step",
      metrics.epoch, epochs, metrics.trainLoss, metrics.trainError,
      metrics.testError, metrics.stepMs));
}

void Progress::note(const std::string &text) {
  if (style == Style::Quiet)
    return;
  clear();
  fmt::print("{}\n", text);
  (void)std::fflush(stdout);
}

void Progress::clear() {
  if (!visible)
    return;
  fmt::print(stderr, "\r\x1b[K");
  (void)std::fflush(stderr);
  visible = false;
}

} // namespace foregrad::runtime
