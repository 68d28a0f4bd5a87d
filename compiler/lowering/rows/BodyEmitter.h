//===- BodyEmitter.h - A linalg body on scalars and vectors -----*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Emits the values of an op's body: each at the outermost loop where all that
// it depends on is known, as a scalar if it does not vary along the vector,
// else as one vector for each group of lanes.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_ROWS_BODYEMITTER_H
#define FOREGRAD_COMPILER_LOWERING_ROWS_BODYEMITTER_H

#include "compiler/lowering/rows/NestEmitter.h"

namespace foregrad::compiler::rows {

/// Elements [offset, offset + active) of the vector dimension, at index `span`
/// of the spanned one, from where the scope stands; fewer active lanes than the
/// plan has are masked.
struct LaneGroup {
  int64_t offset = 0;
  int64_t active = 1;
  int64_t span = 0;
};

/// What is known at one place of the nest. Copied when a loop is entered, so
/// that nothing emitted inside is used outside.
struct Scope {
  llvm::SmallVector<mlir::Value> position; // a form each; null: its constant
  llvm::DenseMap<mlir::Value, mlir::Value> scalars;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<mlir::Value>> vectors;
};

class BodyEmitter {
public:
  BodyEmitter(mlir::OpBuilder &b, mlir::Location loc, const RowOp &op,
              const VectorPlan &plan, const BodyInfo &info,
              const FlatBuffers &buffers);

  /// The scope of a row, or a piece of it.
  Scope rowScope(RowNumber number);
  /// The scope inside of a loop over `dim`, at index `iv`.
  Scope enter(const Scope &scope, unsigned dim, mlir::Value iv);

  /// Emits all values of `level`; those that vary, for each of `groups`.
  void emitLevel(unsigned level, Scope &scope,
                 llvm::ArrayRef<LaneGroup> groups = {});

  /// Whether the body uses output `i`'s former value.
  bool readsFormer(unsigned i) const;
  mlir::Value loadFormer(const Scope &scope, unsigned i, LaneGroup group);
  /// Gives the body the outputs' former values: output by output, group by
  /// group.
  void bindFormer(Scope &scope, llvm::ArrayRef<mlir::Value> former,
                  unsigned numGroups);
  /// What the body yields: output by output, group by group.
  llvm::SmallVector<mlir::Value> yielded(const Scope &scope,
                                         llvm::ArrayRef<LaneGroup> groups);
  void store(const Scope &scope, unsigned i, LaneGroup group,
             mlir::Value value);

  // Vector reductions. Sums of a span are the lanes of one vector.
  mlir::Value neutral(unsigned i);
  mlir::Value loadBefore(const Scope &scope, unsigned i);
  void storeSums(const Scope &scope, unsigned i, mlir::Value sums);
  bool isNeutral(unsigned i, mlir::TypedAttr value);
  mlir::Value combine(unsigned i, mlir::Value former, mlir::Value value);
  /// Of `partials`, as many for each index of the span, the sums of all lanes.
  mlir::Value combineLanes(unsigned i, llvm::ArrayRef<mlir::Value> partials);
  /// `value` in the active lanes, `other` in the rest.
  mlir::Value keepActive(LaneGroup group, mlir::Value value, mlir::Value other);

private:
  Scope enterCounted(Scope scope, unsigned first, unsigned end,
                     mlir::Value number);
  mlir::Type typeOf(mlir::Type scalar, bool varying) const;
  mlir::Value index(int64_t value);
  mlir::Value mask(LaneGroup group);
  mlir::Value splat(mlir::Value value);
  mlir::Value at(const Scope &scope, unsigned form, const LinearForm &linear,
                 LaneGroup group);
  mlir::Value load(const Scope &scope, unsigned form, const Access &access,
                   LaneGroup group, bool varying);
  mlir::Value offsets(int64_t stride, mlir::Type elementType);
  mlir::Value indexVector(const Scope &scope, unsigned form,
                          const LinearForm &linear, LaneGroup group);
  mlir::Value operand(const Scope &scope, mlir::Value value, unsigned group,
                      bool varying);
  mlir::Value clone(mlir::Operation *op, mlir::ValueRange operands,
                    mlir::Type type);
  void emitOp(mlir::Operation &op, Scope &scope,
              llvm::ArrayRef<LaneGroup> groups);
  void emitNoise(mlir::Operation &op, Scope &scope,
                 llvm::ArrayRef<LaneGroup> groups);
  mlir::Value combineAll(unsigned i, llvm::ArrayRef<mlir::Value> values);
  mlir::Value combinePair(unsigned i, mlir::Value x, mlir::Value y,
                          int64_t unit);
  bool strided(const Access &access) const;

  mlir::OpBuilder &b;
  mlir::Location loc;
  const RowOp &op;
  const VectorPlan &plan;
  const BodyInfo &info;
  const FlatBuffers &buffers;
  const bool isRare;                   // code had better be small than fast
  llvm::SmallVector<LinearForm> forms; // inputs, outputs, indices; as placed
};

/// Writes out all random numbers in `root` that are still single ones.
void expandScalarNoise(mlir::Operation *root);

} // namespace foregrad::compiler::rows

#endif // FOREGRAD_COMPILER_LOWERING_ROWS_BODYEMITTER_H
