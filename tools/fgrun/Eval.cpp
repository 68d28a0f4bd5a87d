//===- Eval.cpp - fgrun eval ----------------------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "tools/fgrun/Commands.h"

#include "runtime/support/Error.h"
#include "runtime/trainer/Evaluate.h"
#include "runtime/trainer/TensorFiles.h"

#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace foregrad::tools {

using namespace runtime;

namespace {

struct Options {
  std::string artifact, parameters, data;
  int threads = 0;
  bool json = false;
};

void run(Options options) {
  Artifact artifact = Artifact::load(options.artifact);
  options.data = chooseData(artifact, options.data);
  std::unique_ptr<Dataset> data = openDataset(options.data);
  checkDataset(*data, options.data, artifact);
  Program program(artifact, {"eval"}, options.threads);
  loadTensors(program, SafetensorsFile::load(options.parameters),
              program.tensorsOf({Role::Parameter}));
  Evaluation result = evaluate(program, *data, Dataset::Split::Test);
  if (options.json) {
    nlohmann::ordered_json json = {{"error", result.errorPercent()},
                                   {"loss", result.meanLoss()},
                                   {"count", result.count}};
    fmt::print("{}\n", json.dump());
    return;
  }
  fmt::print("error {:.2f} %  loss {:.4f}  on {} samples\n",
             result.errorPercent(), result.meanLoss(), result.count);
}

} // namespace

void addEval(CLI::App &app) {
  auto options = std::make_shared<Options>();
  CLI::App &command =
      *app.add_subcommand("eval", "Error and loss on the test data");
  addArtifact(command, options->artifact);
  addParameters(command, options->parameters);
  addData(command, options->data);
  addThreads(command, options->threads);
  command.add_flag("--json", options->json,
                   "Print {\"error\": percent, \"loss\": mean, \"count\": n}");
  command.footer(
      "Example:\n"
      "  fgrun eval model.fgb --params run/last.safetensors --data mnist");
  command.callback([options] { run(*options); });
}

} // namespace foregrad::tools
