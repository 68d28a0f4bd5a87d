//===- Grad.cpp - fgrun grad ----------------------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
// One step's gradients without the update: how anyone checks the compiled step
// from outside.
//
//===----------------------------------------------------------------------===//
#include "tools/fgrun/Commands.h"

#include "runtime/data/Batches.h"
#include "runtime/support/Error.h"
#include "runtime/trainer/TensorFiles.h"

#include <algorithm>
#include <filesystem>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/ranges.h>

namespace foregrad::tools {

using namespace runtime;

namespace {

struct Options {
  std::string artifact, inputs, perturbation, out, dump;
  uint64_t seed = 0, step = 0;
  bool counted = false; ///< --seed or --step was given
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

/// Axes of size 1 (a single color) may be there or not; the batch counts.
void checkShape(const SafetensorsFile &file, const StoredTensor &stored,
                const TensorInfo &tensor) {
  auto significant = [](const auto &shape) {
    std::vector<uint64_t> result;
    for (size_t i = 0; i < shape.size(); ++i)
      if (i == 0 || shape[i] != 1)
        result.push_back(shape[i]);
    return result;
  };
  if (significant(stored.shape) != significant(tensor.shape))
    fail("{}: tensor '{}': expected the shape {}, found [{}]", file.getPath(),
         stored.name, shapeText(tensor.shape), fmt::join(stored.shape, ", "));
}

void loadImage(Program &program, const SafetensorsFile &file) {
  for (const TensorInfo *input : program.tensorsOf({Role::Input})) {
    const StoredTensor &stored = findInput(file, *input, "image");
    checkShape(file, stored, *input);
    if (stored.type() == DType::U8)
      storeBytes(file.dataOf(stored), input->dtype, program.data(*input), 0);
    else
      file.readInto(stored, input->dtype, program.data(*input));
  }
}

/// A label outside the classes would make compiled code read outside its
/// logits.
void loadLabels(Program &program, const SafetensorsFile &file) {
  for (const TensorInfo *label : program.tensorsOf({Role::Label})) {
    const StoredTensor &stored = findInput(file, *label, "label");
    checkShape(file, stored, *label);
    file.readInto(stored, DType::I32, program.data(*label));
    const auto *values = static_cast<const int32_t *>(program.data(*label));
    const auto classes =
        static_cast<int64_t>(program.artifact().classes.size());
    for (size_t i = 0; i < label->elements; ++i)
      if (values[i] < 0 || values[i] >= classes)
        fail("{}: tensor '{}': element {}: expected a class of 0 to {}, found "
             "{}",
             file.getPath(), stored.name, i, classes - 1, values[i]);
  }
}

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

void checkPerturbationOptions(const Artifact &artifact,
                              const Options &options) {
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
  if (external && options.counted)
    failUsage("--seed and --step do not go with --perturbation");
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

void run(const Options &options) {
  checkFiles(options);
  Artifact artifact = Artifact::load(options.artifact);
  checkPerturbationOptions(artifact, options);
  SafetensorsFile inputs = SafetensorsFile::load(options.inputs);
  Program program(artifact, {"init", "gradient"}, options.threads);
  program.setSeed(options.seed);
  program.setStep(options.step);
  for (const HyperInfo &hyper : artifact.hypers)
    program.setHyper(hyper.name, hyper.value);
  // What the file does not say starts as a run of this seed would.
  program.run("init");
  loadIfGiven(program, inputs, Role::Parameter);
  loadIfGiven(program, inputs, Role::Feedback);
  loadImage(program, inputs);
  loadLabels(program, inputs);
  if (!options.perturbation.empty())
    loadTensors(program, SafetensorsFile::load(options.perturbation),
                program.tensorsOf({Role::Perturbation}));

  program.run("gradient");
  std::map<std::string, std::string> metadata = {{"model", artifact.model},
                                                 {"rule", artifact.rule}};
  saveTensors(options.out, program,
              program.tensorsOf({Role::Gradient, Role::Output}), metadata, {1});

  if (options.dump.empty())
    return;
  Program noise(artifact, {"perturbation"}, options.threads);
  noise.setSeed(options.seed);
  noise.setStep(options.step);
  noise.run("perturbation");
  saveTensors(options.dump, noise, noise.tensorsOf({Role::Perturbation}),
              metadata, {1});
}

} // namespace

void addGrad(CLI::App &app) {
  auto options = std::make_shared<Options>();
  CLI::App &command = *app.add_subcommand(
      "grad", "Gradients of one step, without the update, as safetensors");
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
      command.add_option("--step", options->step, "Number of the step")
          ->type_name("K")
          ->capture_default_str();
  command
      .add_option("--out", options->out,
                  "Gets PATH.grad of each parameter, loss and BLOCK.loss")
      ->required()
      ->type_name("FILE");
  command
      .add_option("--dump-perturbation", options->dump,
                  "Gets the SITE.perturbation that this seed and step use")
      ->type_name("FILE");
  addThreads(command, options->threads);
  command.footer(
      "Examples:\n"
      "  fgrun grad model.fgb --inputs in.safetensors --seed 1 --step 0 --out "
      "grad.safetensors\n"
      "  fgrun grad external.fgb --inputs in.safetensors --perturbation "
      "u.safetensors --out grad.safetensors");
  command.callback([options, seed, step] {
    options->counted = seed->count() + step->count() > 0;
    run(*options);
  });
}

} // namespace foregrad::tools
