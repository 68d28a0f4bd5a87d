//===- Graph.h - A checked model ------------------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// What semantic analysis makes of a model: parameters have values, repeats are
// written out, every array has its axes, every layer its path. Nothing in it
// can be wrong, so it is emitted without checks. Arrays are numbered; the batch
// is implicit: all arrays have it, no list of axes holds it.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_FRONTENDS_FG_GRAPH_H
#define FOREGRAD_FRONTENDS_FG_GRAPH_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/SMLoc.h"
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace foregrad::lang {

struct Axis {
  std::string name;
  int64_t size;
  bool operator==(const Axis &) const = default;
};
using Axes = llvm::SmallVector<Axis, 4>;

/// Index into Graph::arrays.
using ArrayId = unsigned;

/// A learned array.
struct Parameter {
  std::string path;
  Axes axes;
  double scale = 0;      // deviation of its start; 0: it starts as zero
  bool decay = false;    // weight decay applies
  std::string rateGroup; // multiplies its rate; may be empty
};

/// `linear`, and what `conv` does to its windows. The weight's axes are those
/// of the window, those of `per`, then the input (several input axes merged
/// into one), then the output.
struct LinearLayer {
  llvm::SmallVector<std::string, 2> window; // axes of the windows' elements
  llvm::SmallVector<std::string, 2> from;   // may be empty in a `conv`
  std::string to;                           // empty if `from` is
  llvm::SmallVector<std::string, 2> per;
  Parameter weight;
  std::optional<Parameter> bias;
};

struct Node;

/// Nodes in the order in which they run.
struct Region {
  std::vector<Node> nodes;
  /// Arrays from outside that it reads, in the order of first use.
  llvm::SmallVector<ArrayId, 2> captures;
  /// What it gives. Block: the arrays that are used later (they keep their
  /// numbers outside). Loss: the loss of each sample. Predict: the logits and
  /// the loss of each sample.
  llvm::SmallVector<ArrayId, 2> yields;
};

struct Node {
  enum class Kind {
    Standardize,  // (x - numbers) / divisors, along axis names[0] or all
    Patchify,     // factor patches a side
    Windows,      // slides along the axes names, into the axes windowNames
    Linear,       // layer
    Norm,         // over names, epsilon = factor
    Relu,         // site = name
    Softmax,      // over names[0]
    Sum,          // over names
    Scale,        // by factor
    Offset,       // plus factor
    Split,        // axis name into names
    Merge,        // axes names into name
    Add,          //
    Subtract,     //
    Multiply,     //
    CrossEntropy, // over names[0]; the label is implicit
    SquaredError, // over names[0]; the label is implicit
    Block,        // name, body
    Loss,         // name, per names, body
    Predict,      // name, body
  };
  Kind kind = Kind::Add;
  llvm::SMRange range;
  llvm::SmallVector<ArrayId, 2> operands;
  ArrayId result = 0; // of all but Block, Loss and Predict

  std::string name;
  llvm::SmallVector<std::string, 2> names;
  double factor = 0;
  std::vector<double> numbers, divisors;
  llvm::SmallVector<std::string, 2> windowNames;
  llvm::SmallVector<int64_t, 2> strides, before; // for each of names
  std::unique_ptr<LinearLayer> layer;
  std::unique_ptr<Region> body;
};

struct Graph {
  std::string name;

  std::string inputName;
  llvm::SMRange inputRange;
  bool inputIsBytes = false;
  ArrayId input = 0;

  std::string labelName;
  llvm::SMRange labelRange;
  int64_t numClasses = 0;
  std::vector<std::string> classNames; // empty where only their number is known

  llvm::SMRange range;
  std::vector<Axes> arrays;
  Region body;
};

} // namespace foregrad::lang

#endif // FOREGRAD_FRONTENDS_FG_GRAPH_H
