//===- Bench.cpp - fgrun bench --------------------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "tools/fgrun/Commands.h"
#include "tools/fgrun/KernelTimes.h"

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

/// Bytes as of 8-bit images, drawn at random.
class SyntheticImages : public SampleSource {
public:
  explicit SyntheticImages(const Artifact &artifact)
      : sampleBytes(artifact.input().elements / artifact.batch),
        bytes(artifact.input().elements) {
    for (size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = static_cast<uint8_t>(philox64(0, 0, i));
  }

  void fetch(const TensorInfo &input, uint64_t first, uint64_t count,
             void *to) const noexcept override {
    storeBytes(
        std::span(bytes).subspan(first * sampleBytes, count * sampleBytes),
        input.dtype, to, 0);
  }

private:
  const size_t sampleBytes;
  std::vector<uint8_t> bytes;
};

/// Inputs that are not fetched, and labels of all classes.
void fillSynthetic(Program &program, const SampleSource &images) {
  const Artifact &artifact = program.artifact();
  for (const TensorInfo *input : program.tensorsOf({Role::Input}))
    images.fetch(*input, 0, artifact.batch, program.data(*input));
  for (const TensorInfo *label : program.tensorsOf({Role::Label}))
    for (size_t i = 0; i < label->elements; ++i)
      static_cast<int32_t *>(program.data(*label))[i] =
          static_cast<int32_t>(philox64(0, 1, i) % artifact.classes.size());
}

double timeStep(Program &program, uint64_t step, const CallOptions &options) {
  auto start = std::chrono::steady_clock::now();
  program.setStep(step);
  program.run("step", options);
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

void run(const Options &options) {
  Artifact artifact = Artifact::load(options.artifact);
  Program program(artifact, {"init", "step"}, options.threads);
  program.setSeed(0);
  program.run("init");
  for (const HyperInfo &hyper : artifact.hypers)
    program.setHyper(hyper.name, hyper.value);
  const SyntheticImages images(artifact);
  fillSynthetic(program, images);

  constexpr uint64_t warmUp = 3;
  double expected = 0;
  for (uint64_t step = 0; step < warmUp; ++step)
    expected = timeStep(program, step, {.samples = &images});
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
    times.push_back(timeStep(
        program, warmUp + i,
        {.samples = &images, .profile = profile ? &*profile : nullptr}));
  std::sort(times.begin(), times.end());
  const size_t half = times.size() / 2;
  const double median =
      times.size() % 2 ? times[half] : (times[half - 1] + times[half]) / 2;
  const double gflop = entry.flops * 1e-9;
  const double gflops = gflop / (median * 1e-3);
  const uint64_t peakResident = peakResidentBytes();
  const std::optional<MachineLimit> limit =
      measureLimit(artifact, program.codeInfo(), program.threads());
  const double leastMs = limit ? limit->seconds(entry.kernels) * 1e3 : 0;

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
               static_cast<double>(peakResident) / (1 << 20));
    if (limit) {
      const std::string draws =
          limit->draws > 0
              ? fmt::format(", {:.0f} million random numbers a second",
                            limit->draws * 1e-6)
              : "";
      fmt::print("limit     {:.1f} GFLOP/s, {:.1f} GB/s in the L2 caches{}: "
                 "{:.3f} ms a step, {:.0f} % of the time taken\n",
                 limit->flops * 1e-9, limit->bytes * 1e-9, draws, leastMs,
                 leastMs / median * 100);
    }
    if (profile) {
      std::vector<KernelTime> kernels =
          kernelTimes(*profile, entry.kernels, limit);
      printTimes(kernels, drawTimes(kernels, entry.kernels, limit));
    }
    return;
  }
  nlohmann::ordered_json json = {
      {"step_ms",
       {{"median", median}, {"min", times.front()}, {"max", times.back()}}},
      {"gflop_per_step", gflop},
      {"gflops", gflops},
      {"numbers_per_step", numbersOf(entry.kernels)},
      {"peak_bytes_planned", program.plannedBytes()},
      {"peak_rss_bytes", peakResident},
      {"cpu", program.codeInfo().cpu},
      {"threads", program.threads()},
      {"batch", artifact.batch},
      {"rule", artifact.rule},
      {"precision", nameOf(artifact.precision)},
      {"model", artifact.model},
      {"steps", steps},
  };
  if (limit) {
    json["limit"] = {{"gflops", limit->flops * 1e-9},
                     {"gigabytes_per_second", limit->bytes * 1e-9},
                     {"step_ms", leastMs},
                     {"share", leastMs / median}};
    if (limit->draws > 0)
      json["limit"]["million_numbers_per_second"] = limit->draws * 1e-6;
  }
  if (profile) {
    std::vector<KernelTime> kernels =
        kernelTimes(*profile, entry.kernels, limit);
    json["noise"] = drawsJson(drawTimes(kernels, entry.kernels, limit));
    json["kernels"] = timesJson(kernels);
  }
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
                   "Also show each kernel: its time, its rate, how near it "
                   "comes to the machine's limit and the line of the model "
                   "that it comes from");
  command.footer(
      "The limit is measured at the end, on as many threads, by code of "
      "the model's own\ninstructions: multiply-adds in registers, "
      "copies in the second-level caches and,\nwhere the step draws, "
      "random numbers. A kernel's limit is the longest of the\ntimes that its "
      "operations, its bytes and its numbers take at these rates; one\nwhose "
      "data lie in first-level caches can pass it.\n\n"
      "Examples:\n"
      "  fgrun bench model.fgb\n"
      "  fgrun bench model.fgb --profile\n"
      "  fgrun bench model.fgb --steps 100 --threads 1 --json");
  command.callback([options] { run(*options); });
}

} // namespace foregrad::tools
