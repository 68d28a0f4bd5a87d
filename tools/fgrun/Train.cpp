//===- Train.cpp - fgrun train --------------------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "tools/fgrun/Commands.h"

#include "runtime/trainer/Trainer.h"

#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace foregrad::tools {

namespace {

struct Options {
  std::string artifact;
  runtime::TrainRequest request;
};

void run(const Options &options) {
  runtime::Artifact artifact = runtime::Artifact::load(options.artifact);
  runtime::TrainState state = runtime::train(artifact, options.request);
  if (!options.request.quiet)
    fmt::print(
        "test error {:.2f} %; parameters, metrics and report are in {}\n",
        state.rows.back().testError, options.request.folder);
}

} // namespace

void addTrain(CLI::App &app) {
  auto options = std::make_shared<Options>();
  runtime::RunOptions &given = options->request.options;
  CLI::App &command = *app.add_subcommand("train", "Train a model");
  addArtifact(command, options->artifact);
  command
      .add_option("--out", options->request.folder,
                  "Folder of the run, created where needed")
      ->required()
      ->type_name("RUN");
  command
      .add_option(
          "--data", given.data,
          "mnist:FOLDER (the four IDX files, .gz or not), cifar10:FOLDER "
          "(the binary batches), images:FOLDER (train/CLASS/*.jpg or *.png, "
          "test/CLASS/*, all of one size), or just mnist for the copy that "
          "comes with the program (default: the model's recipe)")
      ->type_name("SPEC");
  command
      .add_option("--epochs", given.epochs,
                  "Passes over the training data (default: the recipe)")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
  command
      .add_option("--rate", given.rate,
                  "Learning rate at the start (default: the recipe)")
      ->type_name("X");
  command
      .add_option(
          "--seed", given.seed,
          "Seed of initial values, order and perturbations (default: 0)")
      ->type_name("S");
  addThreads(command, options->request.threads);
  command.add_flag(
      "--resume", options->request.resume,
      "Go on with the run in RUN, bit for bit as if it had not been "
      "stopped; settings come from there");
  command
      .add_option(
          "--set", given.settings,
          "Set a number of the recipe (fgrun inspect lists them), or data, "
          "epochs, schedule, seed, flip (on or off), crop (pixels), and the "
          "numbers of the schedule (decay_epochs, decay_factor, warmup_epochs)")
      ->allow_extra_args(false)
      ->type_name("KEY=VALUE");
  command.add_flag("--quiet", options->request.quiet, "Print errors only");
  command.footer(
      "Writes into RUN: metrics.jsonl (a line an epoch), last.safetensors\n"
      "(parameters), checkpoint/, config.json, report.html and TensorBoard\n"
      "events. Ctrl-C or SIGTERM finishes the step, saves and exits with code\n"
      "75.\n\n"
      "Code in a model file runs with your rights: train only models you "
      "trust.\n\n"
      "Examples:\n"
      "  fgrun train model.fgb --data mnist --out run --epochs 10\n"
      "  fgrun train model.fgb --data mnist:data/mnist --out run --rate 0.02 "
      "--set momentum=0.8\n"
      "  fgrun train model.fgb --data cifar10:data/cifar-10-batches-bin "
      "--out run --set flip=on --set crop=4\n"
      "  fgrun train model.fgb --out run --resume");
  command.callback([options] { run(*options); });
}

} // namespace foregrad::tools
