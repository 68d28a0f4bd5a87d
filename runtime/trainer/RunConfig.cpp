//===- RunConfig.cpp - The settings of a run, resolved --------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/trainer/RunConfig.h"

#include "runtime/support/Error.h"
#include "runtime/trainer/Schedule.h"

#include <charconv>
#include <cmath>

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace foregrad::runtime {

namespace {

template <typename Number>
Number parseNumber(std::string_view key, std::string_view text,
                   std::string_view expected) {
  Number value{};
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    failUsage("{}={}: expected {}", key, text, expected);
  return value;
}

uint64_t parseCount(std::string_view key, std::string_view text) {
  return parseNumber<uint64_t>(key, text, "a whole number");
}

/// Keys that are not hypers but belong to the run, not to the compiled code.
constexpr std::string_view runKeys[] = {"data", "epochs", "schedule", "seed"};

class Resolver {
public:
  Resolver(const Artifact &artifact, const RunConfig *recorded)
      : artifact(artifact), recorded(recorded) {
    if (recorded) {
      config = *recorded;
      return;
    }
    config.schedule = "constant";
    for (const HyperInfo &hyper : artifact.hypers)
      config.hypers[hyper.name] = hyper.value;
    for (std::string_view key : runKeys)
      if (const std::string *value = artifact.findRecipe(key))
        set(key, *value);
  }

  void set(std::string_view key, std::string_view value) {
    if (key == "data")
      config.data = value;
    else if (key == "epochs")
      config.epochs = parseCount(key, value);
    else if (key == "seed")
      config.seed = parseCount(key, value);
    else if (key == "schedule")
      config.schedule = value;
    else if (config.hypers.contains(std::string(key)))
      setHyper(key, parseNumber<double>(key, value, "a number"));
    else
      failUnknown(key);
  }

  void setHyper(std::string_view key, double value) {
    auto found = config.hypers.find(std::string(key));
    const HyperInfo *info = artifact.findHyper(key);
    if (found == config.hypers.end() || !info)
      failUnknown(key);
    if (!std::isfinite(value))
      failUsage("{}={}: expected a finite number", key, value);
    if (value < info->least || value > info->most)
      failUsage("{}={}: expected a number from {:g} to {:g}", key, value,
                info->least, info->most);
    found->second = value;
  }

  RunConfig finish() {
    if (config.data.empty())
      failUsage("no dataset: the model's recipe names none, give --data SPEC");
    if (config.epochs == 0 && !artifact.findRecipe("epochs"))
      failUsage("the model's recipe does not say for how many epochs to train: "
                "give --epochs N");
    if (config.epochs == 0)
      failUsage("epochs: expected 1 or more, found 0");
    findSchedule(config.schedule);
    if (recorded)
      compare();
    return config;
  }

  RunConfig config;

private:
  [[noreturn]] void failUnknown(std::string_view key) {
    std::vector<std::string_view> valid(std::begin(runKeys), std::end(runKeys));
    for (const auto &[name, value] : config.hypers)
      valid.push_back(name);
    std::string list = fmt::format("{}", fmt::join(valid, ", "));
    if (artifact.findRecipe(key))
      failUsage("'{}' was fixed when the model was compiled (fgc --recipe "
                "{}=VALUE); a run can set {}",
                key, key, list);
    failUsage("unknown setting '{}': a run can set {}", key, list);
  }

  template <typename Value>
  void expectSame(std::string_view key, const Value &before, const Value &now) {
    if (before != now)
      failUsage("--resume: this run began with {} = {}, now it is {}: leave it "
                "out, or start another run in another folder",
                key, before, now);
  }

  void compare() {
    expectSame("epochs", recorded->epochs, config.epochs);
    expectSame("seed", recorded->seed, config.seed);
    expectSame("schedule", recorded->schedule, config.schedule);
    for (const auto &[name, value] : recorded->hypers)
      expectSame(name, value, config.hypers[name]);
  }

  const Artifact &artifact;
  const RunConfig *recorded;
};

} // namespace

RunConfig resolveConfig(const Artifact &artifact, const RunOptions &options,
                        const RunConfig *recorded) {
  Resolver resolver(artifact, recorded);
  for (const std::string &setting : options.settings) {
    size_t equals = setting.find('=');
    if (equals == 0 || equals == std::string::npos)
      failUsage("--set {}: expected KEY=VALUE", setting);
    resolver.set(setting.substr(0, equals), setting.substr(equals + 1));
  }
  if (options.data)
    resolver.config.data = *options.data;
  if (options.epochs)
    resolver.config.epochs = *options.epochs;
  if (options.seed)
    resolver.config.seed = *options.seed;
  if (options.rate)
    resolver.setHyper("rate", *options.rate);
  return resolver.finish();
}

nlohmann::ordered_json toJson(const RunConfig &config) {
  return {{"data", config.data},
          {"epochs", config.epochs},
          {"seed", config.seed},
          {"schedule", config.schedule},
          {"hypers", config.hypers}};
}

RunConfig configFromJson(const nlohmann::ordered_json &json) {
  return {json.at("data").get<std::string>(), json.at("epochs").get<uint64_t>(),
          json.at("seed").get<uint64_t>(),
          json.at("schedule").get<std::string>(),
          json.at("hypers").get<std::map<std::string, double>>()};
}

} // namespace foregrad::runtime
