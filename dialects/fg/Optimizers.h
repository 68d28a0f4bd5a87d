//===- Optimizers.h - Names and numbers of the optimizers -------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// What a recipe can choose. The frontend checks recipes against these tables
// and the compiler takes its defaults from them, so neither needs the other.
// How an optimizer computes stands in compiler/optimizers. A new one is a table
// here, listed in `kOptimizers`.
//
// The limits of a number are inclusive. They keep out what gives no step at
// all: a beta that is 1 after rounding to f32 divides by zero.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_DIALECTS_FG_OPTIMIZERS_H
#define FOREGRAD_DIALECTS_FG_OPTIMIZERS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace foregrad::fg {

/// A number that recipes set and runs can change.
struct HyperInfo {
  llvm::StringLiteral name;
  double value; // default
  double least, most;
  llvm::StringLiteral help;
};

struct OptimizerOptions {
  llvm::StringLiteral name;
  llvm::ArrayRef<HyperInfo> hypers; // each has a `rate`

  /// Null where the optimizer has no such number.
  const HyperInfo *find(llvm::StringRef hyper) const {
    for (const HyperInfo &info : hypers)
      if (info.name == hyper)
        return &info;
    return nullptr;
  }
};

inline constexpr double kMostRate = 1e6;
inline constexpr double kMostBeta = 0.999999;

/// Multiplies the rate of the parameters of a group (`rate_group`).
inline constexpr HyperInfo kRateGroups[] = {
    {"head_rate", 1, 0, kMostRate, "the rate of local heads, times rate"},
    {"last_layer_rate", 1, 0, kMostRate, "the rate of the readout, times rate"},
};

inline constexpr HyperInfo kSgdHypers[] = {
    {"rate", 0.01, 0, kMostRate, "the learning rate"},
    {"momentum", 0, 0, 1, "share of the last step's velocity that goes on"},
    {"weight_decay", 0, 0, 1e6, "decay of weights (not biases)"},
};

inline constexpr HyperInfo kAdamHypers[] = {
    {"rate", 0.001, 0, kMostRate, "the learning rate"},
    {"beta1", 0.9, 0, kMostBeta, "share of the gradients' mean that goes on"},
    {"beta2", 0.999, 0, kMostBeta, "share of the squares' mean that goes on"},
    {"epsilon", 1e-8, 1e-30, 1e6, "added to the root of the squares' mean"},
    {"weight_decay", 0, 0, 1e6,
     "decay of weights (not biases), added to the gradient"},
};

inline constexpr HyperInfo kAdamWHypers[] = {
    {"rate", 0.001, 0, kMostRate, "the learning rate"},
    {"beta1", 0.9, 0, kMostBeta, "share of the gradients' mean that goes on"},
    {"beta2", 0.999, 0, kMostBeta, "share of the squares' mean that goes on"},
    {"epsilon", 1e-8, 1e-30, 1e6, "added to the root of the squares' mean"},
    {"weight_decay", 0.01, 0, 1e6,
     "decay of weights (not biases) beside the gradient, times rate"},
};

inline constexpr HyperInfo kLarsHypers[] = {
    {"rate", 0.1, 0, kMostRate, "the learning rate"},
    {"momentum", 0.9, 0, 1, "share of the last step that goes on"},
    {"weight_decay", 0, 0, 1e6, "decay of weights (not biases)"},
    {"trust_coefficient", 0.001, 0, 1e6,
     "a weight's step as a share of its norm, at rate 1"},
    {"epsilon", 0, 0, 1e6, "added to the gradient's norm"},
};

inline constexpr OptimizerOptions kSgd = {"sgd", kSgdHypers};
inline constexpr OptimizerOptions kAdam = {"adam", kAdamHypers};
inline constexpr OptimizerOptions kAdamW = {"adamw", kAdamWHypers};
inline constexpr OptimizerOptions kLars = {"lars", kLarsHypers};

/// The first one is the default.
inline constexpr const OptimizerOptions *kOptimizers[] = {&kSgd, &kAdam,
                                                          &kAdamW, &kLars};

/// Null where there is none of that name.
inline const OptimizerOptions *findOptimizerOptions(llvm::StringRef name) {
  for (const OptimizerOptions *optimizer : kOptimizers)
    if (optimizer->name == name)
      return optimizer;
  return nullptr;
}

} // namespace foregrad::fg

#endif // FOREGRAD_DIALECTS_FG_OPTIMIZERS_H
