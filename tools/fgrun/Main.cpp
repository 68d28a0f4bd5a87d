//===- Main.cpp - fgrun: runs compiled models -----------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "tools/fgrun/Commands.h"

#include "runtime/loader/Artifact.h"
#include "runtime/support/Error.h"

#include <new>

#include <CLI/CLI.hpp>

using namespace foregrad;

namespace foregrad::tools {

void addArtifact(CLI::App &command, std::string &path) {
  command.add_option("MODEL", path, "The compiled model, MODEL.fgb")
      ->required();
}

void addParameters(CLI::App &command, std::string &path) {
  command
      .add_option("--params", path,
                  "Parameters as safetensors (RUN/last.safetensors)")
      ->required()
      ->type_name("FILE");
}

void addThreads(CLI::App &command, int &threads) {
  command
      .add_option("--threads", threads,
                  "Threads to use (default: all cores this process may use); "
                  "results do not depend on it")
      ->check(CLI::Range(1, 4096))
      ->type_name("T");
}

void addData(CLI::App &command, std::string &spec) {
  command
      .add_option("--data", spec,
                  "mnist:FOLDER, cifar10:FOLDER, images:FOLDER, or just mnist "
                  "(default: "
                  "the model's recipe)")
      ->type_name("SPEC");
}

std::string chooseData(const runtime::Artifact &artifact,
                       const std::string &given) {
  if (!given.empty())
    return given;
  const std::string *recipe = artifact.findRecipe("data");
  if (!recipe)
    runtime::failUsage(
        "no dataset: the model's recipe names none, give --data SPEC");
  return *recipe;
}

static void addCommands(CLI::App &app) {
  app.require_subcommand(1);
  app.set_version_flag("--version", "fgrun " FOREGRAD_VERSION);
  app.footer(
      "Example: fgrun train model.fgb --data mnist --out run\n"
      "fgrun COMMAND --help shows more.\n\n"
      "Of the code that a model was compiled to (fgc --cpu), the best "
      "that runs on this\nmachine is taken, or what FOREGRAD_CPU=NAME in "
      "the environment asks for.\n\n"
      "Exit code: 0 done, 1 the input or the run is at fault, 2 wrong "
      "usage,\n75 stopped on request after saving.");
  for (auto *add : {addTrain, addEval, addPredict, addInspect, addBench,
                    addGrad, addDiagnose})
    add(app);
}

} // namespace foregrad::tools

int main(int argc, char **argv) {
  CLI::App app("fgrun: trains, evaluates and inspects compiled models",
               "fgrun");
  try {
    tools::addCommands(app);
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(runtime::Fault::Usage);
  } catch (const runtime::Error &error) {
    fmt::print(stderr, "fgrun: {}{}\n",
               error.getFault() == runtime::Fault::Stopped ? "" : "error: ",
               error.what());
    return error.exitCode();
  } catch (const std::bad_alloc &) {
    fmt::print(stderr, "fgrun: error: out of memory\n");
    return static_cast<int>(runtime::Fault::Input);
  }
}
