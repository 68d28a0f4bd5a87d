//===- Diagnose.h - Estimates against the exact gradient --------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_DIAGNOSE_DIAGNOSE_H
#define FOREGRAD_RUNTIME_DIAGNOSE_DIAGNOSE_H

#include "runtime/data/Dataset.h"
#include "runtime/device/Program.h"
#include "runtime/diagnose/EstimateStatistics.h"
#include "runtime/diagnose/Prediction.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace foregrad::runtime {

struct DiagnoseOptions {
  uint64_t draws = 200;  ///< 2 or more; a rule without perturbations takes one
  uint64_t samples = 64; ///< 1 or more: whose own gradients are computed
  uint64_t seed = 0;     ///< of the batch and of the perturbations
};

/// The cosine with so many directions.
struct CosineAt {
  uint64_t directions;
  std::optional<double> cosine;
};

/// One layer, or all of them as one gradient.
struct LayerDiagnosis {
  std::string name;
  uint64_t elements = 0; ///< of its parameters
  uint64_t units = 0;    ///< perturbed values that act on one copy of the loss
  uint64_t acting = 0;   ///< ... and those of all layers
  bool shared = false;   ///< one draw for all samples
  EstimateSummary estimate;
  /// Variance of the gradient of a sample, sum over elements.
  std::optional<double> sampleVariance;
  /// The variance of the estimate by Table 1 for this batch.
  std::optional<double> predicted;
  /// ... with what other layers add; where weights are perturbed.
  std::optional<double> predictedTogether;
  std::vector<CosineAt> outlook;            ///< what more directions buy
  std::optional<uint64_t> directionsWanted; ///< for wantedCosine
};

inline constexpr double wantedCosine = 0.9;

struct Diagnosis {
  std::string model, rule, exactRule;
  bool isExact = false; ///< the rule gives the exact gradient: nothing follows
  uint32_t batch = 0;
  uint64_t draws = 0; ///< 1 for a rule without perturbations
  uint64_t samples = 0;
  uint64_t seed = 0;
  uint64_t directions = 0; ///< of one draw; 0 without perturbations
  schema::Law law = schema::Law::Gaussian;
  double loss = 0;                      ///< of the batch
  std::vector<LayerDiagnosis> layers;   ///< those that are estimated
  LayerDiagnosis all;                   ///< layers as one
  std::vector<std::string> exactLayers; ///< that the rule gives exactly

  /// The layer with the lowest cosine, null where no layer has a gradient.
  const LayerDiagnosis *hardest() const;
};

/// What can be said without running anything: all of it if `isExact`. Throws
/// Error where the artifact cannot be diagnosed: it was made by an old compiler
/// or takes its perturbations from outside.
Diagnosis beginDiagnosis(const Artifact &artifact);

/// Runs `gradient` with the perturbations of steps 0..draws-1, and `exact`, on
/// one batch: the first training samples in the order of the seed. The program
/// holds both entries, its parameters are set, and beginDiagnosis does not find
/// its rule exact. The dataset has passed checkDataset. Throws Error where a
/// gradient is not finite.
Diagnosis diagnose(Program &program, const Dataset &dataset,
                   const DiagnoseOptions &options);

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_DIAGNOSE_DIAGNOSE_H
