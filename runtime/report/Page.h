//===- Page.h - Pages that need nothing from outside ------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
// What HTML reports share: one style, tables, and plots as SVG.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_REPORT_PAGE_H
#define FOREGRAD_RUNTIME_REPORT_PAGE_H

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foregrad::runtime {

/// `text` with the characters replaced that HTML gives a meaning.
std::string escapeHtml(std::string_view text);

/// The page up to its heading; it ends with "</html>".
std::string beginPage(std::string_view title);

/// A row of a table of names and values.
std::string tableRow(std::string_view name, std::string_view value);

struct Table {
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> body; ///< rows with as many cells
  size_t texts = 1; ///< columns of words; numbers follow, in line at the right
};

std::string htmlTable(const Table &table);

struct Curve {
  std::string name;
  std::string color;                             ///< as CSS writes it
  std::vector<std::pair<double, double>> points; ///< x of 0 or more, rising
};

struct CurvePlot {
  std::string title;
  std::string unit;         ///< behind the numbers at the y axis
  double top = 0;           ///< of the y axis, which begins at 0; 0: by itself
  bool logarithmic = false; ///< the x axis; then x is above 0
};

/// Curves over one x axis, with a legend.
std::string plotCurves(const CurvePlot &plot, std::span<const Curve> curves);

struct Bar {
  std::string name;
  double value; ///< drawn between 0 and the plot's top
};

/// Horizontal bars from 0 to `top`, each with its name and number.
std::string plotBars(std::string_view title, double top,
                     std::span<const Bar> bars);

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_REPORT_PAGE_H
