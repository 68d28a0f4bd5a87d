//===- RowOp.h - A linalg op as loops over flat buffers ---------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// The form in which fg-rows-to-kernels reasons about a linalg.generic on static
// memrefs: loop dimensions with extents, and for each operand a linear function
// from loop indices to an element of the flat buffer below all its views. Views
// disappear in it, so an op on [b, t, c] and one on [b, t, g, u] of the same
// buffer can be compared and fused.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_ROWS_ROWOP_H
#define FOREGRAD_COMPILER_LOWERING_ROWS_ROWOP_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include "llvm/ADT/SetVector.h"

#include <optional>
#include <string>

namespace foregrad::compiler::rows {

/// Whether `op` is the dialect's scalar random number.
bool isNoise(mlir::Operation *op);

using BufferSet = llvm::SmallSetVector<mlir::Value, 8>;

/// Whether they have a buffer in common.
bool meet(const BufferSet &a, const BufferSet &b);

/// `constant + sum over d of coefficients[d] * index[d]`.
struct LinearForm {
  int64_t constant = 0;
  llvm::SmallVector<int64_t> coefficients; // one a loop dimension

  /// Smallest and largest value over dimensions [first, end) of `extents`,
  /// the others at index 0.
  std::pair<int64_t, int64_t> range(llvm::ArrayRef<int64_t> extents,
                                    unsigned first) const;
};

/// One operand of the op.
struct Access {
  mlir::Value buffer; // as baseOf; null when the operand is a scalar
  mlir::Value scalar; // the scalar operand, or null
  mlir::Type elementType;
  LinearForm form; // element number within the flat buffer
};

/// How many elements of one buffer some accesses touch. Accesses that stay
/// apart add up (the lanes of a sum); of those that may meet the largest
/// counts.
class TouchedElements {
public:
  /// An access to `count` elements from `range.first` to `range.second`.
  void include(std::pair<int64_t, int64_t> range, int64_t count);
  int64_t count() const;

private:
  struct Part {
    int64_t low, high, count;
  };
  llvm::SmallVector<Part, 2> parts; // which stay apart
};

/// Elements of rows that are left whole, since they are as short as pieces are.
constexpr int64_t shortRow = 128;

struct RowOp {
  mlir::linalg::GenericOp source;

  /// Loop dimensions: all parallel ones (slowest of the output first), then all
  /// reductions in their order. Dimensions of extent 1 are left out.
  llvm::SmallVector<int64_t> extents;
  unsigned numParallel = 0;

  /// How many of the leading dimensions stand outside of the op's loops: the
  /// row (set by splitRows), and behind it the piece of the row (splitPieces).
  unsigned numRow = 0;
  unsigned numPiece = 0; // of numRow

  llvm::SmallVector<Access> inputs, outputs;

  /// The value of `linalg.index d` for each dimension of the source.
  llvm::SmallVector<LinearForm> indices;

  /// For each output the constant that it is known to hold before the op
  /// runs; then it is not read.
  llvm::SmallVector<mlir::TypedAttr> start;

  /// Memrefs that the body itself loads from (their flat buffers).
  llvm::SmallVector<mlir::Value> loadedInBody;

  mlir::Block *body() const {
    return mlir::linalg::GenericOp(source).getBody();
  }
  mlir::Operation *operation() const {
    return mlir::linalg::GenericOp(source).getOperation();
  }
  mlir::Location loc() const { return operation()->getLoc(); }

  unsigned numDims() const { return extents.size(); }
  bool isReduction(unsigned dim) const { return dim >= numParallel; }
  int64_t parallelSize() const;
  int64_t size() const;
  int64_t rowSize() const; // of one row, or piece of it

  /// Whether what it works on at a time is a piece of a row, or no longer than
  /// one would be.
  bool isShort() const { return numPiece != 0 || rowSize() <= shortRow; }

  /// All linear forms of the op: inputs, outputs, indices.
  llvm::SmallVector<LinearForm *> forms();
  llvm::SmallVector<const Access *> accesses() const;

  /// The buffers that the op touches, and those of them that it writes.
  BufferSet touches() const;
  BufferSet writes() const;

  /// How many random numbers the body draws for an element.
  int64_t draws() const;
};

using RowOps = llvm::SmallVector<RowOp, 0>;

/// Describes `op`, or says in `why` what of it has no such form (dynamic shape,
/// an index map that is not linear, a body with side effects).
std::optional<RowOp> describe(mlir::linalg::GenericOp op, std::string &why);

/// The same op with its leading parallel dimensions cut so that exactly the
/// first `numRow` ones enumerate `rows` rows in order; nothing if they cannot.
/// Neighbouring dimensions that every form treats as one are joined.
std::optional<RowOp> splitRows(const RowOp &op, int64_t rows);

/// An op that splitRows has cut, with its rows cut into `pieces`; nothing if
/// they cannot be.
std::optional<RowOp> splitPieces(const RowOp &op, int64_t pieces);

/// Row counts at which the op's own leading dimensions end: 1, d0, d0*d1, ...
llvm::SmallVector<int64_t> naturalRows(const RowOp &op);

/// Moves parallel dimension `dim` behind all other parallel ones.
void moveLastParallel(RowOp &op, unsigned dim);

} // namespace foregrad::compiler::rows

#endif // FOREGRAD_COMPILER_LOWERING_ROWS_ROWOP_H
