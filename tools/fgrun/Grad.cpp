//===- Grad.cpp - fgrun grad ----------------------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
// One step's gradients without the update: how anyone checks the compiled step
// from outside. With --steps, those of several, for who looks at estimates.
//
//===----------------------------------------------------------------------===//
#include "tools/fgrun/Commands.h"

#include "runtime/data/Batches.h"
#include "runtime/support/Checked.h"
#include "runtime/support/Error.h"
#include "runtime/trainer/TensorFiles.h"

#include <cstring>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>
#include <fmt/ranges.h>

namespace foregrad::tools {

using namespace runtime;

namespace {

struct Options {
  std::string artifact, inputs, perturbation, out, dump;
  uint64_t seed = 0, step = 0;
  std::optional<uint64_t> steps; ///< nothing: one, without an axis for it
  bool counted = false;          ///< --seed, --step or --steps was given
  int threads = 0;
};

/// The tensor under its own name or, failing that, under the name that files of
/// other programs use.
const StoredTensor &findInput(const SafetensorsFile &file,
                              const TensorInfo &tensor,
                              std::string_view common) {
  const StoredTensor *found = file.find(tensor.name);
  if (!found)
    found = file.find(common);
  if (!found)
    fail("{}: lacks the tensor '{}'", file.getPath(), common);
  return *found;
}

/// True if `stored` holds `count` batches of `tensor`. Axes of size 1 (a single
/// color) may be there or not; the batch counts.
bool holdsBatches(const StoredTensor &stored, const TensorInfo &tensor,
                  uint64_t count) {
  auto significant = [](const auto &shape) {
    std::vector<uint64_t> result;
    for (size_t i = 0; i < shape.size(); ++i)
      if (i == 0 || shape[i] != 1)
        result.push_back(shape[i]);
    return result;
  };
  std::vector<uint64_t> wanted = significant(tensor.shape);
  std::optional<uint64_t> samples = checkedMultiply(wanted.front(), count);
  if (!samples)
    return false;
  wanted.front() = *samples;
  return significant(stored.shape) == wanted;
}

/// The samples of the steps: a file holds those of one, which all take, or,
/// one step's after the other's, those of each, and its labels likewise.
class StepSamples {
public:
  /// Reads all inputs and labels of `program`. Throws Error where they are not
  /// in `file` or not what the program takes.
  StepSamples(const Program &program, const SafetensorsFile &file,
              uint64_t steps) {
    for (const TensorInfo *input : program.tensorsOf({Role::Input})) {
      const StoredTensor &stored = findInput(file, *input, "image");
      uint8_t *values = make(file, stored, *input, steps);
      if (stored.type() == DType::U8)
        storeBytes(file.dataOf(stored), input->dtype, values, 0);
      else
        file.readInto(stored, input->dtype, values);
    }
    for (const TensorInfo *label : program.tensorsOf({Role::Label})) {
      const StoredTensor &stored = findInput(file, *label, "label");
      file.readInto(stored, DType::I32, make(file, stored, *label, steps));
      checkLabels(file, stored, program.artifact().classes.size());
    }
  }

  /// Gives `program` the samples of a step, counted from 0.
  void fill(Program &program, uint64_t step) const {
    for (const Samples &samples : all)
      std::memcpy(program.data(*samples.tensor),
                  samples.values.data() +
                      step % samples.batches * samples.tensor->bytes,
                  samples.tensor->bytes);
  }

private:
  struct Samples {
    const TensorInfo *tensor;
    std::string name; ///< in the file
    uint64_t batches; ///< 1, or that of all steps
    AlignedBytes values;
  };

  /// Where the values of `tensor` belong, in its own type.
  uint8_t *make(const SafetensorsFile &file, const StoredTensor &stored,
                const TensorInfo &tensor, uint64_t steps) {
    const bool one = holdsBatches(stored, tensor, 1);
    if (!one && steps == 1)
      fail("{}: tensor '{}': expected the shape {}, found [{}]", file.getPath(),
           stored.name, shapeText(tensor.shape), fmt::join(stored.shape, ", "));
    if (!one && !holdsBatches(stored, tensor, steps))
      fail(
          "{}: tensor '{}': expected the shape {}, or {} times as many samples "
          "for as many steps, found [{}]",
          file.getPath(), stored.name, shapeText(tensor.shape), steps,
          fmt::join(stored.shape, ", "));
    const uint64_t batches = one ? 1 : steps;
    if (!all.empty() && all.front().batches != batches)
      fail("{}: tensor '{}' has the samples of {} steps, '{}' those of {}",
           file.getPath(), stored.name, batches, all.front().name,
           all.front().batches);
    // What the file holds has been read, so that the product fits.
    all.push_back({&tensor, stored.name, batches,
                   AlignedBytes(batches * tensor.bytes, /*zeroed=*/false)});
    return all.back().values.data();
  }

  /// A label outside the classes would make compiled code read outside its
  /// logits.
  void checkLabels(const SafetensorsFile &file, const StoredTensor &stored,
                   size_t classes) const {
    const AlignedBytes &values = all.back().values;
    const auto *labels = reinterpret_cast<const int32_t *>(values.data());
    for (size_t i = 0; i < values.size() / sizeof(int32_t); ++i)
      if (labels[i] < 0 || static_cast<size_t>(labels[i]) >= classes)
        fail("{}: tensor '{}': element {}: expected a class of 0 to {}, found "
             "{}",
             file.getPath(), stored.name, i, static_cast<int64_t>(classes) - 1,
             labels[i]);
  }

  std::vector<Samples> all;
};

/// The tensors of a role are taken from `file`, all of them; if it has none of
/// them they stay as they are. Others that it holds may be for another rule.
void loadIfGiven(Program &program, const SafetensorsFile &file, Role role) {
  const Artifact &artifact = program.artifact();
  std::vector<const TensorInfo *> wanted;
  for (Binding binding : artifact.entry("gradient").bindings)
    if (artifact.tensors[binding.tensor].role == role)
      wanted.push_back(&artifact.tensors[binding.tensor]);
  loadTensorsIfAny(program, file, wanted);
}

void checkStepOptions(const Artifact &artifact, const Options &options) {
  const bool external = artifact.takesPerturbations();
  const bool perturbs = external || artifact.findEntry("perturbation");
  if (!perturbs && !options.perturbation.empty())
    failUsage("--perturbation: {}: the rule {} perturbs nothing", artifact.path,
              artifact.rule);
  if (!perturbs && !options.dump.empty())
    failUsage("--dump-perturbation: {}: the rule {} perturbs nothing",
              artifact.path, artifact.rule);
  if (external && options.perturbation.empty())
    failUsage("{}: was compiled with --external-perturbation: give "
              "--perturbation FILE",
              artifact.path);
  if (!external && !options.perturbation.empty())
    failUsage(
        "{}: makes its own perturbations: give --seed and --step, or compile "
        "it with fgc --external-perturbation",
        artifact.path);
  if (!checkedAdd(options.step, options.steps.value_or(1) - 1))
    failUsage("--steps: {} steps from step {} on: numbers of steps end at {}",
              *options.steps, options.step,
              std::numeric_limits<uint64_t>::max());
  if (external && options.counted)
    failUsage("--seed, --step and --steps do not go with --perturbation");
  if (!options.dump.empty() && external)
    failUsage(
        "--dump-perturbation: the perturbations come from --perturbation");
}

/// What is written must not replace what was read, nor what else is written.
void checkFiles(const Options &options) {
  auto same = [](const std::string &a, const std::string &b) {
    if (a.empty() || b.empty())
      return false;
    std::error_code error;
    std::filesystem::path first = std::filesystem::weakly_canonical(a, error);
    return !first.empty() &&
           first == std::filesystem::weakly_canonical(b, error);
  };
  const std::pair<std::string_view, const std::string &> all[] = {
      {"MODEL.fgb", options.artifact},          {"--inputs", options.inputs},
      {"--perturbation", options.perturbation}, {"--out", options.out},
      {"--dump-perturbation", options.dump},
  };
  constexpr size_t firstWritten = 3;
  for (size_t written = firstWritten; written < std::size(all); ++written)
    for (size_t other = 0; other < written; ++other)
      if (same(all[written].second, all[other].second))
        failUsage("{} {}: is {} too: give another file", all[written].first,
                  all[written].second, all[other].first);
}

/// With --steps, the steps are an axis of what is written.
void save(const TensorSeries &series, const std::string &path,
          const Artifact &artifact, const Options &options) {
  series.save(path, {{"model", artifact.model}, {"rule", artifact.rule}},
              options.steps.has_value());
}

void writeGradients(const Artifact &artifact, const Options &options) {
  SafetensorsFile inputs = SafetensorsFile::load(options.inputs);
  Program program(artifact, {"init", "gradient"}, options.threads);
  program.setSeed(options.seed);
  for (const HyperInfo &hyper : artifact.hypers)
    program.setHyper(hyper.name, hyper.value);
  // What the file does not say starts as a run of this seed would.
  program.run("init");
  loadIfGiven(program, inputs, Role::Parameter);
  loadIfGiven(program, inputs, Role::Feedback);
  const uint64_t steps = options.steps.value_or(1);
  const StepSamples samples(program, inputs, steps);
  if (!options.perturbation.empty())
    loadTensors(program, SafetensorsFile::load(options.perturbation),
                program.tensorsOf({Role::Perturbation}));

  TensorSeries gradients(
      program, program.tensorsOf({Role::Gradient, Role::Output}), steps);
  for (uint64_t step = 0; step < steps; ++step) {
    samples.fill(program, step);
    program.setStep(options.step + step);
    program.run("gradient");
    gradients.add();
  }
  save(gradients, options.out, artifact, options);
}

/// What the steps of writeGradients perturb with.
void writePerturbations(const Artifact &artifact, const Options &options) {
  Program program(artifact, {"perturbation"}, options.threads);
  program.setSeed(options.seed);
  const uint64_t steps = options.steps.value_or(1);
  TensorSeries perturbations(program, program.tensorsOf({Role::Perturbation}),
                             steps);
  for (uint64_t step = 0; step < steps; ++step) {
    program.setStep(options.step + step);
    program.run("perturbation");
    perturbations.add();
  }
  save(perturbations, options.dump, artifact, options);
}

void run(const Options &options) {
  checkFiles(options);
  Artifact artifact = Artifact::load(options.artifact);
  checkStepOptions(artifact, options);
  writeGradients(artifact, options);
  if (!options.dump.empty())
    writePerturbations(artifact, options);
}

} // namespace

void addGrad(CLI::App &app) {
  auto options = std::make_shared<Options>();
  CLI::App &command = *app.add_subcommand(
      "grad", "Gradients of steps, without updates, as safetensors");
  addArtifact(command, options->artifact);
  command
      .add_option("--inputs", options->inputs,
                  "safetensors with image (u8 0..255, or floating 0..1), label "
                  "(int32) and the parameters by path; without any parameter "
                  "they start as --seed says, and so do feedback weights")
      ->required()
      ->type_name("FILE");
  command
      .add_option(
          "--perturbation", options->perturbation,
          "safetensors with SITE.perturbation (for a model compiled with "
          "--external-perturbation)")
      ->type_name("FILE");
  CLI::Option *seed =
      command.add_option("--seed", options->seed, "Seed of the perturbations")
          ->type_name("S")
          ->capture_default_str();
  CLI::Option *step =
      command.add_option("--step", options->step, "Number of the (first) step")
          ->type_name("K")
          ->capture_default_str();
  CLI::Option *steps =
      command
          .add_option("--steps", options->steps,
                      "So many steps from --step on, each with samples of its "
                      "own if FILE has as many batches; tensors of "
                      "--out and --dump-perturbation get a first axis for them")
          ->type_name("N")
          ->check(CLI::Range(uint64_t{1}, uint64_t{100000000}));
  command
      .add_option("--out", options->out,
                  "Gets PATH.grad of each parameter, loss and BLOCK.loss")
      ->required()
      ->type_name("FILE");
  command
      .add_option("--dump-perturbation", options->dump,
                  "Gets the SITE.perturbation that these steps use")
      ->type_name("FILE");
  addThreads(command, options->threads);
  command.footer(
      "Examples:\n"
      "  fgrun grad model.fgb --inputs in.safetensors --seed 1 --step 0 --out "
      "grad.safetensors\n"
      "  fgrun grad model.fgb --inputs in.safetensors --steps 1000 --out "
      "estimates.safetensors\n"
      "  fgrun grad external.fgb --inputs in.safetensors --perturbation "
      "u.safetensors --out grad.safetensors");
  command.callback([options, seed, step, steps] {
    options->counted = seed->count() + step->count() + steps->count() > 0;
    run(*options);
  });
}

} // namespace foregrad::tools
