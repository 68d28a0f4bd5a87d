//===- VectorPlan.h - Which loop of an op becomes vectors -------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Chooses the vector dimension of an op and knows, for every value of its body,
// at which loop it can be computed and whether it varies along the vector.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_ROWS_VECTORPLAN_H
#define FOREGRAD_COMPILER_LOWERING_ROWS_VECTORPLAN_H

#include "compiler/lowering/rows/RowOp.h"
#include "compiler/targets/Target.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include "llvm/ADT/DenseMap.h"

namespace foregrad::compiler::rows {

/// Rows whose sums are taken together.
constexpr int64_t mostSummed = 4;

/// How an op's loops inside of a row run.
struct VectorPlan {
  std::optional<unsigned> dim; // the vector dimension; none: scalar code
  int64_t lanes = 1;
  unsigned unroll = 1; // vectors that one iteration works on
  double cost = 0;     // estimated scalar instructions an element

  /// A parallel dimension of which one iteration takes `spanned` indices. Where
  /// `dim` is parallel, each with the whole of it, so that short rows too use
  /// whole blocks of random numbers: unroll * lanes == spanned * the extent of
  /// `dim`. Where `dim` is summed over, sums that stand next to each other.
  std::optional<unsigned> span;
  int64_t spanned = 1;

  bool vector() const { return dim.has_value(); }
  /// Whether the vector dimension is summed over (partial sums in lanes).
  bool reduces(const RowOp &op) const { return dim && op.isReduction(*dim); }
};

/// The best plan for loops [op.numRow, end) of `op`. When it is scalar code,
/// `why` says what kept vectors away ("" when there is no loop at all).
VectorPlan planVectors(const RowOp &op, const TargetDescription &target,
                       std::string &why);

/// The loops inside of a row in the order they are nested under `plan`.
llvm::SmallVector<unsigned> nestOrder(const RowOp &op, const VectorPlan &plan);

/// Level 0 is the row; level i is inside of loop i - 1 of the nest.
struct BodyValue {
  unsigned level = 0;
  bool varying = false;      // one value a lane, or an index of the span
  bool accumulating = false; // depends on an output's former value
};

class BodyInfo {
public:
  BodyInfo(const RowOp &op, const VectorPlan &plan);

  BodyValue operator[](mlir::Value value) const { return values.lookup(value); }
  unsigned leaf() const { return nest.size(); }
  llvm::ArrayRef<unsigned> order() const { return nest; }

  /// Why the body has no vector form along the plan's dimension, or "".
  std::string obstacle() const;

  /// For a vector reduction: the op that combines output `i`'s former value
  /// with what the lanes hold; null if the body does not have this form.
  mlir::Operation *combiner(unsigned i) const;

  /// How an index value of the body moves along the vector dimension.
  struct Step {
    int64_t stride = 0;  // per vector element
    int64_t span = 0;    // per index of the span
    int64_t divisor = 0; // divides the value at index 0; 0: it is zero
  };
  std::optional<Step> stepOf(mlir::Value value) const;

  /// Whether the vectors of one iteration are the numbers of whole random
  /// blocks, for the element numbers `element`.
  bool drawsBlocks(mlir::Value element) const;

private:
  unsigned levelOf(const LinearForm &form) const;
  bool varies(const LinearForm &form) const;

  const RowOp &op;
  const VectorPlan &plan;
  llvm::SmallVector<unsigned> nest;
  llvm::SmallVector<unsigned> levelOfDim;
  llvm::DenseMap<mlir::Value, BodyValue> values;
};

/// The kind of reduction that a body op computes; nothing if it is none.
std::optional<mlir::arith::AtomicRMWKind> reductionKind(mlir::Operation *op);

/// Estimated nanoseconds of one core for the whole op.
double estimateNanoseconds(const RowOp &op);

} // namespace foregrad::compiler::rows

#endif // FOREGRAD_COMPILER_LOWERING_ROWS_VECTORPLAN_H
