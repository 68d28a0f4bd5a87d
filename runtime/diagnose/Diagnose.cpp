//===- Diagnose.cpp - Estimates against the exact gradient ----------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/diagnose/Diagnose.h"

#include "runtime/data/Batches.h"
#include "runtime/support/Error.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace foregrad::runtime {

namespace {

/// "block0.token" of "block0.token.weight".
std::string layerOf(std::string_view path) {
  return std::string(path.substr(0, path.rfind('.')));
}

/// What the layers of an artifact are: parameters of one path but for the last
/// name, in the artifact's order.
struct LayerParts {
  std::string name;
  std::vector<const TensorInfo *> gradients;
  std::vector<const PerturbedInfo *> perturbed; ///< what it learns from
};

std::vector<LayerParts> findLayers(const Artifact &artifact) {
  std::vector<LayerParts> layers;
  const EntryInfo &gradient = artifact.entry("gradient");
  for (const TensorInfo &parameter : artifact.tensors) {
    const TensorInfo *tensor = artifact.findTensor(parameter.name + ".grad");
    if (parameter.role != Role::Parameter || !tensor ||
        std::ranges::none_of(gradient.bindings, [&](Binding binding) {
          return binding.tensor == tensor->index;
        }))
      continue;
    std::string name = layerOf(parameter.name);
    auto layer = std::ranges::find(layers, name, &LayerParts::name);
    if (layer == layers.end())
      layer = layers.insert(layer, {name, {}, {}});
    layer->gradients.push_back(tensor);
    for (const PerturbedInfo &perturbed : artifact.estimate.perturbed)
      if (std::ranges::find(perturbed.parameters, parameter.index) !=
              perturbed.parameters.end() &&
          std::ranges::find(layer->perturbed, &perturbed) ==
              layer->perturbed.end())
        layer->perturbed.push_back(&perturbed);
  }
  return layers;
}

/// Reads the gradients of all layers as one row of numbers.
class GradientReader {
public:
  GradientReader(Program &target, const std::vector<LayerParts> &parts)
      : program(target) {
    size_t count = 0;
    for (const LayerParts &layer : parts) {
      const size_t begin = count;
      for (const TensorInfo *tensor : layer.gradients) {
        tensors.push_back(tensor);
        count += tensor->elements;
      }
      layers.push_back({begin, count});
    }
    values.resize(count);
  }

  /// Runs the entry; valid until the next call.
  const std::vector<double> &run(std::string_view entry) {
    program.run(entry);
    double *next = values.data();
    for (const TensorInfo *tensor : tensors) {
      convertElements(tensor->dtype, program.data(*tensor), DType::F64, next,
                      tensor->elements);
      if (!std::all_of(next, next + tensor->elements,
                       [](double x) { return std::isfinite(x); }))
        fail("{}: entry '{}': '{}' is not finite: the parameters have diverged",
             program.artifact().path, entry, tensor->name);
      next += tensor->elements;
    }
    return values;
  }

  const std::vector<EstimateStatistics::Layer> &ranges() const {
    return layers;
  }

private:
  Program &program;
  std::vector<const TensorInfo *> tensors;
  std::vector<EstimateStatistics::Layer> layers;
  std::vector<double> values;
};

double squareOf(const std::vector<double> &values,
                EstimateStatistics::Layer layer) {
  double sum = 0;
  for (size_t i = layer.begin; i < layer.end; ++i)
    sum += values[i] * values[i];
  return sum;
}

/// The mean over samples of |gradient of a sample|^2, by layer.
std::vector<double> meanSampleSquares(Program &program, const Dataset &dataset,
                                      GradientReader &reader,
                                      std::span<const uint64_t> samples) {
  std::vector<double> squares(reader.ranges().size());
  for (uint64_t sample : samples) {
    // A batch of one sample again and again.
    Batch(dataset, Dataset::Split::Train, {&sample, 1}).fill(program);
    const std::vector<double> &gradient = reader.run("exact");
    for (size_t i = 0; i < squares.size(); ++i)
      squares[i] += squareOf(gradient, reader.ranges()[i]) /
                    static_cast<double>(samples.size());
  }
  return squares;
}

LayerPerturbation perturbationOf(const Diagnosis &diagnosis,
                                 const LayerDiagnosis &layer) {
  return {diagnosis.law, diagnosis.directions,
          std::max<uint64_t>(layer.units, 1),
          std::max<uint64_t>(layer.acting, 1)};
}

void lookOut(const Diagnosis &diagnosis, LayerDiagnosis &layer) {
  DirectionsOutlook outlook(perturbationOf(diagnosis, layer), layer.estimate);
  for (uint64_t directions : {1, 4, 16, 64, 256, 1024, 4096})
    layer.outlook.push_back({directions, outlook.cosineWith(directions)});
  layer.directionsWanted = outlook.directionsFor(wantedCosine);
}

/// Table 1, with the sampling of the batch left out.
void predict(Diagnosis &diagnosis, const std::vector<LayerParts> &parts) {
  // Of all that learns from one loss.
  std::map<std::string, double> together;
  for (size_t i = 0; i < parts.size(); ++i)
    together[parts[i].perturbed.front()->loss] +=
        diagnosis.layers[i].estimate.exactSquare;
  for (size_t i = 0; i < parts.size(); ++i) {
    LayerDiagnosis &layer = diagnosis.layers[i];
    const LayerPerturbation perturbation = perturbationOf(diagnosis, layer);
    const double square = layer.estimate.exactSquare;
    if (layer.shared) {
      layer.predicted = predictedVariance(perturbation, square, square);
      layer.predictedTogether = predictedVariance(
          perturbation, square, together[parts[i].perturbed.front()->loss]);
    } else {
      // Each sample has its own draw: an N-th of the mean over samples.
      const double own = (*layer.sampleVariance + square) / diagnosis.batch;
      layer.predicted = predictedVariance(perturbation, own, own);
    }
  }
}

LayerDiagnosis begin(const LayerParts &part,
                     EstimateStatistics::Layer elements) {
  LayerDiagnosis layer;
  layer.name = part.name;
  layer.elements = elements.end - elements.begin;
  for (const PerturbedInfo *perturbed : part.perturbed) {
    layer.units += perturbed->units;
    layer.acting = std::max(layer.acting, perturbed->acting);
    layer.shared = perturbed->shared;
  }
  return layer;
}

} // namespace

const LayerDiagnosis *Diagnosis::hardest() const {
  const LayerDiagnosis *lowest = nullptr;
  for (const LayerDiagnosis &layer : layers)
    if (layer.estimate.cosine &&
        (!lowest || *layer.estimate.cosine < *lowest->estimate.cosine))
      lowest = &layer;
  return lowest;
}

Diagnosis beginDiagnosis(const Artifact &artifact) {
  Diagnosis diagnosis;
  diagnosis.model = artifact.model;
  diagnosis.rule = artifact.rule;
  diagnosis.exactRule = artifact.estimate.exactRule;
  diagnosis.isExact = diagnosis.exactRule == artifact.rule;
  diagnosis.batch = artifact.batch;
  diagnosis.directions = artifact.estimate.directions;
  diagnosis.law = artifact.estimate.law;
  if (!diagnosis.isExact && artifact.takesPerturbations())
    fail("{}: was compiled with --external-perturbation: compile the model "
         "without it, so that it can draw perturbations",
         artifact.path);
  return diagnosis;
}

Diagnosis diagnose(Program &program, const Dataset &dataset,
                   const DiagnoseOptions &options) {
  const Artifact &artifact = program.artifact();
  Diagnosis diagnosis = beginDiagnosis(artifact);
  diagnosis.seed = options.seed;
  const bool perturbs = diagnosis.directions > 0;
  diagnosis.draws = perturbs ? options.draws : 1;

  std::vector<LayerParts> parts = findLayers(artifact);
  if (perturbs)
    std::erase_if(parts, [&](const LayerParts &part) {
      if (!part.perturbed.empty())
        return false;
      diagnosis.exactLayers.push_back(part.name);
      return true;
    });
  GradientReader reader(program, parts);
  std::vector<uint64_t> order =
      shuffledOrder(options.seed, 0, dataset.size(Dataset::Split::Train));
  order.resize(std::min<uint64_t>(order.size(), artifact.batch));
  Batch(dataset, Dataset::Split::Train, order).fill(program);
  EstimateStatistics statistics(reader.run("exact"), reader.ranges());
  diagnosis.loss = program.scalar("loss");
  program.setSeed(options.seed);
  for (uint64_t step = 0; step < diagnosis.draws; ++step) {
    program.setStep(step);
    statistics.add(reader.run("gradient"));
  }
  for (size_t i = 0; i < parts.size(); ++i) {
    LayerDiagnosis &layer =
        diagnosis.layers.emplace_back(begin(parts[i], reader.ranges()[i]));
    layer.estimate = statistics.ofLayer(i);
    diagnosis.all.elements += layer.elements;
  }
  diagnosis.all.name = "all";
  diagnosis.all.estimate = statistics.ofAll();
  if (!perturbs)
    return diagnosis;

  diagnosis.samples = std::min<uint64_t>(options.samples, order.size());
  order.resize(diagnosis.samples);
  std::vector<double> squares =
      meanSampleSquares(program, dataset, reader, order);
  for (size_t i = 0; i < parts.size(); ++i) {
    LayerDiagnosis &layer = diagnosis.layers[i];
    layer.sampleVariance =
        std::max(0.0, squares[i] - layer.estimate.exactSquare);
    diagnosis.all.acting = std::max(diagnosis.all.acting, layer.acting);
    lookOut(diagnosis, layer);
  }
  predict(diagnosis, parts);
  lookOut(diagnosis, diagnosis.all);
  return diagnosis;
}

} // namespace foregrad::runtime
