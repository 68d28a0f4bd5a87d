//===- Contraction.cpp - What a matrix product looks like in memory -------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Loops of size one are dropped and loops that all operands walk through
// without a gap are merged, so that most layers end with one loop a kind.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/gemm/Contraction.h"

#include "compiler/lowering/linalg/SumOfProducts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

#include <algorithm>
#include <array>

using namespace mlir;
using namespace foregrad::compiler;

/// Products below this many multiplications are left to the row kernels: a
/// task's overhead and the packing would cost more than the tiles gain.
static constexpr int64_t kLeastMultiplications = 2048;

Value foregrad::compiler::emitFlat(OpBuilder &builder, Location loc,
                                   const FlatOperand &operand) {
  auto type = cast<MemRefType>(operand.memref.getType());
  if (type.getRank() == 1 && type.getLayout().isIdentity() &&
      operand.offset == 0)
    return operand.memref;
  MemRefLayoutAttrInterface layout;
  if (operand.offset != 0)
    layout = StridedLayoutAttr::get(type.getContext(), operand.offset, {1});
  auto flat = MemRefType::get({operand.elements}, type.getElementType(), layout,
                              type.getMemorySpace());
  return memref::ReinterpretCastOp::create(
      builder, loc, flat, operand.memref, operand.offset,
      ArrayRef<int64_t>{operand.elements}, ArrayRef<int64_t>{1});
}

int64_t Contraction::elementBytes() const {
  return type.getIntOrFloatBitWidth() / 8;
}

int64_t Contraction::outputElements() const {
  int64_t count = m.size * n.size * (group ? group->size : 1);
  for (const ContractionDim &dim : batch)
    count *= dim.size;
  return count;
}

bool Contraction::pairUp() {
  if (!typeA.isBF16() || !(typeB.isBF16() || roundsB()) || k.size % 2 != 0)
    return false;
  isPaired = true;
  pairA = k.a;
  pairB = k.b;
  k.size /= 2;
  k.a *= 2;
  k.b *= 2;
  return true;
}

void Contraction::cutRows(int64_t parts) {
  assert(m.size % parts == 0 && "parts are equal");
  if (parts == 1)
    return;
  m.size /= parts;
  batch.push_back(
      {parts, m.size * m.a, m.size * m.b, m.size * m.c, m.size * m.start});
}

int64_t Contraction::multiplications() const {
  int64_t count = outputElements() * k.size * (isPaired ? 2 : 1);
  for (const ContractionDim &dim : outerK)
    count *= dim.size;
  return count;
}

/// Strides of `operand` along each loop, in elements, and whether it depends on
/// the loop at all. False where the layout or the map is not supported.
static bool stridesByLoop(OpOperand &operand, AffineMap map, unsigned loops,
                          SmallVector<int64_t> &strides,
                          SmallVector<bool> &uses, FlatOperand &flat) {
  auto type = dyn_cast<MemRefType>(operand.get().getType());
  if (!type || !type.hasStaticShape())
    return false;
  SmallVector<int64_t> memrefStrides;
  if (failed(type.getStridesAndOffset(memrefStrides, flat.offset)) ||
      ShapedType::isDynamic(flat.offset))
    return false;
  strides.assign(loops, 0);
  uses.assign(loops, false);
  flat.memref = operand.get();
  flat.elements = 1;
  for (auto [expr, stride, size] :
       llvm::zip_equal(map.getResults(), memrefStrides, type.getShape())) {
    if (ShapedType::isDynamic(stride) || stride < 0)
      return false;
    if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
      strides[dim.getPosition()] += stride;
      uses[dim.getPosition()] = true;
      flat.elements += (size - 1) * stride;
      continue;
    }
    auto constant = dyn_cast<AffineConstantExpr>(expr);
    if (!constant)
      return false;
    flat.offset += constant.getValue() * stride;
  }
  return true;
}

/// Merges every pair of loops that together walk each operand without a gap.
static void mergeLoops(SmallVector<ContractionDim> &dims) {
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = 0; i < dims.size() && !changed; ++i)
      for (size_t j = 0; j < dims.size() && !changed; ++j) {
        const ContractionDim outer = dims[i];
        ContractionDim &inner = dims[j];
        if (i == j || outer.a != inner.a * inner.size ||
            outer.b != inner.b * inner.size || outer.c != inner.c * inner.size)
          continue;
        inner.size *= outer.size;
        dims.erase(dims.begin() + i);
        changed = true;
      }
  }
}

/// Removes and returns the loop to tile: the first that `prefer` accepts, else
/// the largest.
static ContractionDim
takePrimary(SmallVector<ContractionDim> &dims,
            llvm::function_ref<bool(const ContractionDim &)> prefer) {
  auto chosen = llvm::find_if(dims, prefer);
  if (chosen == dims.end())
    chosen =
        std::max_element(dims.begin(), dims.end(),
                         [](const ContractionDim &x, const ContractionDim &y) {
                           return x.size < y.size;
                         });
  ContractionDim dim = *chosen;
  dims.erase(chosen);
  return dim;
}

/// Exchanges A and B, and with them rows and columns.
static void swapOperands(Contraction &contraction,
                         SmallVector<ContractionDim> &ms,
                         SmallVector<ContractionDim> &ns,
                         ArrayRef<SmallVector<ContractionDim> *> all) {
  std::swap(contraction.a, contraction.b);
  std::swap(ms, ns);
  for (SmallVector<ContractionDim> *dims : all)
    for (ContractionDim &dim : *dims)
      std::swap(dim.a, dim.b);
}

/// What the numbers of an input of a sum of products are rounded to; null where
/// they are not.
static FloatType roundedType(BlockArgument input) {
  auto round = dyn_cast<arith::TruncFOp>(*input.getUsers().begin());
  return round ? cast<FloatType>(round.getType()) : FloatType();
}

std::optional<Contraction>
foregrad::compiler::analyzeContraction(linalg::GenericOp op, std::string &why) {
  auto refuse = [&](const char *reason) {
    why = reason;
    return std::nullopt;
  };
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 ||
      !op.hasPureBufferSemantics())
    return refuse("not two inputs and one output in memory");
  if (!isSumOfProducts(op))
    return refuse("the body is not a sum of products");
  Contraction result;
  Block &body = *op.getBody();
  Type element = body.getArgument(2).getType();
  std::array<Type, 2> stored = {body.getArgument(0).getType(),
                                body.getArgument(1).getType()};
  std::array<FloatType, 2> rounded = {roundedType(body.getArgument(0)),
                                      roundedType(body.getArgument(1))};
  if (!element.isF32() && !element.isF64())
    return refuse("neither f32 nor f64");
  auto isNarrow = [&](Type type) { return type.isBF16() && element.isF32(); };
  for (auto [type, narrow] : llvm::zip_equal(stored, rounded))
    if ((type != element && !isNarrow(type)) || (narrow && !isNarrow(narrow)))
      return refuse("operands of another type than the sums, and not bf16");
  result.type = cast<FloatType>(element);

  unsigned loops = op.getNumLoops();
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  std::array<SmallVector<int64_t>, 3> strides;
  std::array<SmallVector<bool>, 3> uses;
  std::array<FlatOperand *, 3> flats = {&result.a, &result.b, &result.c};
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  for (OpOperand &operand : op->getOpOperands()) {
    unsigned i = operand.getOperandNumber();
    if (!stridesByLoop(operand, maps[i], loops, strides[i], uses[i], *flats[i]))
      return refuse("a layout that is not static");
  }

  SmallVector<ContractionDim> ms, ns, ks, batches;
  SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
  for (unsigned loop = 0; loop < loops; ++loop) {
    if (ShapedType::isDynamic(sizes[loop]) || sizes[loop] <= 0)
      return refuse("a loop of no or unknown size");
    if (sizes[loop] == 1)
      continue;
    ContractionDim dim{sizes[loop], strides[0][loop], strides[1][loop],
                       strides[2][loop]};
    bool inA = uses[0][loop], inB = uses[1][loop], inC = uses[2][loop];
    if (iterators[loop] == utils::IteratorType::reduction)
      ks.push_back(dim);
    else if (!inC || dim.c == 0)
      return refuse("a parallel loop that the output does not depend on");
    else if (inA && inB)
      batches.push_back(dim);
    else if (inA)
      ms.push_back(dim);
    else if (inB)
      ns.push_back(dim);
    else
      return refuse("a loop that neither input depends on");
  }
  for (auto *dims : {&ms, &ns, &ks, &batches})
    mergeLoops(*dims);
  if (ms.empty() || ns.empty() || ks.empty())
    return refuse("no rows, no columns or nothing to sum");

  auto contiguousInC = [](const ContractionDim &dim) { return dim.c == 1; };
  if (llvm::none_of(ns, contiguousInC) && llvm::any_of(ms, contiguousInC)) {
    swapOperands(result, ms, ns, {&ms, &ns, &ks, &batches});
    std::swap(stored[0], stored[1]);
    std::swap(rounded[0], rounded[1]);
  }
  if (rounded[0])
    return refuse("A is rounded, and only B can be");
  result.typeA = cast<FloatType>(stored[0]);
  result.typeB = cast<FloatType>(stored[1]);
  result.roundedTypeB = rounded[1];

  result.n = takePrimary(ns, contiguousInC);
  result.m = takePrimary(ms, [](const ContractionDim &) { return false; });
  result.k = takePrimary(ks, [](const ContractionDim &dim) {
    return dim.size >= 32 && (dim.a == 1 || dim.b == 1);
  });
  result.outerK = std::move(ks);

  llvm::append_range(batches, ms);
  llvm::append_range(batches, ns);
  llvm::sort(batches, [](const ContractionDim &x, const ContractionDim &y) {
    return x.c > y.c;
  });
  // The groups of a grouped layer: inside the rows of A, and of C or B.
  auto group = llvm::find_if(batches, [&](const ContractionDim &dim) {
    return dim.a != 0 && dim.b != 0 && dim.a < std::max(result.m.a, result.k.a);
  });
  if (group != batches.end()) {
    result.group = *group;
    batches.erase(group);
  }
  result.batch = std::move(batches);
  if (result.multiplications() < kLeastMultiplications)
    return refuse("too small to gain from tiles");
  return result;
}

/// Whether an operand, which begins at `offset` and in which dimensions have
/// `stride`, is taken as whole matrices of `rows` x `columns` elements, row
/// after row, that the product runs along by `row` and `column`.
static bool takesWhole(const Contraction &product, int64_t offset,
                       int64_t ContractionDim::*stride,
                       const ContractionDim &row, int64_t rows,
                       const ContractionDim &column, int64_t columns) {
  auto stepsByMatrices = [&](const ContractionDim &dim) {
    return dim.*stride % (rows * columns) == 0;
  };
  return offset == 0 && row.size == rows && row.*stride == columns &&
         column.size == columns && column.*stride == 1 &&
         llvm::all_of(product.batch, stepsByMatrices) &&
         (!product.group || stepsByMatrices(*product.group)) &&
         product.outerK.empty();
}

bool foregrad::compiler::readsWhole(const Contraction &product, int64_t rows,
                                    int64_t columns) {
  return takesWhole(product, product.b.offset, &ContractionDim::b, product.k,
                    rows, product.n, columns);
}

bool foregrad::compiler::readsTransposed(const Contraction &product,
                                         int64_t rows, int64_t columns) {
  return takesWhole(product, product.b.offset, &ContractionDim::b, product.n,
                    rows, product.k, columns);
}

bool foregrad::compiler::writesWhole(const Contraction &product, int64_t rows,
                                     int64_t columns) {
  return takesWhole(product, product.c.offset, &ContractionDim::c, product.m,
                    rows, product.n, columns);
}

bool foregrad::compiler::readFromPanels(Contraction &product,
                                        const Panels &panels) {
  if (!readsWhole(product, panels.depth, panels.columns()))
    return false;
  product.panelDepthB = panels.depth;
  product.panelWidths = panels.widths;
  product.k.b = product.n.b = 0;
  return true;
}

void foregrad::compiler::writeToPanels(Contraction &product,
                                       const Panels &panels) {
  product.panelDepthC = panels.depth;
  product.panelWidths = panels.widths;
  product.m.c = 0;
}
