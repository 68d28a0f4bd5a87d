//===- Page.cpp - Pages that need nothing from outside --------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/report/Page.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace foregrad::runtime {

namespace {

constexpr double plotWidth = 640, plotHeight = 240, margin = 48;
constexpr double barHeight = 22;
constexpr double leastNames = 200, mostNames = 360, letterWidth = 6.5;
constexpr double barNumber = 64; ///< room behind the longest bar
constexpr size_t legendColumns = 5;
constexpr double legendHeight = 18;

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

constexpr std::string_view style =
    "body{font:15px system-ui,sans-serif;max-width:54em;margin:2em "
    "auto;padding:0 "
    "1em;color:#222;background:#fff}svg{width:100%;height:auto}text{font:12px "
    "system-ui,sans-serif;fill:currentColor}.grid{stroke:#ddd}table{border-"
    "collapse:"
    "collapse}th{text-align:left;padding-right:2em;font-weight:600}td,th{"
    "border-bottom:"
    "1px solid #eee;padding:.2em 2em .2em "
    "0}.n{text-align:right}.wide{overflow-x:auto;font-size:13px}"
    ".wide td,.wide th{white-space:nowrap;padding-right:1em}";

std::string beginFigure(std::string_view title, double width, double height) {
  return fmt::format("<figure><figcaption>{0}</figcaption><svg viewBox='0 0 "
                     "{1} {2}' role='img' aria-label='{0}'>",
                     escapeHtml(title), width, height);
}

/// Where the numbers of an x axis stand: the ends and what is between.
class Scale {
public:
  Scale(std::span<const Curve> curves, bool isLogarithmic)
      : logarithmic(isLogarithmic) {
    bool any = false;
    for (const Curve &curve : curves)
      for (const auto &[x, y] : curve.points) {
        first = any ? std::min(first, x) : x;
        last = any ? std::max(last, x) : x;
        any = true;
      }
    if (!any)
      first = last = 1;
    if (!logarithmic)
      first = 0;
    if (last <= first)
      last = first + 1;
  }

  double at(double x) const {
    double share = logarithmic ? std::log(x / first) / std::log(last / first)
                               : (x - first) / (last - first);
    return margin + share * plotWidth;
  }

  double tick(int i, int count) const {
    double share = static_cast<double>(i) / count;
    return logarithmic ? first * std::pow(last / first, share)
                       : first + (last - first) * share;
  }

private:
  bool logarithmic;
  double first = 0, last = 1;
};

} // namespace

std::string escapeHtml(std::string_view text) {
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
    case '\'':
      result += "&#39;";
      break;
    default:
      result += c;
    }
  }
  return result;
}

std::string beginPage(std::string_view title) {
  return fmt::format(
      "<!doctype html><html lang='en'><meta charset='utf-8'><meta "
      "name='viewport' "
      "content='width=device-width'><title>{0}</title><style>{1}</style>"
      "<h1>{0}</h1>\n",
      escapeHtml(title), style);
}

std::string tableRow(std::string_view name, std::string_view value) {
  return fmt::format("<tr><th>{}</th><td>{}</td></tr>\n", escapeHtml(name),
                     escapeHtml(value));
}

std::string htmlTable(const Table &table) {
  std::string html = "<div class='wide'><table>\n";
  auto add = [&](const std::vector<std::string> &row, std::string_view cell) {
    html += "<tr>";
    for (size_t i = 0; i < row.size(); ++i)
      html +=
          fmt::format("<{0}{1}>{2}</{0}>", cell,
                      i < table.texts ? "" : " class='n'", escapeHtml(row[i]));
    html += "</tr>\n";
  };
  add(table.head, "th");
  for (const std::vector<std::string> &row : table.body)
    add(row, "td");
  return html + "</table></div>\n";
}

std::string plotCurves(const CurvePlot &plot, std::span<const Curve> curves) {
  double top = plot.top;
  if (!(top > 0)) {
    double greatest = 0;
    for (const Curve &curve : curves)
      for (const auto &[x, y] : curve.points)
        greatest = std::max(greatest, y);
    top = roundedUp(greatest);
  }
  const Scale x(curves, plot.logarithmic);
  // The first row of the legend has room in the margin.
  const size_t moreRows =
      curves.empty() ? 0 : (curves.size() - 1) / legendColumns;
  const double above = margin + static_cast<double>(moreRows) * legendHeight;
  auto y = [&](double value) {
    return above + (1 - std::clamp(value / top, 0.0, 1.0)) * plotHeight;
  };

  std::string svg = beginFigure(plot.title, plotWidth + 2 * margin,
                                plotHeight + above + margin);
  for (int i = 0; i <= 4; ++i) {
    double value = top * i / 4;
    svg += fmt::format(
        "<path class='grid' d='M{} {:.1f}h{}'/><text x='{}' y='{:.1f}' "
        "text-anchor='end'>{:g}{}</text>",
        margin, y(value), plotWidth, margin - 6, y(value) + 4, value,
        escapeHtml(plot.unit));
    svg += fmt::format(
        "<text x='{:.1f}' y='{}' text-anchor='middle'>{:.4g}</text>",
        x.at(x.tick(i, 4)), above + plotHeight + 18, x.tick(i, 4));
  }
  for (size_t i = 0; i < curves.size(); ++i) {
    const Curve &curve = curves[i];
    const size_t row = i / legendColumns, column = i % legendColumns;
    std::string points;
    for (const auto &[at, value] : curve.points)
      points += fmt::format("{:.1f},{:.1f} ", x.at(at), y(value));
    svg += fmt::format(
        "<polyline points='{0}' fill='none' stroke='{1}' "
        "stroke-width='2'/><text x='{2}' y='{3}' style='fill:{1}'>{4}</text>",
        points, curve.color, margin + static_cast<double>(column) * 120,
        margin - 14 + static_cast<double>(row) * legendHeight,
        escapeHtml(curve.name));
  }
  return svg + "</svg></figure>\n";
}

std::string plotBars(std::string_view title, double top,
                     std::span<const Bar> bars) {
  size_t letters = 0;
  for (const Bar &bar : bars)
    letters = std::max(letters, bar.name.size());
  const double barNames = std::clamp(letterWidth * static_cast<double>(letters),
                                     leastNames, mostNames);
  const double width = plotWidth + 2 * margin - barNames - barNumber;
  std::string svg =
      beginFigure(title, plotWidth + 2 * margin,
                  barHeight * static_cast<double>(bars.size()) + margin / 2);
  double y = 0;
  for (const Bar &bar : bars) {
    double length = std::clamp(bar.value / top, 0.0, 1.0) * width;
    svg += fmt::format(
        "<text x='{}' y='{}' text-anchor='end'>{}</text><rect x='{}' y='{}' "
        "width='{:.1f}' height='{}' fill='#2874a6'/><text x='{:.1f}' "
        "y='{}'>{:.3g}</text>",
        barNames - 6, y + 15, escapeHtml(bar.name), barNames, y + 3, length,
        barHeight - 6, barNames + length + 6, y + 15, bar.value);
    y += barHeight;
  }
  return svg + "</svg></figure>\n";
}

} // namespace foregrad::runtime
