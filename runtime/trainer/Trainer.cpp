//===- Trainer.cpp - The training loop ------------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/trainer/Trainer.h"

#include "runtime/data/Batches.h"
#include "runtime/device/Program.h"
#include "runtime/io/File.h"
#include "runtime/support/Error.h"
#include "runtime/trainer/Evaluate.h"
#include "runtime/trainer/Progress.h"
#include "runtime/trainer/Report.h"
#include "runtime/trainer/RunFolder.h"
#include "runtime/trainer/StopSignals.h"
#include "runtime/trainer/TensorBoard.h"
#include "runtime/trainer/TensorFiles.h"

#include <chrono>
#include <cmath>
#include <memory>

#include <nlohmann/json.hpp>

namespace foregrad::runtime {

namespace {

using Clock = std::chrono::steady_clock;

class TrainLoop {
public:
  TrainLoop(const Artifact &artifact, const TrainRequest &request)
      : artifact(artifact), request(request),
        program(artifact, {"init", "step", "eval"}, request.threads),
        folder(request.folder) {}

  TrainState run() {
    if (!begin())
      return state;
    progress =
        std::make_unique<Progress>(Progress::choose(request.quiet),
                                   state.config.epochs, state.stepsPerEpoch);
    events = std::make_unique<TensorBoard>(folder.path,
                                           state.epoch * state.stepsPerEpoch);
    while (!state.finished())
      runEpoch();
    return state;
  }

private:
  /// Starts or goes on. False where there is nothing left to do.
  bool begin();
  void startNew();
  void goOn();
  void openData(const RunConfig &config);
  void writeConfig();

  void runEpoch();
  void runStep(std::span<const uint64_t> samples, Augmenter *augmenter);
  void finishEpoch();
  void stopIfRequested();
  void save();
  void publish();
  double rate(uint64_t step) const;
  [[noreturn]] void failDiverged(uint64_t epoch, const std::string &what);
  void note(const std::string &text);

  const Artifact &artifact;
  const TrainRequest &request;
  StopSignals signals;
  Program program;
  RunFolder folder; // made where the program can run
  std::unique_ptr<Dataset> data;
  std::unique_ptr<Progress> progress;
  std::unique_ptr<TensorBoard> events;
  TrainState state;
};

bool TrainLoop::begin() {
  const bool present = hasCheckpoint(folder.checkpoint());
  if (request.resume && present) {
    goOn();
  } else {
    if (folder.hasResults())
      fail("{}: holds a run already: {}choose another folder", folder.path,
           present ? "--resume goes on with it, or " : "");
    startNew();
  }
  writeMetrics(folder.metrics(), state.rows);
  writeConfig();
  if (state.finished()) {
    publish();
    note(fmt::format("{}: all {} epochs are done", folder.path, state.epoch));
    return false;
  }
  return true;
}

void TrainLoop::openData(const RunConfig &config) {
  data = openDataset(config.data);
  checkDataset(*data, config.data, artifact);
  checkAugmentation(config.augmentation, data->sampleShape());
  state.stepsPerEpoch = data->size(Dataset::Split::Train) / artifact.batch;
  if (state.stepsPerEpoch == 0)
    fail("{}: {} training samples are fewer than a batch of {}", config.data,
         data->size(Dataset::Split::Train), artifact.batch);
  if (config.epochs > UINT64_MAX / state.stepsPerEpoch)
    failUsage("epochs: {} are too many", config.epochs);
}

void TrainLoop::startNew() {
  if (request.resume)
    note(fmt::format("{}: nothing to resume, starting", folder.path));
  state.config = resolveConfig(artifact, request.options, nullptr);
  openData(state.config);
  state.artifactHash = artifact.hash;
  state.dataHash = data->hash();
  program.setSeed(state.config.seed);
  program.run("init");
}

void TrainLoop::goOn() {
  TrainState saved = loadTrainState(folder.checkpoint());
  if (saved.artifactHash != artifact.hash)
    fail("{}: was trained with another artifact than {} (checksum {:016x}, now "
         "{:016x}): resume with that one, or start another run in another "
         "folder",
         folder.path, artifact.path, saved.artifactHash, artifact.hash);
  saved.config = resolveConfig(artifact, request.options, &saved.config);
  openData(saved.config);
  if (data->hash() != saved.dataHash ||
      state.stepsPerEpoch != saved.stepsPerEpoch)
    fail("{}: was trained with other data than {}", folder.path,
         saved.config.data);
  state = std::move(saved);
  program.setSeed(state.config.seed);
  loadCheckpointTensors(folder.checkpoint(), program);
  note(fmt::format("{}: goes on after epoch {}, step {}", folder.path,
                   state.epoch, state.step()));
}

void TrainLoop::writeConfig() {
  nlohmann::ordered_json json = toJson(state.config);
  json["artifact"] = artifact.path;
  json["artifact_hash"] = fmt::format("{:016x}", artifact.hash);
  json["model"] = artifact.model;
  json["rule"] = artifact.rule;
  json["precision"] = nameOf(artifact.precision);
  json["batch"] = artifact.batch;
  json["steps_per_epoch"] = state.stepsPerEpoch;
  json["threads"] = program.threads();
  json["compiler_version"] = artifact.compilerVersion;
  json["compiler_flags"] = artifact.flags;
  json["recipe"] = nlohmann::ordered_json::object();
  for (const auto &[key, value] : artifact.recipe)
    json["recipe"][key] = value;
  saveFile(folder.config(), {json.dump(2), "\n"});
}

void TrainLoop::runEpoch() {
  std::vector<uint64_t> order = shuffledOrder(
      state.config.seed, state.epoch, data->size(Dataset::Split::Train));
  const Augmentation &augmentation = state.config.augmentation;
  Augmenter augmenter(augmentation, data->sampleShape(), state.config.seed,
                      state.epoch);
  while (state.stepInEpoch < state.stepsPerEpoch) {
    stopIfRequested();
    runStep(std::span(order).subspan(state.stepInEpoch * artifact.batch,
                                     artifact.batch),
            augmentation == Augmentation() ? nullptr : &augmenter);
  }
  stopIfRequested();
  finishEpoch();
}

double TrainLoop::rate(uint64_t step) const {
  auto found = state.config.hypers.find("rate");
  double base = found == state.config.hypers.end() ? 0 : found->second;
  return base * state.config.schedule.factor(step, state.config.epochs,
                                             state.stepsPerEpoch);
}

void TrainLoop::runStep(std::span<const uint64_t> samples,
                        Augmenter *augmenter) {
  const auto start = Clock::now();
  const uint64_t step = state.step();
  const Batch batch(*data, Dataset::Split::Train, samples, augmenter);
  batch.fill(program);
  for (const auto &[name, value] : state.config.hypers)
    program.setHyper(name, name == "rate" ? rate(step) : value);
  program.setStep(step);
  program.run("step", {.samples = &batch});

  const double loss = program.scalar("loss");
  if (!std::isfinite(loss))
    failDiverged(state.epoch + 1, fmt::format("the loss is {}", loss));
  state.sums.loss += loss;
  state.sums.errors +=
      countErrors(program, *data, Dataset::Split::Train, samples);
  state.sums.samples += samples.size();
  ++state.stepInEpoch;
  state.sums.milliseconds +=
      std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  progress->step(state.epoch, state.stepInEpoch, loss, state.sums);
}

void TrainLoop::finishEpoch() {
  Evaluation test = evaluate(program, *data, Dataset::Split::Test,
                             [&] { return signals.requested(); });
  if (!test.complete)
    stopIfRequested();
  const double steps = static_cast<double>(state.stepsPerEpoch);
  const EpochSums &sums = state.sums;
  EpochMetrics row;
  row.epoch = state.epoch + 1;
  row.trainLoss = sums.loss / steps;
  row.trainError = 100.0 * static_cast<double>(sums.errors) /
                   static_cast<double>(sums.samples);
  row.testError = test.errorPercent();
  row.stepMs = sums.milliseconds / steps;
  row.rate = rate(state.step() - 1);

  TrainState next = state;
  next.rows.push_back(row);
  next.sums = {};
  next.stepInEpoch = 0;
  ++next.epoch;
  std::swap(state, next);
  // Before the checkpoint: should the process end between the two, the epoch is
  // done once more and replaces this one.
  events->add(row, state.step());
  save();
  appendMetrics(folder.metrics(), row);
  publish();
  progress->epochDone(row);
}

/// Between two steps, or between the last step and the evaluation: at each of
/// these places the saved state is complete, and the run goes on from just
/// there.
void TrainLoop::stopIfRequested() {
  if (!signals.requested())
    return;
  save();
  publish();
  throw Error(
      fmt::format("stopped after epoch {}, step {}; all is saved: fgrun "
                  "train {} --out {} --resume goes on",
                  state.epoch, state.step(), artifact.path, folder.path),
      Fault::Stopped);
}

void TrainLoop::save() {
  for (const TensorInfo *tensor : checkpointTensors(program))
    if (!allFinite(tensor->dtype, program.data(*tensor), tensor->elements))
      failDiverged(
          state.stepInEpoch > 0 ? state.epoch + 1 : state.epoch,
          fmt::format("{} holds numbers that are not finite", tensor->name));
  saveCheckpoint(folder.checkpoint(), program, state);
}

/// What follows from the checkpoint, for others to read.
void TrainLoop::publish() {
  saveTensors(folder.parameters(), program,
              program.tensorsOf({Role::Parameter, Role::Feedback}),
              {{"model", artifact.model},
               {"rule", artifact.rule},
               {"epoch", std::to_string(state.epoch)},
               {"step", std::to_string(state.step())}});
  saveFile(folder.report(), {reportPage(artifact, state)});
}

void TrainLoop::failDiverged(uint64_t epoch, const std::string &what) {
  std::string kept = hasCheckpoint(folder.checkpoint())
                         ? fmt::format("The last good checkpoint is in {}.",
                                       folder.checkpoint())
                         : "There was no checkpoint yet.";
  fail("epoch {}, step {}: {}: the training diverged. {} Try a smaller --rate.",
       epoch, state.step(), what, kept);
}

void TrainLoop::note(const std::string &text) {
  if (!request.quiet)
    fmt::print("{}\n", text);
}

} // namespace

TrainState train(const Artifact &artifact, const TrainRequest &request) {
  return TrainLoop(artifact, request).run();
}

} // namespace foregrad::runtime
