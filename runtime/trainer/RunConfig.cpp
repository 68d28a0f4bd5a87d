//===- RunConfig.cpp - The settings of a run, resolved --------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/trainer/RunConfig.h"

#include "runtime/support/Error.h"

#include <algorithm>
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

bool parseSwitch(std::string_view key, std::string_view text) {
  if (text != "on" && text != "off")
    failUsage("{}={}: expected on or off", key, text);
  return text == "on";
}

std::string_view switchText(bool on) { return on ? "on" : "off"; }

/// Keys that are not hypers but belong to the run, not to the compiled code.
std::vector<std::string_view> runKeys() {
  std::vector<std::string_view> keys = {"data", "epochs", "flip", "crop",
                                        "seed"};
  for (std::string_view key : ScheduleConfig::keys())
    keys.push_back(key);
  return keys;
}

class Resolver {
public:
  Resolver(const Artifact &artifact, const RunConfig *recorded)
      : artifact(artifact), recorded(recorded) {
    if (recorded) {
      config = *recorded;
      return;
    }
    for (const HyperInfo &hyper : artifact.hypers)
      config.hypers[hyper.name] = hyper.value;
    for (std::string_view key : runKeys())
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
    else if (key == "flip")
      config.augmentation.flip = parseSwitch(key, value);
    else if (key == "crop")
      config.augmentation.crop = parseCount(key, value);
    else if (config.schedule.set(key, value))
      return;
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

  /// What a user sets now should do something.
  void expectRead(std::string_view key) {
    const std::vector<std::string_view> keys = ScheduleConfig::keys();
    if (std::ranges::find(keys, key) != keys.end() &&
        !config.schedule.reads(key))
      failUsage("--set {}: the schedule of this run, {}, does not read it", key,
                config.schedule.name());
  }

  RunConfig finish() {
    if (config.data.empty())
      failUsage("no dataset: the model's recipe names none, give --data SPEC");
    if (config.epochs == 0 && !artifact.findRecipe("epochs"))
      failUsage("the model's recipe does not say for how many epochs to train: "
                "give --epochs N");
    if (config.epochs == 0)
      failUsage("epochs: expected 1 or more, found 0");
    config.schedule.check(config.epochs);
    if (recorded)
      compare();
    return config;
  }

  RunConfig config;

private:
  [[noreturn]] void failUnknown(std::string_view key) {
    std::vector<std::string_view> valid = runKeys();
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
    expectSame("schedule", recorded->schedule.text(), config.schedule.text());
    expectSame("flip", switchText(recorded->augmentation.flip),
               switchText(config.augmentation.flip));
    expectSame("crop", recorded->augmentation.crop, config.augmentation.crop);
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
  for (const std::string &setting : options.settings)
    resolver.expectRead(setting.substr(0, setting.find('=')));
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
          {"schedule", config.schedule.name()},
          {"schedule_numbers", config.schedule.used()},
          {"flip", switchText(config.augmentation.flip)},
          {"crop", config.augmentation.crop},
          {"hypers", config.hypers}};
}

RunConfig configFromJson(const nlohmann::ordered_json &json) {
  RunConfig config;
  config.data = json.at("data").get<std::string>();
  config.epochs = json.at("epochs").get<uint64_t>();
  config.seed = json.at("seed").get<uint64_t>();
  config.schedule.set("schedule", json.at("schedule").get<std::string>());
  // What runs that began before there was such a setting have done.
  config.augmentation.flip =
      parseSwitch("flip", json.value("flip", std::string("off")));
  config.augmentation.crop = json.value("crop", uint64_t{0});
  if (json.contains("schedule_numbers"))
    for (const auto &[key, values] : json.at("schedule_numbers").items())
      if (!config.schedule.set(
              key,
              fmt::format("{}",
                          fmt::join(values.get<std::vector<double>>(), ","))))
        fail("'{}' is no number of a schedule", key);
  config.hypers = json.at("hypers").get<std::map<std::string, double>>();
  return config;
}

} // namespace foregrad::runtime
