//===- Bench.cpp - fgrun bench --------------------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "tools/fgrun/Commands.h"

#include "runtime/data/Batches.h"
#include "runtime/device/Program.h"
#include "runtime/support/Error.h"
#include "runtime/support/Philox.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <memory>
#include <optional>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace foregrad::tools {

using namespace runtime;

namespace {

struct Options {
  std::string artifact;
  uint64_t steps = 0; ///< 0: as many as fit in about three seconds
  int threads = 0;
  bool json = false;
  bool profile = false;
};

/// Bytes as of an 8-bit image, and labels of all classes.
void fillSynthetic(Program &program) {
  const Artifact &artifact = program.artifact();
  for (const TensorInfo *input : program.tensorsOf({Role::Input})) {
    std::vector<uint8_t> image(input->elements);
    for (size_t i = 0; i < image.size(); ++i)
      image[i] = static_cast<uint8_t>(philox64(0, 0, i));
    storeBytes(image, input->dtype, program.data(*input), 0);
  }
  for (const TensorInfo *label : program.tensorsOf({Role::Label}))
    for (size_t i = 0; i < label->elements; ++i)
      static_cast<int32_t *>(program.data(*label))[i] =
          static_cast<int32_t>(philox64(0, 1, i) % artifact.classes.size());
}

double timeStep(Program &program, uint64_t step, Profile *profile = nullptr) {
  auto start = std::chrono::steady_clock::now();
  program.setStep(step);
  program.run("step", profile);
  auto end = std::chrono::steady_clock::now();
  return std::chrono::duration<double, std::milli>(end - start).count();
}

uint64_t peakResidentBytes() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("VmHWM:"))
      return std::strtoull(line.c_str() + 6, nullptr, 10) * 1024;
  return 0;
}

/// What a kernel took in a step, on average.
struct KernelTime {
  const KernelInfo *kernel;
  double milliseconds, share; // of all kernels: 0..1

  double gflops() const { return rate(kernel->flops); }
  double gigabytes() const { return rate(kernel->bytes); } // a second

private:
  /// In 1e9 a second, of what one call does.
  double rate(double ofCall) const {
    return ofCall * static_cast<double>(kernel->trips) / (milliseconds * 1e6);
  }
};

/// The slowest first.
std::vector<KernelTime> kernelTimes(const Profile &profile,
                                    const EntryCodeInfo &entry) {
  std::vector<KernelTime> times;
  double all = 0;
  for (size_t i = 0; i < entry.kernels.size(); ++i) {
    double milliseconds =
        profile.seconds()[i] * 1e3 / static_cast<double>(profile.entries());
    times.push_back({&entry.kernels[i], milliseconds, 0});
    all += milliseconds;
  }
  for (KernelTime &time : times)
    time.share = time.milliseconds / all;
  std::sort(times.begin(), times.end(),
            [](const KernelTime &a, const KernelTime &b) {
              return a.milliseconds > b.milliseconds;
            });
  return times;
}

void printProfile(const std::vector<KernelTime> &times) {
  fmt::print("\n{:>7}  {:>9}  {:>6}  {:>8}  {:>7}  {:<36}  {}\n", "share",
             "ms a step", "calls", "GFLOP/s", "GB/s", "kernel", "at");
  for (const KernelTime &time : times)
    fmt::print("{:6.1f}%  {:9.3f}  {:6}  {:>8}  {:7.1f}  {:<36}  {}\n",
               time.share * 100, time.milliseconds, time.kernel->trips,
               time.kernel->flops > 0 ? fmt::format("{:.1f}", time.gflops())
                                      : "",
               time.gigabytes(), time.kernel->what, time.kernel->where);
}

nlohmann::ordered_json profileJson(const std::vector<KernelTime> &times) {
  auto list = nlohmann::ordered_json::array();
  for (const KernelTime &time : times)
    list.push_back({{"what", time.kernel->what},
                    {"where", time.kernel->where},
                    {"calls", time.kernel->trips},
                    {"ms", time.milliseconds},
                    {"share", time.share},
                    {"gflops", time.gflops()},
                    {"gigabytes_per_second", time.gigabytes()}});
  return list;
}

void run(const Options &options) {
  Artifact artifact = Artifact::load(options.artifact);
  Program program(artifact, {"init", "step"}, options.threads);
  program.setSeed(0);
  program.run("init");
  for (const HyperInfo &hyper : artifact.hypers)
    program.setHyper(hyper.name, hyper.value);
  fillSynthetic(program);

  constexpr uint64_t warmUp = 3;
  double expected = 0;
  for (uint64_t step = 0; step < warmUp; ++step)
    expected = timeStep(program, step);
  uint64_t steps = options.steps;
  if (steps == 0)
    steps = static_cast<uint64_t>(
        std::clamp(3000 / std::max(expected, 1e-3), 5.0, 2000.0));

  const EntryCodeInfo &entry = program.codeOf("step");
  std::optional<Profile> profile;
  if (options.profile)
    profile.emplace(program.profileOf("step"));
  std::vector<double> times;
  for (uint64_t i = 0; i < steps; ++i)
    times.push_back(
        timeStep(program, warmUp + i, profile ? &*profile : nullptr));
  std::sort(times.begin(), times.end());
  const size_t half = times.size() / 2;
  const double median =
      times.size() % 2 ? times[half] : (times[half - 1] + times[half]) / 2;
  const double gflop = entry.flops * 1e-9;
  const double gflops = gflop / (median * 1e-3);

  if (!options.json) {
    fmt::print("{} with {}, batch {}, {}, code for {}, {} threads, {} steps\n"
               "step      {:.3f} ms median, {:.3f} to {:.3f}\n"
               "products  {:.4f} GFLOP a step, {:.1f} GFLOP/s\n"
               "memory    {:.1f} MiB planned, {:.1f} MiB peak of the process\n",
               artifact.model, artifact.rule, artifact.batch,
               nameOf(artifact.precision), program.codeInfo().cpu,
               program.threads(), steps, median, times.front(), times.back(),
               gflop, gflops,
               static_cast<double>(program.plannedBytes()) / (1 << 20),
               static_cast<double>(peakResidentBytes()) / (1 << 20));
    if (profile)
      printProfile(kernelTimes(*profile, entry));
    return;
  }
  nlohmann::ordered_json json = {
      {"step_ms",
       {{"median", median}, {"min", times.front()}, {"max", times.back()}}},
      {"gflop_per_step", gflop},
      {"gflops", gflops},
      {"peak_bytes_planned", program.plannedBytes()},
      {"peak_rss_bytes", peakResidentBytes()},
      {"cpu", program.codeInfo().cpu},
      {"threads", program.threads()},
      {"batch", artifact.batch},
      {"rule", artifact.rule},
      {"precision", nameOf(artifact.precision)},
      {"model", artifact.model},
      {"steps", steps},
  };
  if (profile)
    json["kernels"] = profileJson(kernelTimes(*profile, entry));
  fmt::print("{}\n", json.dump());
}

} // namespace

void addBench(CLI::App &app) {
  auto options = std::make_shared<Options>();
  CLI::App &command = *app.add_subcommand(
      "bench", "Time a training step on synthetic data, with everything in it");
  addArtifact(command, options->artifact);
  command
      .add_option(
          "--steps", options->steps,
          "Steps to time, after three to warm up (default: what fits in "
          "about 3 s)")
      ->check(CLI::Range(uint64_t{1}, uint64_t{100000000}))
      ->type_name("N");
  addThreads(command, options->threads);
  command.add_flag("--json", options->json, "Print one JSON object");
  command.add_flag("--profile", options->profile,
                   "Also show each kernel: its time, its rate and the line of "
                   "the model that it comes from");
  command.footer("Examples:\n"
                 "  fgrun bench model.fgb\n"
                 "  fgrun bench model.fgb --profile\n"
                 "  fgrun bench model.fgb --steps 100 --threads 1 --json");
  command.callback([options] { run(*options); });
}

} // namespace foregrad::tools
