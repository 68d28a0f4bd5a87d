//===- DiagnosisReport.cpp - A diagnosis for people and programs ----------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/diagnose/DiagnosisReport.h"

#include "runtime/report/Page.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace foregrad::runtime {

namespace {

/// As the compiler takes them (docs/rules.md).
constexpr uint64_t mostDirections = 4096;

/// More curves than this cannot be told apart.
constexpr size_t mostCurves = 12;

using Row = std::vector<std::string>;

std::string number(std::optional<double> value) {
  return value ? fmt::format("{:.3g}", *value) : "-";
}

std::string cosineText(std::optional<double> value) {
  return value ? fmt::format("{:.3f}", *value) : "-";
}

std::string withError(std::optional<double> value, double error) {
  return value ? fmt::format("{:.3f} +- {:.3f}", *value, error) : "-";
}

bool perturbs(const Diagnosis &diagnosis) { return diagnosis.directions > 0; }

/// A rule without chance: how its gradient lies to the exact one.
Table alignmentTable(const Diagnosis &diagnosis) {
  Table table;
  table.head = {"layer", "values", "cosine", "angle", "length", "distance"};
  auto add = [&](const LayerDiagnosis &layer) {
    const EstimateSummary &estimate = layer.estimate;
    std::string angle = "-";
    if (estimate.cosine)
      angle = fmt::format("{:.0f} deg",
                          std::acos(std::clamp(*estimate.cosine, -1.0, 1.0)) *
                              180 / std::numbers::pi);
    table.body.push_back({layer.name, std::to_string(layer.elements),
                          cosineText(estimate.cosine), angle,
                          number(estimate.norm),
                          number(estimate.relativeDistance())});
  };
  for (const LayerDiagnosis &layer : diagnosis.layers)
    add(layer);
  add(diagnosis.all);
  return table;
}

/// Columns for more directions than one draw has now.
std::vector<size_t> shownOutlooks(const Diagnosis &diagnosis) {
  std::vector<size_t> shown;
  for (size_t i = 0; i < diagnosis.all.outlook.size() && shown.size() < 3; ++i)
    if (diagnosis.all.outlook[i].directions > diagnosis.directions)
      shown.push_back(i);
  return shown;
}

Row estimateRow(const LayerDiagnosis &layer, const std::vector<size_t> &shown,
                bool together) {
  const EstimateSummary &estimate = layer.estimate;
  auto beside = [&](std::optional<double> variance) -> std::optional<double> {
    if (!variance || !(estimate.exactSquare > 0))
      return std::nullopt;
    return *variance / estimate.exactSquare;
  };
  std::optional<double> ratio;
  std::optional<double> predicted =
      together ? layer.predictedTogether : layer.predicted;
  if (predicted && *predicted > 0 && estimate.exactSquare > 0)
    ratio = estimate.variance / *predicted;
  Row row = {layer.name,
             std::to_string(layer.elements),
             layer.units ? std::to_string(layer.units) : "",
             withError(estimate.cosine, estimate.cosineError),
             number(estimate.relativeDistance()),
             number(estimate.relativeChance()),
             estimate.isBiased() ? "biased" : "",
             number(estimate.relativeVariance()),
             layer.predicted ? number(beside(layer.predicted)) : ""};
  if (together)
    row.push_back(
        layer.predictedTogether ? number(beside(layer.predictedTogether)) : "");
  row.push_back(layer.predicted ? number(ratio) : "");
  for (size_t i : shown)
    row.push_back(cosineText(layer.outlook[i].cosine));
  row.push_back(!estimate.cosine ? "-"
                : layer.directionsWanted
                    ? std::to_string(*layer.directionsWanted)
                    : "never");
  return row;
}

Table estimateTable(const Diagnosis &diagnosis) {
  const std::vector<size_t> shown = shownOutlooks(diagnosis);
  const bool together =
      std::ranges::any_of(diagnosis.layers, [](const LayerDiagnosis &layer) {
        return layer.predictedTogether.has_value();
      });
  Table table;
  table.head = {"layer",  "values", "units",    "cosine", "distance",
                "chance", "",       "variance", "Table 1"};
  if (together)
    table.head.push_back("together");
  table.head.push_back("ratio");
  for (size_t i : shown)
    table.head.push_back(
        fmt::format("K = {}", diagnosis.all.outlook[i].directions));
  table.head.push_back(fmt::format("K for {:g}", wantedCosine));
  for (const LayerDiagnosis &layer : diagnosis.layers)
    table.body.push_back(estimateRow(layer, shown, together));
  table.body.push_back(estimateRow(diagnosis.all, shown, together));
  return table;
}

Table tableOf(const Diagnosis &diagnosis) {
  return perturbs(diagnosis) ? estimateTable(diagnosis)
                             : alignmentTable(diagnosis);
}

std::string title(const Diagnosis &diagnosis) {
  return fmt::format("{} with {} against {}", diagnosis.model, diagnosis.rule,
                     diagnosis.exactRule);
}

std::string_view lawText(schema::Law law) {
  switch (law) {
  case schema::Law::Gaussian:
    return "gaussian";
  case schema::Law::Rademacher:
    return "rademacher";
  case schema::Law::Orthogonal:
    return "orthogonal";
  }
  return "";
}

std::string setting(const Diagnosis &diagnosis) {
  std::string text = fmt::format("One batch of {} samples, loss {:.4g}",
                                 diagnosis.batch, diagnosis.loss);
  if (!perturbs(diagnosis))
    return text + "; nothing is perturbed, so one step says all.";
  return text + fmt::format("; {} draws of {} {} direction{}; variance between "
                            "samples from {} of them.",
                            diagnosis.draws, diagnosis.directions,
                            lawText(diagnosis.law),
                            diagnosis.directions == 1 ? "" : "s",
                            diagnosis.samples);
}

std::string directionsText(const LayerDiagnosis &layer) {
  if (!layer.directionsWanted)
    return fmt::format("no number of directions would give {:g}, since its "
                       "mean is not the exact gradient",
                       wantedCosine);
  if (*layer.directionsWanted > mostDirections)
    return fmt::format("{} directions would give {:g}, fgc takes {} at most",
                       *layer.directionsWanted, wantedCosine, mostDirections);
  return fmt::format("{} direction{} would give {:g}", *layer.directionsWanted,
                     *layer.directionsWanted == 1 ? "" : "s", wantedCosine);
}

/// What the table comes down to, a line each.
std::vector<std::string> verdict(const Diagnosis &diagnosis) {
  if (diagnosis.isExact)
    return {fmt::format("{} with {}: the rule gives the exact gradient, there "
                        "is nothing to compare.",
                        diagnosis.model, diagnosis.rule)};
  std::vector<std::string> lines;
  std::vector<std::string_view> zero, biased;
  for (const LayerDiagnosis &layer : diagnosis.layers) {
    if (!layer.estimate.cosine)
      zero.push_back(layer.name);
    if (layer.estimate.isBiased())
      biased.push_back(layer.name);
  }
  if (!diagnosis.exactLayers.empty())
    lines.push_back(fmt::format("Learned exactly, not shown: {}.",
                                fmt::join(diagnosis.exactLayers, ", ")));
  if (zero.size() == diagnosis.layers.size())
    lines.push_back("The exact gradient is 0 for all layers: a readout that "
                    "starts at 0 lets nothing through. Give --params of a "
                    "trained model.");
  else if (!zero.empty())
    lines.push_back(fmt::format(
        "The exact gradient is 0, as the loss of {} does not depend on it: {}.",
        diagnosis.exactRule, fmt::join(zero, ", ")));
  if (!biased.empty())
    lines.push_back(fmt::format("Biased, more than by chance: {}.",
                                fmt::join(biased, ", ")));
  const LayerDiagnosis *hardest = diagnosis.hardest();
  if (!hardest)
    return lines;
  std::string line =
      fmt::format("{} is the hardest layer: its cosine is {:.3f}",
                  hardest->name, *hardest->estimate.cosine);
  if (perturbs(diagnosis))
    line += fmt::format(" with {} direction{}; {}", diagnosis.directions,
                        diagnosis.directions == 1 ? "" : "s",
                        directionsText(*hardest));
  lines.push_back(line + ".");
  return lines;
}

nlohmann::ordered_json orNull(std::optional<double> value) {
  if (value)
    return *value;
  return nullptr;
}

nlohmann::ordered_json layerJson(const Diagnosis &diagnosis,
                                 const LayerDiagnosis &layer) {
  const EstimateSummary &estimate = layer.estimate;
  nlohmann::ordered_json json = {
      {"layer", layer.name},
      {"values", layer.elements},
      {"exact_square", estimate.exactSquare},
      {"cosine", orNull(estimate.cosine)},
      {"length", orNull(estimate.norm)},
      {"distance", orNull(estimate.relativeDistance())},
  };
  if (!perturbs(diagnosis))
    return json;
  json["cosine_error"] = estimate.cosineError;
  json["chance"] = orNull(estimate.relativeChance());
  json["biased"] = estimate.isBiased();
  json["variance"] = estimate.variance;
  json["relative_variance"] = orNull(estimate.relativeVariance());
  if (layer.predicted) {
    json["units"] = layer.units;
    json["acting"] = layer.acting;
    json["sample_variance"] = orNull(layer.sampleVariance);
    json["predicted_variance"] = *layer.predicted;
    json["predicted_variance_together"] = orNull(layer.predictedTogether);
  }
  nlohmann::ordered_json outlook = nlohmann::ordered_json::array();
  for (const CosineAt &at : layer.outlook)
    outlook.push_back(
        {{"directions", at.directions}, {"cosine", orNull(at.cosine)}});
  json["outlook"] = std::move(outlook);
  if (layer.directionsWanted)
    json["directions_wanted"] = *layer.directionsWanted;
  else
    json["directions_wanted"] = nullptr;
  return json;
}

std::string textTable(const Table &table) {
  std::vector<Row> rows = {table.head};
  rows.insert(rows.end(), table.body.begin(), table.body.end());
  std::vector<size_t> widths(table.head.size());
  for (const Row &row : rows)
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  std::string text;
  for (const Row &row : rows) {
    std::string line = fmt::format("{:<{}}", row[0], widths[0]);
    for (size_t i = 1; i < row.size(); ++i)
      if (widths[i])
        line += fmt::format("  {:>{}}", row[i], widths[i]);
    text += line + "\n";
  }
  return text;
}

std::string plotCosines(const Diagnosis &diagnosis) {
  std::vector<Bar> bars;
  for (const LayerDiagnosis &layer : diagnosis.layers)
    if (layer.estimate.cosine)
      bars.push_back({layer.name, *layer.estimate.cosine});
  return bars.empty() ? "" : plotBars("Cosine to the exact gradient", 1, bars);
}

/// The hardest layers, and all as one.
std::string plotOutlooks(const Diagnosis &diagnosis) {
  std::vector<const LayerDiagnosis *> shown;
  for (const LayerDiagnosis &layer : diagnosis.layers)
    if (layer.estimate.cosine)
      shown.push_back(&layer);
  if (shown.empty())
    return "";
  std::ranges::sort(shown, {}, [](const LayerDiagnosis *layer) {
    return std::pair(*layer->estimate.cosine, layer); // layers lie in a row
  });
  std::string title = "Expected cosine against the number of directions";
  if (shown.size() >= mostCurves) {
    shown.resize(mostCurves - 1);
    title += fmt::format(", the {} hardest layers and all", shown.size());
  }
  shown.push_back(&diagnosis.all);
  std::vector<Curve> curves;
  for (size_t i = 0; i < shown.size(); ++i) {
    Curve &curve = curves.emplace_back();
    curve.name = shown[i]->name;
    curve.color = i + 1 == shown.size()
                      ? "#222"
                      : fmt::format("hsl({} 65% 42%)", 360 * i / mostCurves);
    for (const CosineAt &at : shown[i]->outlook)
      if (at.cosine)
        curve.points.emplace_back(static_cast<double>(at.directions),
                                  *at.cosine);
  }
  CurvePlot plot;
  plot.title = title;
  plot.top = 1;
  plot.logarithmic = true;
  return plotCurves(plot, curves);
}

} // namespace

std::string diagnosisText(const Diagnosis &diagnosis) {
  std::string text;
  if (!diagnosis.isExact)
    text = fmt::format("{}\n{}\n\n{}\n", title(diagnosis), setting(diagnosis),
                       textTable(tableOf(diagnosis)));
  for (const std::string &line : verdict(diagnosis))
    text += line + "\n";
  return text;
}

nlohmann::ordered_json diagnosisJson(const Diagnosis &diagnosis) {
  nlohmann::ordered_json json = {{"model", diagnosis.model},
                                 {"rule", diagnosis.rule},
                                 {"exact_rule", diagnosis.exactRule},
                                 {"exact", diagnosis.isExact}};
  if (diagnosis.isExact)
    return json;
  json["batch"] = diagnosis.batch;
  json["loss"] = diagnosis.loss;
  json["seed"] = diagnosis.seed;
  json["draws"] = diagnosis.draws;
  json["directions"] = diagnosis.directions;
  json["samples"] = diagnosis.samples;
  json["learned_exactly"] = diagnosis.exactLayers;
  nlohmann::ordered_json layers = nlohmann::ordered_json::array();
  for (const LayerDiagnosis &layer : diagnosis.layers)
    layers.push_back(layerJson(diagnosis, layer));
  json["layers"] = std::move(layers);
  json["all"] = layerJson(diagnosis, diagnosis.all);
  const LayerDiagnosis *hardest = diagnosis.hardest();
  if (hardest)
    json["hardest"] = hardest->name;
  else
    json["hardest"] = nullptr;
  return json;
}

std::string diagnosisPage(const Diagnosis &diagnosis) {
  std::string page = beginPage(title(diagnosis));
  if (!diagnosis.isExact)
    page += fmt::format("<p>{}</p>\n", escapeHtml(setting(diagnosis)));
  for (const std::string &line : verdict(diagnosis))
    page += fmt::format("<p>{}</p>\n", escapeHtml(line));
  if (!diagnosis.isExact) {
    page += plotCosines(diagnosis);
    if (perturbs(diagnosis))
      page += plotOutlooks(diagnosis);
    page += htmlTable(tableOf(diagnosis));
  }
  return page + "</html>\n";
}

} // namespace foregrad::runtime
