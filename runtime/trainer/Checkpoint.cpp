//===- Checkpoint.cpp - All that a run needs to go on ---------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/trainer/Checkpoint.h"

#include "runtime/io/File.h"
#include "runtime/schema/Container.h"
#include "runtime/support/Error.h"
#include "runtime/trainer/TensorFiles.h"

#include <cmath>
#include <filesystem>

#include <nlohmann/json.hpp>

namespace foregrad::runtime {

namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t checkpointFormat = 1;
constexpr uint64_t maximalState = 1u << 30;

std::string statePath(const std::string &folder) {
  return folder + "/checkpoint.json";
}

std::string hexadecimal(uint64_t value) {
  return fmt::format("{:016x}", value);
}

uint64_t fromHexadecimal(const Json &json) {
  const auto &text = json.get_ref<const std::string &>();
  size_t used = 0;
  uint64_t value = std::stoull(text, &used, 16);
  if (used != text.size())
    fail("'{}' is not a checksum", text);
  return value;
}

Json parseState(const std::string &folder) {
  std::string path = statePath(folder);
  AlignedBytes bytes = readFile(path, maximalState);
  // The state is flat: a small limit of depth keeps a foreign file from growing
  // into a deep tree.
  auto limitDepth = [&](int depth, Json::parse_event_t, Json &) {
    if (depth > 8)
      fail("{}: expected a checkpoint, found deeply nested JSON", path);
    return true;
  };
  try {
    Json json =
        Json::parse(bytes.data(), bytes.data() + bytes.size(), limitDepth);
    uint64_t format = json.at("format").get<uint64_t>();
    if (format != checkpointFormat)
      fail("{}: has checkpoint format {}, this fgrun reads format {}: resume "
           "with "
           "the fgrun that wrote it",
           path, format, checkpointFormat);
    return json;
  } catch (const nlohmann::json::exception &error) {
    fail("{}: is not a checkpoint that fgrun wrote: {}", path, error.what());
  }
}

/// Numbers that contradict each other would train on silently, and wrong.
void checkState(const std::string &path, const TrainState &state) {
  auto expect = [&](bool holds, std::string_view what) {
    if (!holds)
      fail("{}: contradicts itself: {}", path, what);
  };
  expect(state.config.epochs > 0 && state.stepsPerEpoch > 0,
         "no epochs or no steps");
  expect(state.epoch <= state.config.epochs, "more epochs done than asked for");
  expect(state.config.epochs <= UINT64_MAX / state.stepsPerEpoch,
         "too many steps");
  expect(state.stepInEpoch <= state.stepsPerEpoch,
         "more steps done than an epoch has");
  expect(!state.finished() || state.stepInEpoch == 0,
         "steps after the last epoch");
  expect(state.rows.size() == state.epoch, "not one line of metrics an epoch");
  expect(std::isfinite(state.sums.loss), "a loss that is not finite");
}

} // namespace

bool hasCheckpoint(const std::string &folder) {
  return isFile(statePath(folder));
}

TrainState loadTrainState(const std::string &folder) {
  std::string path = statePath(folder);
  Json json = parseState(folder);
  TrainState state;
  try {
    state.config = configFromJson(json.at("config"));
    state.artifactHash = fromHexadecimal(json.at("artifact"));
    state.dataHash = fromHexadecimal(json.at("data"));
    state.stepsPerEpoch = json.at("steps_per_epoch").get<uint64_t>();
    state.epoch = json.at("epoch").get<uint64_t>();
    state.stepInEpoch = json.at("step_in_epoch").get<uint64_t>();
    const Json &sums = json.at("sums");
    state.sums = {sums.at("loss").get<double>(),
                  sums.at("errors").get<uint64_t>(),
                  sums.at("samples").get<uint64_t>(),
                  sums.at("milliseconds").get<double>()};
    for (const Json &row : json.at("metrics"))
      state.rows.push_back(metricsFromJson(row));
  } catch (const std::logic_error &error) { // of std::stoull
    fail("{}: is not a checkpoint that fgrun wrote: {}", path, error.what());
  } catch (const nlohmann::json::exception &error) {
    fail("{}: is not a checkpoint that fgrun wrote: {}", path, error.what());
  }
  checkState(path, state);
  return state;
}

void loadCheckpointTensors(const std::string &folder, Program &program) {
  Json json = parseState(folder);
  std::string name;
  uint64_t hash = 0;
  try {
    name = json.at("tensors").get<std::string>();
    hash = fromHexadecimal(json.at("tensors_hash"));
  } catch (const std::logic_error &error) {
    fail("{}: {}", statePath(folder), error.what());
  } catch (const nlohmann::json::exception &error) {
    fail("{}: {}", statePath(folder), error.what());
  }
  if (name.empty() || name.find('/') != std::string::npos)
    fail("{}: expected the name of a file beside it, found '{}'",
         statePath(folder), name);
  std::string path = folder + "/" + name;
  AlignedBytes bytes = readFile(path, UINT64_MAX);
  uint64_t found = schema::hashBytes(bytes.data(), bytes.size());
  if (found != hash)
    fail("{}: expected the checksum {:016x}, found {:016x}: the checkpoint is "
         "damaged",
         path, hash, found);
  loadTensors(program, SafetensorsFile::parse(path, std::move(bytes)),
              checkpointTensors(program));
}

std::vector<const TensorInfo *> checkpointTensors(const Program &program) {
  return program.tensorsOf({Role::Parameter, Role::State, Role::Feedback});
}

void saveCheckpoint(const std::string &folder, const Program &program,
                    const TrainState &state) {
  std::string name = fmt::format("tensors-{:012}.safetensors", state.step());
  std::string path = folder + "/" + name;
  saveTensors(path, program, checkpointTensors(program),
              {{"model", program.artifact().model},
               {"step", std::to_string(state.step())}});
  AlignedBytes bytes = readFile(path, UINT64_MAX);

  Json rows = Json::array();
  for (const EpochMetrics &row : state.rows)
    rows.push_back(toJson(row));
  Json json = {
      {"format", checkpointFormat},
      {"artifact", hexadecimal(state.artifactHash)},
      {"data", hexadecimal(state.dataHash)},
      {"config", toJson(state.config)},
      {"epoch", state.epoch},
      {"step_in_epoch", state.stepInEpoch},
      {"steps_per_epoch", state.stepsPerEpoch},
      {"step", state.step()},
      {"sums",
       {{"loss", state.sums.loss},
        {"errors", state.sums.errors},
        {"samples", state.sums.samples},
        {"milliseconds", state.sums.milliseconds}}},
      {"tensors", name},
      {"tensors_hash",
       hexadecimal(schema::hashBytes(bytes.data(), bytes.size()))},
      {"metrics", std::move(rows)},
  };
  saveFile(statePath(folder), {json.dump(1), "\n"});

  // Only now is the one before superseded. What cannot be removed does no harm.
  std::error_code ignored;
  for (const auto &file :
       std::filesystem::directory_iterator(folder, ignored)) {
    std::string other = file.path().filename().string();
    if (other.starts_with("tensors-") && other != name)
      std::filesystem::remove(file.path(), ignored);
  }
}

} // namespace foregrad::runtime
