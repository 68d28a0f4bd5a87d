//===- Diagnose.cpp - fgrun diagnose --------------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
// Which layers a rule learns well, and what more directions would buy.
//
//===----------------------------------------------------------------------===//
#include "tools/fgrun/Commands.h"

#include "runtime/diagnose/Diagnose.h"
#include "runtime/diagnose/DiagnosisReport.h"
#include "runtime/io/File.h"
#include "runtime/trainer/TensorFiles.h"

#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace foregrad::tools {

using namespace runtime;

namespace {

struct Options {
  std::string artifact, parameters, data, out;
  DiagnoseOptions diagnose;
  int threads = 0;
  bool json = false;
};

/// The parameters of the file, and its feedback weights if it has them; else
/// those that a run of this seed starts with.
void loadParameters(Program &program, const Options &options) {
  program.setSeed(options.diagnose.seed);
  program.run("init");
  for (const HyperInfo &hyper : program.artifact().hypers)
    program.setHyper(hyper.name, hyper.value);
  if (options.parameters.empty())
    return;
  SafetensorsFile file = SafetensorsFile::load(options.parameters);
  loadTensors(program, file, program.tensorsOf({Role::Parameter}));
  loadTensorsIfAny(program, file, program.tensorsOf({Role::Feedback}));
}

Diagnosis makeDiagnosis(const Artifact &artifact, const Options &options) {
  Diagnosis diagnosis = beginDiagnosis(artifact);
  if (diagnosis.isExact)
    return diagnosis;
  std::string spec = chooseData(artifact, options.data);
  std::unique_ptr<Dataset> data = openDataset(spec);
  checkDataset(*data, spec, artifact);
  Program program(artifact, {"init", "gradient", "exact"}, options.threads);
  loadParameters(program, options);
  return diagnose(program, *data, options.diagnose);
}

void run(const Options &options) {
  Artifact artifact = Artifact::load(options.artifact);
  Diagnosis diagnosis = makeDiagnosis(artifact, options);
  if (!options.out.empty())
    saveFile(options.out, {diagnosisPage(diagnosis)});
  if (options.json)
    fmt::print("{}\n", diagnosisJson(diagnosis).dump(2));
  else
    fmt::print("{}", diagnosisText(diagnosis));
}

} // namespace

void addDiagnose(CLI::App &app) {
  auto options = std::make_shared<Options>();
  CLI::App &command = *app.add_subcommand(
      "diagnose", "Compare a rule's gradients with the exact ones, by layer");
  addArtifact(command, options->artifact);
  command
      .add_option("--params", options->parameters,
                  "Parameters as safetensors (RUN/last.safetensors); default: "
                  "those that a run of --seed starts with")
      ->type_name("FILE");
  addData(command, options->data);
  command
      .add_option("--draws", options->diagnose.draws,
                  "Steps to draw perturbations for; a rule without any takes "
                  "one")
      ->check(CLI::Range(uint64_t{2}, uint64_t{1000000}))
      ->type_name("N")
      ->capture_default_str();
  command
      .add_option("--samples", options->diagnose.samples,
                  "How many samples of the batch to take the variance between "
                  "samples from, a gradient each")
      ->check(CLI::Range(uint64_t{1}, uint64_t{1000000}))
      ->type_name("N")
      ->capture_default_str();
  command
      .add_option("--seed", options->diagnose.seed,
                  "Seed of the batch, the perturbations and the first "
                  "parameters")
      ->type_name("S")
      ->capture_default_str();
  addThreads(command, options->threads);
  command
      .add_option("--out", options->out,
                  "Gets the table and plots as one HTML page")
      ->type_name("FILE.html");
  command.add_flag("--json", options->json, "Print one JSON object");
  command.footer(
      "Columns: cosine to the exact gradient; distance of the mean of all "
      "draws "
      "from it,\nbeside its length, and what chance alone would make of it; "
      "variance, beside the\nexact gradient's square, and what the paper's "
      "Table 1 says; the cosine that is\nexpected with K directions, and the K "
      "for a cosine of 0.9. See docs/diagnose.md.\n\nExamples:\n"
      "  fgrun diagnose model.fgb --params run/last.safetensors\n"
      "  fgrun diagnose model.fgb --params run/last.safetensors --draws 1000 "
      "--out diagnosis.html\n"
      "  fgrun diagnose model.fgb --data mnist:FOLDER --json");
  command.callback([options] { run(*options); });
}

} // namespace foregrad::tools
