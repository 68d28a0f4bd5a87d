//===- Footprint.h - Which bytes a task of a kernel touches -----*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// For each task of an scf.forall and each buffer from outside of it, an
// interval that holds all bytes that the task reads, and one for those that it
// writes. The body is run on intervals: the task's number is known, loops give
// their indices' ranges, and addresses follow. What the analysis does not
// understand may be anywhere, so what it says is never too small.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_CHAINS_FOOTPRINT_H
#define FOREGRAD_COMPILER_LOWERING_CHAINS_FOOTPRINT_H

#include "mlir/Dialect/SCF/IR/SCF.h"

#include "llvm/ADT/MapVector.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace foregrad::compiler {

/// Integers from `low` to `high`, both included; none where low > high.
struct Interval {
  int64_t low = std::numeric_limits<int64_t>::max();
  int64_t high = std::numeric_limits<int64_t>::min();

  static Interval of(int64_t value) { return {value, value}; }
  static Interval everything() {
    return {std::numeric_limits<int64_t>::min(),
            std::numeric_limits<int64_t>::max()};
  }
  bool isEmpty() const { return low > high; }
  bool isBounded() const {
    return low != std::numeric_limits<int64_t>::min() &&
           high != std::numeric_limits<int64_t>::max();
  }
  bool meets(const Interval &other) const {
    return !isEmpty() && !other.isEmpty() && low <= other.high &&
           other.low <= high;
  }
  /// The smallest interval that holds both.
  void include(const Interval &other) {
    low = std::min(low, other.low);
    high = std::max(high, other.high);
  }
};

/// What one task does to one buffer, in bytes from the buffer's begin.
struct Touched {
  Interval reads, writes;
};

class Footprint {
public:
  /// The footprint of a kernel with one dimension of constant size; nothing if
  /// the kernel does what the analysis does not know.
  static std::optional<Footprint> of(mlir::scf::ForallOp kernel);

  int64_t tasks() const { return count; }

  /// The footprint where `count / tasks` tasks in a row are one.
  Footprint inTasks(int64_t tasks) const;

  /// Whether a task of `first` and another task of `second`, both of the same
  /// number of tasks, touch a byte in common that one of them writes. If not,
  /// each task may go on with the second kernel as soon as it is through with
  /// the first.
  static bool conflict(const Footprint &first, const Footprint &second);

  /// The buffers of which task i of n keeps to the i-th of n equal parts.
  llvm::SmallVector<mlir::Value> cutBuffers() const;

  /// What both kernels touch, task by task.
  void include(const Footprint &other);

private:
  int64_t count = 0;
  /// By the value whose address offsets are relative to: a buffer, or a buffer
  /// shifted by a number that the analysis does not know.
  llvm::MapVector<mlir::Value, std::vector<Touched>> touched;

  friend class FootprintAnalysis;
};

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_CHAINS_FOOTPRINT_H
