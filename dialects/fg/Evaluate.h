//===- Evaluate.h - The reference interpreter -------------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Runs entries and models in f64, op by op. The oracle that compiled code is
// compared with.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_DIALECTS_FG_EVALUATE_H
#define FOREGRAD_DIALECTS_FG_EVALUATE_H

#include "dialects/fg/Fg.h"
#include "llvm/Support/Error.h"
#include <map>
#include <string>

namespace foregrad::fg {

/// Buffers by name (`fg.read`, `fg.write`, `fg.input`, `fg.label`,
/// `fg.parameter`).
using Buffers = std::map<std::string, Tensor, std::less<>>;

/// Calls an entry: `buffers` holds what it reads; returned is what it writes.
/// An error names a buffer that is missing or has another number of elements,
/// or an op that cannot be evaluated.
llvm::Expected<Buffers> evaluateEntry(EntryOp entry, const Buffers &buffers);

/// What a call of `evaluateEntry` costs, from the types of the arrays alone:
/// for those who ask before they wait.
struct EvaluationCost {
  double bytes = 0;    // of arrays held at once, at most
  double products = 0; // of contractions
  double elements = 0; // that all other ops compute
};
EvaluationCost evaluationCost(EntryOp entry);

/// What a model computes from inputs, labels and parameters.
struct ModelValues {
  Tensor logits; // [batch, class], as the model yields them
  Tensor losses; // [batch]
  std::map<std::string, Tensor, std::less<>> blockLosses; // each [batch]
};
llvm::Expected<ModelValues> evaluateModel(ModelOp model,
                                          const Buffers &buffers);

/// Values by SSA name while a region is evaluated.
using Values = llvm::DenseMap<mlir::Value, Tensor>;

/// Evaluates the ops of `block` in order (all but reads, writes and those that
/// hold a model's structure); `values` holds what they use from outside of it
/// and gets all their results.
llvm::Error evaluateOps(mlir::Block &block, Values &values);

} // namespace foregrad::fg

#endif // FOREGRAD_DIALECTS_FG_EVALUATE_H
