//===- Inspect.cpp - fgrun inspect ----------------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "tools/fgrun/Commands.h"

#include "runtime/loader/Artifact.h"
#include "runtime/loader/Code.h"
#include "runtime/support/Error.h"

#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace foregrad::tools {

using namespace runtime;

namespace {

using Json = nlohmann::ordered_json;

struct Options {
  std::string artifact;
  bool json = false, source = false;
};

uint64_t parameterCount(const Artifact &artifact) {
  uint64_t count = 0;
  for (const TensorInfo &tensor : artifact.tensors)
    if (tensor.role == Role::Parameter)
      count += tensor.elements;
  return count;
}

/// The piece of code that this machine would run; null where there is none.
const CodeInfo *taken(const Artifact &artifact) {
  auto found = std::find_if(
      artifact.code.begin(), artifact.code.end(),
      [](const CodeInfo &code) { return whyNotHere(code).empty(); });
  return found == artifact.code.end() ? nullptr : &*found;
}

Json tensorJson(const TensorInfo &tensor) {
  return {{"name", tensor.name},
          {"role", schema::EnumNameRole(tensor.role)},
          {"dtype", nameOf(tensor.dtype)},
          {"shape", tensor.shape},
          {"axes", tensor.axes}};
}

Json entryJson(const Artifact &artifact, const EntryInfo &entry) {
  Json bindings = Json::array();
  for (Binding binding : entry.bindings)
    bindings.push_back({{"tensor", artifact.tensors[binding.tensor].name},
                        {"written", binding.written}});
  return {{"name", entry.name}, {"bindings", std::move(bindings)}};
}

Json codeJson(const Artifact &artifact, const CodeInfo &code) {
  Json entries = Json::array();
  for (const EntryInfo &entry : artifact.entries) {
    const EntryCodeInfo &compiled = code.entry(entry);
    Json panels = Json::array();
    for (const PanelsInfo &one : compiled.panels)
      panels.push_back({{"tensor", artifact.tensors[one.tensor].name},
                        {"depth", one.depth},
                        {"widths", one.widths}});
    entries.push_back(
        {{"name", entry.name},
         {"symbol", compiled.symbol},
         {"arena_bytes", compiled.arenaBytes},
         {"scratch_bytes_per_worker", compiled.scratchBytesPerWorker},
         {"flops", compiled.flops},
         {"panels", std::move(panels)}});
  }
  return {{"target", code.target},
          {"triple", code.triple},
          {"cpu", code.cpu},
          {"features", code.features},
          {"segment", artifact.segments[code.segment].name},
          {"runs_here", whyNotHere(code).empty()},
          {"taken_here", &code == taken(artifact)},
          {"entries", std::move(entries)}};
}

Json estimateJson(const Artifact &artifact) {
  const EstimateInfo &estimate = artifact.estimate;
  Json perturbed = Json::array();
  for (const PerturbedInfo &one : estimate.perturbed) {
    Json parameters = Json::array();
    for (uint32_t index : one.parameters)
      parameters.push_back(artifact.tensors[index].name);
    perturbed.push_back({{"name", one.name},
                         {"units", one.units},
                         {"acting", one.acting},
                         {"loss", one.loss},
                         {"shared", one.shared},
                         {"parameters", std::move(parameters)}});
  }
  return {{"exact_rule", estimate.exactRule},
          {"directions", estimate.directions},
          {"law", schema::EnumNameLaw(estimate.law)},
          {"perturbed", std::move(perturbed)}};
}

void printJson(const Artifact &artifact) {
  Json parameters = Json::array(), tensors = Json::array(),
       entries = Json::array(), hypers = Json::array(), code = Json::array(),
       segments = Json::array(), recipe = Json::object();
  for (const TensorInfo &tensor : artifact.tensors) {
    tensors.push_back(tensorJson(tensor));
    if (tensor.role == Role::Parameter)
      parameters.push_back({{"path", tensor.name},
                            {"shape", tensor.shape},
                            {"axes", tensor.axes},
                            {"init", tensor.init},
                            {"count", tensor.elements}});
  }
  for (const EntryInfo &entry : artifact.entries)
    entries.push_back(entryJson(artifact, entry));
  for (const HyperInfo &hyper : artifact.hypers)
    hypers.push_back({{"name", hyper.name},
                      {"value", hyper.value},
                      {"least", hyper.least},
                      {"most", hyper.most},
                      {"help", hyper.help}});
  for (const CodeInfo &piece : artifact.code)
    code.push_back(codeJson(artifact, piece));
  for (const SegmentInfo &segment : artifact.segments)
    segments.push_back({{"name", segment.name},
                        {"offset", segment.offset},
                        {"size", segment.size}});
  for (const auto &[key, value] : artifact.recipe)
    recipe[key] = value;

  Json json = {{"model", artifact.model},
               {"rule", artifact.rule},
               {"batch", artifact.batch},
               {"precision", nameOf(artifact.precision)},
               {"classes", artifact.classes},
               {"file_bytes", artifact.fileSize()},
               {"hash", fmt::format("{:016x}", artifact.hash)},
               {"schema_version", artifact.schemaVersion},
               {"abi_version", artifact.abiVersion},
               {"compiler_version", artifact.compilerVersion},
               {"flags", artifact.flags},
               {"source_name", artifact.sourceName},
               {"source", artifact.source},
               {"parameter_count", parameterCount(artifact)},
               {"parameters", std::move(parameters)},
               {"tensors", std::move(tensors)},
               {"entries", std::move(entries)},
               {"estimate", estimateJson(artifact)},
               {"hypers", std::move(hypers)},
               {"recipe", std::move(recipe)},
               {"code", std::move(code)},
               {"segments", std::move(segments)},
               {"external_perturbation", artifact.takesPerturbations()},
               {"remarks", artifact.remarks}};
  fmt::print("{}\n", json.dump(2));
}

/// "[token 64, channel 512]".
std::string axesText(const TensorInfo &tensor) {
  std::vector<std::string> axes;
  for (size_t i = 0; i < tensor.shape.size(); ++i)
    axes.push_back(fmt::format("{} {}", tensor.axes[i], tensor.shape[i]));
  return fmt::format("[{}]", fmt::join(axes, ", "));
}

void printParameters(const Artifact &artifact) {
  size_t nameWidth = 4, shapeWidth = 5;
  for (const TensorInfo &tensor : artifact.tensors) {
    if (tensor.role != Role::Parameter)
      continue;
    nameWidth = std::max(nameWidth, tensor.name.size());
    shapeWidth = std::max(shapeWidth, axesText(tensor).size());
  }
  fmt::print("\nparameters ({} in all)\n", parameterCount(artifact));
  for (const TensorInfo &tensor : artifact.tensors)
    if (tensor.role == Role::Parameter)
      fmt::print("  {:{}}  {:{}}  {:>10}  {}\n", tensor.name, nameWidth,
                 axesText(tensor), shapeWidth, tensor.elements, tensor.init);
}

void printEntries(const Artifact &artifact, const CodeInfo &code) {
  fmt::print("\nentries of the code for {}\n  {:<14}{:>12}{:>16}{:>12}{:>20}\n",
             code.cpu, "", "arena bytes", "scratch/thread", "MFLOP",
             "tensors in panels");
  for (const EntryInfo &entry : artifact.entries) {
    const EntryCodeInfo &compiled = code.entry(entry);
    fmt::print("  {:<14}{:>12}{:>16}{:>12.3f}{:>20}\n", entry.name,
               compiled.arenaBytes, compiled.scratchBytesPerWorker,
               compiled.flops * 1e-6, compiled.panels.size());
  }
}

void printEstimate(const Artifact &artifact) {
  const EstimateInfo &estimate = artifact.estimate;
  if (estimate.perturbed.empty())
    return;
  size_t nameWidth = 4;
  for (const PerturbedInfo &one : estimate.perturbed)
    nameWidth = std::max(nameWidth, one.name.size());
  fmt::print("\nperturbed, to estimate the gradients of {} (values that act on "
             "one copy of a loss)\n  {:{}}  {:>12}  {:>12}  loss\n",
             estimate.exactRule, "", nameWidth, "its own", "of all");
  for (const PerturbedInfo &one : estimate.perturbed)
    fmt::print("  {:{}}  {:>12}  {:>12}  {}\n", one.name, nameWidth, one.units,
               one.acting, one.loss);
}

void printTable(const Artifact &artifact) {
  auto line = [](std::string_view name, const std::string &value) {
    fmt::print("{:<14}{}\n", name, value);
  };
  line("model", artifact.model);
  line("rule", artifact.rule);
  line("batch", std::to_string(artifact.batch));
  line("precision", std::string(nameOf(artifact.precision)));
  line("input",
       fmt::format("{} {}", artifact.input().name, axesText(artifact.input())));
  line("classes", fmt::format("{}", fmt::join(artifact.classes, ", ")));
  line("compiler",
       fmt::format("{} (schema {}, ABI {})", artifact.compilerVersion,
                   artifact.schemaVersion, artifact.abiVersion));
  line("command", fmt::format("{}", fmt::join(artifact.flags, " ")));
  line("source", artifact.sourceName);
  line("file", fmt::format("{} bytes, checksum {:016x}", artifact.fileSize(),
                           artifact.hash));
  for (const CodeInfo &code : artifact.code) {
    const std::string reason = whyNotHere(code);
    line("code",
         fmt::format("{} for {}, {}{}", code.target, code.cpu, code.triple,
                     &code == taken(artifact) ? " (taken on this machine)"
                     : reason.empty()         ? ""
                                              : " (" + reason + ")"));
    if (!code.features.empty())
      line("  features", fmt::format("{}", fmt::join(code.features, " ")));
  }

  printParameters(artifact);
  for (const CodeInfo &code : artifact.code)
    printEntries(artifact, code);
  printEstimate(artifact);
  fmt::print("\nnumbers that a run can set (fgrun train --set)\n");
  for (const HyperInfo &hyper : artifact.hypers)
    fmt::print("  {:<20}{:<12g}{}\n", hyper.name, hyper.value, hyper.help);
  fmt::print("\nrecipe\n");
  for (const auto &[key, value] : artifact.recipe)
    fmt::print("  {:<20}{}\n", key, value);
  fmt::print("\nsegments\n");
  for (const SegmentInfo &segment : artifact.segments)
    fmt::print("  {:<20}{} bytes at {}\n", segment.name, segment.size,
               segment.offset);
  if (!artifact.remarks.empty())
    fmt::print("\nremarks\n");
  for (const std::string &remark : artifact.remarks)
    fmt::print("  {}\n", remark);
}

void run(const Options &options) {
  Artifact artifact = Artifact::load(options.artifact);
  if (options.source)
    fmt::print("{}", artifact.source);
  else if (options.json)
    printJson(artifact);
  else
    printTable(artifact);
}

} // namespace

void addInspect(CLI::App &app) {
  auto options = std::make_shared<Options>();
  CLI::App &command =
      *app.add_subcommand("inspect", "Show what is in a compiled model");
  addArtifact(command, options->artifact);
  command.add_flag("--json", options->json, "Print one JSON object");
  command.add_flag("--source", options->source,
                   "Print the text that the model was compiled from");
  command.footer("The file is checked as for training, but its code is not "
                 "loaded.\n\nExamples:\n"
                 "  fgrun inspect model.fgb\n"
                 "  fgrun inspect model.fgb --source");
  command.callback([options] { run(*options); });
}

} // namespace foregrad::tools
