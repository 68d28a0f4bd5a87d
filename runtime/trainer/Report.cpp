//===- Report.cpp - A run on one page, with curves ------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/trainer/Report.h"

#include "runtime/report/Page.h"

#include <functional>

#include <fmt/format.h>

namespace foregrad::runtime {

namespace {

struct Column {
  std::string name;
  std::string color;
  std::function<double(const EpochMetrics &)> value;
};

std::string plot(const std::string &title, const std::string &unit,
                 const std::vector<EpochMetrics> &rows,
                 const std::vector<Column> &columns) {
  std::vector<Curve> curves;
  for (const Column &column : columns) {
    Curve &curve = curves.emplace_back(column.name, column.color);
    for (const EpochMetrics &row : rows)
      curve.points.emplace_back(static_cast<double>(row.epoch),
                                column.value(row));
  }
  CurvePlot plot;
  plot.title = title;
  plot.unit = unit;
  return plotCurves(plot, curves);
}

} // namespace

std::string reportPage(const Artifact &artifact, const TrainState &state) {
  std::string page =
      beginPage(fmt::format("{} with {}", artifact.model, artifact.rule));
  page += fmt::format("<p>Epoch {} of {}, step {}.</p>\n", state.epoch,
                      state.config.epochs, state.step());
  page += plot("Error", " %", state.rows,
               {{"test", "#c0392b",
                 [](const EpochMetrics &row) { return row.testError; }},
                {"train", "#2874a6",
                 [](const EpochMetrics &row) { return row.trainError; }}});
  page += plot("Training loss", "", state.rows,
               {{"train", "#2874a6",
                 [](const EpochMetrics &row) { return row.trainLoss; }}});

  page += "<table>\n";
  if (!state.rows.empty()) {
    const EpochMetrics &last = state.rows.back();
    page += tableRow("test error", fmt::format("{:.2f} %", last.testError));
    page += tableRow("train error", fmt::format("{:.2f} %", last.trainError));
    page += tableRow("train loss", fmt::format("{:.4f}", last.trainLoss));
    page += tableRow("time of a step", fmt::format("{:.3f} ms", last.stepMs));
  }
  page += tableRow("data", state.config.data);
  page += tableRow("batch", std::to_string(artifact.batch));
  page += tableRow("precision", nameOf(artifact.precision));
  page += tableRow("seed", std::to_string(state.config.seed));
  page += tableRow("schedule", state.config.schedule.text());
  if (state.config.augmentation.flip)
    page += tableRow("flip", "on");
  if (state.config.augmentation.crop > 0)
    page += tableRow("crop", std::to_string(state.config.augmentation.crop));
  for (const auto &[name, value] : state.config.hypers)
    page += tableRow(name, fmt::format("{:g}", value));
  page += tableRow("compiler", artifact.compilerVersion);
  return page + "</table></html>\n";
}

} // namespace foregrad::runtime
