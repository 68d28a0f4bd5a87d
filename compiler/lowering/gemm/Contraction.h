//===- Contraction.h - What a matrix product looks like in memory -*- C++ -*-=//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// The analysis behind --fg-contractions-to-kernels: a linalg.generic that sums
// products is brought to one form, whatever its number and order of dimensions
//
//   for batch.., group: for m, n: C[m, n] (+)= sum over outerK.., k of
//                                              A[m, k] * B[k, n]
//
// where each loop has a size and an element stride in each of A, B and C.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_GEMM_CONTRACTION_H
#define FOREGRAD_COMPILER_LOWERING_GEMM_CONTRACTION_H

#include "compiler/lowering/gemm/Panels.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <optional>
#include <string>

namespace foregrad::compiler {

/// One loop of the product: its size and its stride, in elements, in the
/// operands (0 where the operand does not depend on it).
struct ContractionDim {
  int64_t size = 1;
  int64_t a = 0, b = 0, c = 0;
  int64_t start = 0;
};

/// An operand as a flat array: element (0, .., 0) of all loops is element 0.
struct FlatOperand {
  mlir::Value memref;   // the operand as it stands in the IR
  int64_t offset = 0;   // of loop element 0 from the memref's aligned pointer
  int64_t elements = 1; // from there to the last element that the loops reach
};

/// The operand as an array of rank 1.
mlir::Value emitFlat(mlir::OpBuilder &builder, mlir::Location loc,
                     const FlatOperand &operand);

struct Contraction {
  mlir::FloatType type;         // of C and of all sums
  mlir::FloatType typeA, typeB; // in memory: as `type`, or bf16
  /// bf16, to which B's f32 numbers are rounded as B is packed, or null.
  mlir::FloatType roundedTypeB;
  FlatOperand a, b, c;
  /// What C begins at (absorbStart), if that is not 0: no stride in k.
  std::optional<FlatOperand> start;
  /// The loops that are tiled. m: rows of A and C; n: columns of B and C,
  /// unit stride in C wherever any dimension of the product has that.
  ContractionDim m, n, k;
  /// Parallel loops around the product, slowest first: dimensions of all three
  /// operands, and those of m's and n's kind that do not merge with them.
  llvm::SmallVector<ContractionDim> batch;
  /// A batch loop whose elements lie inside the rows of A and C (as the groups
  /// of a grouped layer do): worth keeping inside of a task.
  std::optional<ContractionDim> group;
  /// Reduction loops that do not merge with k, outermost first.
  llvm::SmallVector<ContractionDim> outerK;
  /// Where B or C lies in panels: how many rows a panel has. The panel of the
  /// columns from c on begins at element c * depth, and its rows are as long as
  /// it has columns; k.b, or m.c, and n's strides say nothing then. 0: no
  /// panels. Where B is rounded its panels are packed again.
  int64_t panelDepthB = 0, panelDepthC = 0;
  /// The columns of these panels, where they were chosen before the blocking.
  llvm::SmallVector<int64_t> panelWidths;
  /// After pairUp: k counts pairs, the second of which lies so far behind the
  /// first.
  bool isPaired = false;
  int64_t pairA = 0, pairB = 0;

  /// Whether an operand's numbers are multiplied otherwise than they lie in
  /// memory.
  bool convertsA() const { return typeA != type; }
  bool convertsB() const { return typeB != type || roundsB(); }
  bool roundsB() const { return bool(roundedTypeB); }
  /// Whether B's panels are those that the products read.
  bool readsPanelsB() const { return panelDepthB != 0 && !roundsB(); }
  /// Whether neighbours along k (the numbers of a pair) are neighbours in A.
  bool kIsAlongA() const { return (isPaired ? pairA : k.a) == 1; }
  /// Takes bf16 operands in pairs along k; false, and nothing changes, where
  /// there are others, or k does not come in pairs.
  bool pairUp();
  /// Makes a batch loop over `parts` equal parts of m, which they must divide.
  void cutRows(int64_t parts);
  int64_t multiplications() const;
  /// Of an element of C; of a panel's element too.
  int64_t elementBytes() const;
  /// How many elements of C the product writes.
  int64_t outputElements() const;
};

/// The contraction that `op` computes, or nothing, with the reason in `why`:
/// the operation is no sum of products of two f32 or f64 operands (or of bf16
/// in f32), its layout is not static, or it lacks rows or columns (such
/// reductions are row kernels' work), or it is too small to gain from tiles.
std::optional<Contraction> analyzeContraction(mlir::linalg::GenericOp op,
                                              std::string &why);

/// How a product uses a matrix of `rows` x `columns` elements, row after row.
/// If whole matrices are what it reads as B, as B transposed, or writes as C,
/// none of them in part.
bool readsWhole(const Contraction &product, int64_t rows, int64_t columns);
bool readsTransposed(const Contraction &product, int64_t rows, int64_t columns);
bool writesWhole(const Contraction &product, int64_t rows, int64_t columns);

/// Lets the product read or pack B from panels, if it reads these matrices as
/// they are (not transposed); says whether it does.
bool readFromPanels(Contraction &product, const Panels &panels);
/// Lets the product write C, which writesWhole such matrices, to panels.
void writeToPanels(Contraction &product, const Panels &panels);

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_GEMM_CONTRACTION_H
