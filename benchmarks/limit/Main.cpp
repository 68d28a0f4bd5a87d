//===- Main.cpp - measures what this machine can do -----------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "benchmarks/limit/Peaks.h"
#include "benchmarks/limit/Products.h"

#include <exception>
#include <iostream>
#include <string>
#include <thread>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

using namespace foregrad::limit;
using Json = nlohmann::ordered_json;

namespace {

Json peaks(int threads) {
  const Peak one = multiplyAddPeak(1), all = multiplyAddPeak(threads);
  Json json = {
      {"threads", threads},
      {"instructions", one.instructions},
      {"fma_gflops", {{"one", one.gflops}, {"all", all.gflops}}},
      {"bf16_gflops", nullptr},
      {"triad_gigabytes",
       {{"one", triadBandwidth(1)}, {"all", triadBandwidth(threads)}}},
  };
  if (std::optional<Peak> bf16 = bf16Peak(1))
    json["bf16_gflops"] = {{"one", bf16->gflops},
                           {"all", bf16Peak(threads)->gflops}};
  return json;
}

std::vector<Loop> loopsOf(const Json &json) {
  std::vector<Loop> loops;
  for (const Json &loop : json)
    loops.push_back(
        {loop.at("count"), loop.at("a"), loop.at("b"), loop.at("c")});
  return loops;
}

ProductSeries seriesOf(const Json &json) {
  ProductSeries series;
  series.product = {json.at("m"),           json.at("n"),
                    json.at("k"),           json.at("transpose_a"),
                    json.at("transpose_b"), json.at("lda"),
                    json.at("ldb"),         json.at("ldc")};
  series.outer = loopsOf(json.at("outer"));
  series.inner = loopsOf(json.at("inner"));
  check(series);
  return series;
}

/// Reads a list of series from standard input; their rates in the same order.
Json products(const std::string &path, int threads, double seconds) {
  Library library(path);
  const Json given = Json::parse(std::cin);
  Json results = Json::array();
  for (const Json &json : given) {
    const ProductSeries series = seriesOf(json);
    const SeriesTime time = timeSeries(library, series, threads, seconds);
    auto rate = [&](double taken) { return series.flops() * 1e-9 / taken; };
    results.push_back(
        {{"library_threads", rate(time.libraryThreads)},
         {"own_threads",
          time.ownThreads ? Json(rate(*time.ownThreads)) : Json(nullptr)}});
  }
  return {{"library", library.description()}, {"gflops", results}};
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app(
      "limit: measures what this machine can do: its peaks, and the "
      "matrix products of libraries. benchmarks/performance calls it.");
  app.require_subcommand(1);
  int threads = static_cast<int>(std::thread::hardware_concurrency());
  double seconds = 0.05;
  std::string path;
  Json result;
  auto addThreads = [&threads](CLI::App &command) {
    command.add_option("--threads", threads, "Threads to use (default: all)")
        ->check(CLI::Range(1, 4096));
  };
  CLI::App &first = *app.add_subcommand(
      "peaks", "Multiply-adds in registers, f32 and bf16, and memory");
  addThreads(first);
  first.callback([&] { result = peaks(threads); });
  CLI::App &second = *app.add_subcommand(
      "products", "Rates of the products listed on standard input as JSON, in "
                  "GFLOP/s: with the library's threads, and with whole "
                  "products on each thread");
  addThreads(second);
  second.add_option("--library", path, "A shared OpenBLAS or oneDNN")
      ->required();
  second.add_option("--seconds", seconds, "For each product and way")
      ->check(CLI::Range(0.0, 60.0))
      ->capture_default_str();
  second.callback([&] { result = products(path, threads, seconds); });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception &error) {
    std::cerr << "limit: " << error.what() << "\n";
    return 1;
  }
  std::cout << result.dump() << "\n";
  return 0;
}
