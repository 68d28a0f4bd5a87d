//===- Semantic.h - From the tree to a checked model ----------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_FRONTENDS_FG_SEMANTIC_H
#define FOREGRAD_FRONTENDS_FG_SEMANTIC_H

#include "frontends/fg/AST.h"
#include "frontends/fg/Constant.h"
#include "frontends/fg/Diagnostics.h"
#include "frontends/fg/Graph.h"

namespace foregrad::lang {

/// The value of an expression in which no name of a model stands, e.g. of a
/// setting; nothing after an error.
std::optional<Constant> evaluateSetting(const ast::Expr &expr,
                                        Diagnostics &diagnostics);

/// A value for a parameter of the model.
struct Setting {
  ast::Identifier name;
  Constant value;
};

struct ElaborationOptions {
  /// Later ones win over earlier ones, all of them over the defaults.
  std::vector<Setting> settings;
  int64_t batch = 1; // counts for the limits of sizes only
};

/// Gives the parameters their values, writes repeats out and checks everything.
/// The model must be written out (not derived). Nothing after an error.
std::optional<Graph> elaborate(const ast::Model &model,
                               const ElaborationOptions &options,
                               Diagnostics &diagnostics);

/// Limits, so that no text makes the compiler run or grow without bound.
inline constexpr int64_t kMaxElements = int64_t(1) << 31; // of an array
inline constexpr size_t kMaxRank = 12;                    // axes, without batch
inline constexpr size_t kMaxArrays = 100000;              // of a model
inline constexpr size_t kMaxSteps = 2000000;              // of elaboration
inline constexpr int64_t kMaxRepeats = 10000;             // of one repeat

} // namespace foregrad::lang

#endif // FOREGRAD_FRONTENDS_FG_SEMANTIC_H
