//===- Predict.cpp - fgrun predict ----------------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "tools/fgrun/Commands.h"

#include "runtime/data/Batches.h"
#include "runtime/data/Images.h"
#include "runtime/support/Error.h"
#include "runtime/trainer/TensorFiles.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace foregrad::tools {

using namespace runtime;

namespace {

/// Classes that the text shows of an image.
constexpr size_t shownClasses = 3;

struct Options {
  std::string artifact, parameters;
  std::vector<std::string> images;
  int threads = 0;
  bool json = false;
};

/// What the model says of one image. Where it was trained on another loss than
/// cross entropy its numbers are no probabilities.
struct Prediction {
  std::optional<uint32_t> best;
  std::vector<double> logits,
      probabilities; ///< the latter empty: there are none
};

class Predictor {
public:
  explicit Predictor(const Options &options)
      : options(options), artifact(Artifact::load(options.artifact)),
        program(artifact, {"predict"}, options.threads) {
    loadTensors(program, SafetensorsFile::load(options.parameters),
                program.tensorsOf({Role::Parameter}));
  }

  void run() {
    const std::unique_ptr<Dataset> images =
        openImageFiles(options.images, imageSizeFor(artifact));
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    runBatches(program, "predict", *images, Dataset::Split::Test,
               [&](std::span<const uint64_t> samples) {
                 for (uint64_t row = 0; row < samples.size(); ++row) {
                   const std::string &image = options.images[samples[row]];
                   if (options.json)
                     all.push_back(toJson(image, predictionOf(row)));
                   else
                     print(image, predictionOf(row));
                 }
               });
    if (options.json)
      fmt::print("{}\n", all.dump());
  }

private:
  std::vector<double> rowOf(std::string_view tensor, uint64_t row) const {
    std::vector<double> values;
    const TensorInfo *info = artifact.findTensor(tensor);
    if (!info || !program.holds(*info))
      return values;
    for (size_t i = 0; i < artifact.classes.size(); ++i)
      values.push_back(loadElement(info->dtype, program.data(*info),
                                   row * artifact.classes.size() + i));
    return values;
  }

  Prediction predictionOf(uint64_t row) const {
    return {predictedClass(program, row), rowOf("logits", row),
            rowOf("probabilities", row)};
  }

  nlohmann::ordered_json toJson(const std::string &image,
                                const Prediction &prediction) const {
    nlohmann::ordered_json json = {{"image", image}};
    json["class"] =
        prediction.best
            ? nlohmann::ordered_json(artifact.classes[*prediction.best])
            : nullptr;
    json["index"] =
        prediction.best ? nlohmann::ordered_json(*prediction.best) : nullptr;
    if (!prediction.probabilities.empty())
      json["probabilities"] = prediction.probabilities;
    json["logits"] = prediction.logits;
    return json;
  }

  /// "cat.png: cat 97.1 %, dog 2.0 %, deer 0.4 %"
  void print(const std::string &image, const Prediction &prediction) const {
    if (!prediction.best) {
      fmt::print("{}: no class: all that the model says is not a number\n",
                 image);
      return;
    }
    std::vector<size_t> order(artifact.classes.size());
    std::iota(order.begin(), order.end(), 0);
    // NaN behind all numbers: they would have no order.
    auto key = [&](size_t i) {
      const double value = prediction.logits[i];
      return std::isnan(value) ? -std::numeric_limits<double>::infinity()
                               : value;
    };
    std::sort(order.begin(), order.end(), [&](size_t i, size_t j) {
      return key(i) != key(j) ? key(i) > key(j) : i < j;
    });
    order.resize(std::min(order.size(), shownClasses));
    std::vector<std::string> shown;
    for (size_t i : order)
      shown.push_back(prediction.probabilities.empty()
                          ? fmt::format("{} {:.4g}", artifact.classes[i],
                                        prediction.logits[i])
                          : fmt::format("{} {:.1f} %", artifact.classes[i],
                                        100 * prediction.probabilities[i]));
    fmt::print("{}: {}\n", image, fmt::join(shown, ", "));
  }

  const Options &options;
  const Artifact artifact;
  Program program;
};

} // namespace

void addPredict(CLI::App &app) {
  auto options = std::make_shared<Options>();
  CLI::App &command = *app.add_subcommand(
      "predict", "Say of which class images are: JPEG or PNG files");
  addArtifact(command, options->artifact);
  addParameters(command, options->parameters);
  command
      .add_option(
          "IMAGE", options->images,
          "JPEG or PNG files of the height and width that the model was "
          "compiled for; colours become grey, and grey colours, as it "
          "takes them")
      ->required()
      ->expected(1, -1);
  addThreads(command, options->threads);
  command.add_flag(
      "--json", options->json,
      "Print [{\"image\": file, \"class\": name, \"index\": its number, "
      "\"probabilities\": [of each class], \"logits\": [of each class]}, ...]; "
      "without probabilities where the model learned by another loss than "
      "cross entropy, class null where no logit is a number");
  command.footer("Example:\n"
                 "  fgrun predict model.fgb --params run/last.safetensors "
                 "seven.png four.jpg");
  command.callback([options] { Predictor(*options).run(); });
}

} // namespace foregrad::tools
