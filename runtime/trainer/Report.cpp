//===- Report.cpp - A run on one page, with curves ------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/trainer/Report.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include <fmt/format.h>

namespace foregrad::runtime {

namespace {

constexpr double plotWidth = 640, plotHeight = 240, margin = 48;

struct Curve {
  std::string name;
  std::string color;
  std::function<double(const EpochMetrics &)> value;
};

std::string escape(std::string_view text) {
  std::string result;
  for (char c : text) {
    switch (c) {
    case '&':
      result += "&amp;";
      break;
    case '<':
      result += "&lt;";
      break;
    case '>':
      result += "&gt;";
      break;
    case '"':
      result += "&quot;";
      break;
    default:
      result += c;
    }
  }
  return result;
}

/// The least of 1, 2, 5 times a power of ten that is not below `value`.
double roundedUp(double value) {
  if (!(value > 0))
    return 1;
  double power = std::pow(10, std::floor(std::log10(value)));
  for (double factor : {1.0, 2.0, 5.0})
    if (factor * power >= value)
      return factor * power;
  return 10 * power;
}

std::string plot(const std::string &title, const std::string &unit,
                 const std::vector<EpochMetrics> &rows,
                 const std::vector<Curve> &curves) {
  double greatest = 0;
  for (const EpochMetrics &row : rows)
    for (const Curve &curve : curves)
      greatest = std::max(greatest, curve.value(row));
  const double top = roundedUp(greatest);
  const double last = rows.empty() ? 1 : static_cast<double>(rows.back().epoch);
  auto x = [&](double epoch) { return margin + epoch / last * plotWidth; };
  auto y = [&](double value) {
    return margin + (1 - value / top) * plotHeight;
  };

  std::string svg = fmt::format(
      "<figure><figcaption>{}</figcaption><svg viewBox='0 0 {} {}' role='img' "
      "aria-label='{}'>",
      title, plotWidth + 2 * margin, plotHeight + 2 * margin, title);
  for (int i = 0; i <= 4; ++i) {
    double value = top * i / 4, epoch = last * i / 4;
    svg += fmt::format(
        "<path class='grid' d='M{} {:.1f}h{}'/><text x='{}' y='{:.1f}' "
        "text-anchor='end'>{:g}{}</text>",
        margin, y(value), plotWidth, margin - 6, y(value) + 4, value, unit);
    svg += fmt::format(
        "<text x='{:.1f}' y='{}' text-anchor='middle'>{:.4g}</text>", x(epoch),
        margin + plotHeight + 18, epoch);
  }
  double legend = margin;
  for (const Curve &curve : curves) {
    std::string points;
    for (const EpochMetrics &row : rows)
      points += fmt::format("{:.1f},{:.1f} ", x(static_cast<double>(row.epoch)),
                            y(curve.value(row)));
    svg += fmt::format(
        "<polyline points='{}' fill='none' stroke='{}' "
        "stroke-width='2'/><text x='{}' y='{}' fill='{}'>{}</text>",
        points, curve.color, legend, margin - 14, curve.color, curve.name);
    legend += 120;
  }
  return svg + "</svg></figure>\n";
}

std::string tableRow(std::string_view name, std::string_view value) {
  return fmt::format("<tr><th>{}</th><td>{}</td></tr>\n", escape(name),
                     escape(value));
}

constexpr std::string_view style =
    "body{font:15px system-ui,sans-serif;max-width:48em;margin:2em "
    "auto;padding:0 "
    "1em;color:#222;background:#fff}svg{width:100%;height:auto}text{font:12px "
    "system-ui,sans-serif;fill:currentColor}.grid{stroke:#ddd}table{border-"
    "collapse:"
    "collapse}th{text-align:left;padding-right:2em;font-weight:600}td,th{"
    "border-bottom:"
    "1px solid #eee;padding:.2em 2em .2em 0}";

} // namespace

std::string reportPage(const Artifact &artifact, const TrainState &state) {
  std::string page = fmt::format(
      "<!doctype html><html lang='en'><meta charset='utf-8'><meta "
      "name='viewport' "
      "content='width=device-width'><title>{0}</title><style>{1}</style>"
      "<h1>{0}</h1>\n<p>Epoch {2} of {3}, step {4}.</p>\n",
      escape(fmt::format("{} with {}", artifact.model, artifact.rule)), style,
      state.epoch, state.config.epochs, state.step());
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
