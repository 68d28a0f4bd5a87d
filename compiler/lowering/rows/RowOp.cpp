//===- RowOp.cpp - A linalg op as loops over flat buffers -----------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/rows/RowOp.h"

#include "compiler/lowering/Buffers.h"
#include "dialects/fg/Fg.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace foregrad::compiler::rows {

std::pair<int64_t, int64_t> LinearForm::range(ArrayRef<int64_t> extents,
                                              unsigned first) const {
  int64_t low = constant, high = constant;
  for (unsigned d = first; d < extents.size(); ++d) {
    int64_t span = coefficients[d] * (extents[d] - 1);
    (span < 0 ? low : high) += span;
  }
  return {low, high};
}

void TouchedElements::include(std::pair<int64_t, int64_t> range,
                              int64_t count) {
  Part joined{range.first, range.second, count};
  int64_t met = 0;
  llvm::erase_if(parts, [&](const Part &part) {
    if (part.high < range.first || range.second < part.low)
      return false;
    joined.low = std::min(joined.low, part.low);
    joined.high = std::max(joined.high, part.high);
    met += part.count;
    return true;
  });
  joined.count = std::max(count, met);
  parts.push_back(joined);
}

int64_t TouchedElements::count() const {
  int64_t sum = 0;
  for (const Part &part : parts)
    sum += part.count;
  return sum;
}

int64_t RowOp::parallelSize() const {
  int64_t product = 1;
  for (unsigned d = 0; d < numParallel; ++d)
    product *= extents[d];
  return product;
}

int64_t RowOp::size() const {
  int64_t product = 1;
  for (int64_t extent : extents)
    product *= extent;
  return product;
}

int64_t RowOp::rowSize() const {
  int64_t product = 1;
  for (int64_t extent : ArrayRef(extents).drop_front(numRow))
    product *= extent;
  return product;
}

SmallVector<LinearForm *> RowOp::forms() {
  SmallVector<LinearForm *> all;
  for (Access &access : inputs)
    all.push_back(&access.form);
  for (Access &access : outputs)
    all.push_back(&access.form);
  for (LinearForm &index : indices)
    all.push_back(&index);
  return all;
}

SmallVector<const Access *> RowOp::accesses() const {
  SmallVector<const Access *> all;
  for (const Access &access : inputs)
    all.push_back(&access);
  for (const Access &access : outputs)
    all.push_back(&access);
  return all;
}

BufferSet RowOp::touches() const {
  BufferSet buffers;
  for (const Access *access : accesses())
    if (access->buffer)
      buffers.insert(access->buffer);
  buffers.insert(loadedInBody.begin(), loadedInBody.end());
  return buffers;
}

BufferSet RowOp::writes() const {
  BufferSet buffers;
  for (const Access &access : outputs)
    buffers.insert(access.buffer);
  return buffers;
}

int64_t RowOp::draws() const {
  return llvm::count_if(body()->without_terminator(),
                        [](Operation &inner) { return isNoise(&inner); });
}

bool isNoise(Operation *op) { return isa<fg::NoiseOp>(op); }

bool meet(const BufferSet &a, const BufferSet &b) {
  return llvm::any_of(a, [&](Value value) { return b.contains(value); });
}

namespace {

/// Adds `factor * expr` to `form`, in the source's dimensions.
bool addLinear(AffineExpr expr, int64_t factor, LinearForm &form) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    form.constant += factor * constant.getValue();
    return true;
  }
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    form.coefficients[dim.getPosition()] += factor;
    return true;
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return false;
  if (expr.getKind() == AffineExprKind::Add)
    return addLinear(binary.getLHS(), factor, form) &&
           addLinear(binary.getRHS(), factor, form);
  if (expr.getKind() == AffineExprKind::Mul) {
    if (auto constant = dyn_cast<AffineConstantExpr>(binary.getRHS()))
      return addLinear(binary.getLHS(), factor * constant.getValue(), form);
    if (auto constant = dyn_cast<AffineConstantExpr>(binary.getLHS()))
      return addLinear(binary.getRHS(), factor * constant.getValue(), form);
  }
  return false;
}

std::optional<Access> describeOperand(Value operand, AffineMap map,
                                      unsigned numDims, std::string &why) {
  Access access;
  access.form.coefficients.assign(numDims, 0);
  auto type = dyn_cast<MemRefType>(operand.getType());
  if (!type) {
    access.scalar = operand;
    access.elementType = operand.getType();
    return access;
  }
  access.elementType = type.getElementType();
  access.buffer = baseOf(operand);
  auto bufferType = dyn_cast<MemRefType>(access.buffer.getType());
  if (!bufferType || !bufferType.hasStaticShape() ||
      !bufferType.getLayout().isIdentity()) {
    why = "a buffer has no static contiguous shape";
    return std::nullopt;
  }
  SmallVector<int64_t> strides;
  int64_t offset = 0;
  if (!type.hasStaticShape() ||
      failed(type.getStridesAndOffset(strides, offset)) ||
      ShapedType::isDynamic(offset) ||
      llvm::any_of(strides, ShapedType::isDynamic)) {
    why = "an operand has no static strides";
    return std::nullopt;
  }
  access.form.constant = offset;
  for (auto [result, stride] : llvm::zip_equal(map.getResults(), strides))
    if (!addLinear(result, stride, access.form)) {
      why = "an index map is not linear";
      return std::nullopt;
    }
  return access;
}

/// Reorders dimensions: new dimension i is old dimension order[i].
void permute(RowOp &op, ArrayRef<unsigned> order) {
  auto apply = [&](SmallVector<int64_t> &values) {
    SmallVector<int64_t> result;
    for (unsigned d : order)
      result.push_back(values[d]);
    values = std::move(result);
  };
  apply(op.extents);
  for (LinearForm *form : op.forms())
    apply(form->coefficients);
}

/// Joins dimension `d` and `d + 1` if every form is linear in their joint
/// index.
bool join(RowOp &op, unsigned d) {
  int64_t inner = op.extents[d + 1];
  for (LinearForm *form : op.forms())
    if (form->coefficients[d] != form->coefficients[d + 1] * inner)
      return false;
  op.extents[d + 1] *= op.extents[d];
  op.extents.erase(op.extents.begin() + d);
  for (LinearForm *form : op.forms())
    form->coefficients.erase(form->coefficients.begin() + d);
  return true;
}

/// Cuts dimension `d` into an outer one of `outer` and an inner one.
void cut(RowOp &op, unsigned d, int64_t outer) {
  int64_t inner = op.extents[d] / outer;
  op.extents[d] = inner;
  op.extents.insert(op.extents.begin() + d, outer);
  for (LinearForm *form : op.forms())
    form->coefficients.insert(form->coefficients.begin() + d,
                              form->coefficients[d] * inner);
}

bool describeBody(RowOp &op, std::string &why) {
  for (Operation &inner : op.source.getBody()->without_terminator()) {
    if (inner.getNumRegions() != 0) {
      why = "its body has control flow";
      return false;
    }
    if (auto load = dyn_cast<memref::LoadOp>(inner)) {
      op.loadedInBody.push_back(baseOf(load.getMemRef()));
      continue;
    }
    if (!isMemoryEffectFree(&inner)) {
      why = "its body has side effects";
      return false;
    }
  }
  return true;
}

} // namespace

std::optional<RowOp> describe(linalg::GenericOp source, std::string &why) {
  RowOp op;
  op.source = source;
  if (!source.hasPureBufferSemantics()) {
    why = "it works on tensors";
    return std::nullopt;
  }
  unsigned numDims = source.getNumLoops();
  SmallVector<int64_t> ranges = source.getStaticLoopRanges();
  if (llvm::any_of(ranges, ShapedType::isDynamic)) {
    why = "its shape is dynamic";
    return std::nullopt;
  }
  for (OpOperand &operand : source->getOpOperands()) {
    std::optional<Access> access = describeOperand(
        operand.get(), source.getMatchingIndexingMap(&operand), numDims, why);
    if (!access)
      return std::nullopt;
    if (source.isDpsInit(&operand))
      op.outputs.push_back(std::move(*access));
    else
      op.inputs.push_back(std::move(*access));
  }
  op.start.assign(op.outputs.size(), TypedAttr());
  for (unsigned d = 0; d < numDims; ++d) {
    LinearForm index;
    index.coefficients.assign(numDims, 0);
    index.coefficients[d] = 1;
    op.indices.push_back(std::move(index));
  }
  if (!describeBody(op, why))
    return std::nullopt;

  // Indices that nobody asks for must not keep dimensions apart.
  SmallVector<bool> indexUsed(numDims, false);
  for (auto index : source.getBody()->getOps<linalg::IndexOp>())
    indexUsed[index.getDim()] = true;
  for (unsigned d = 0; d < numDims; ++d)
    if (!indexUsed[d])
      op.indices[d].coefficients[d] = 0;

  // Parallel dimensions by the output's stride, then reductions; no units.
  op.extents = ranges;
  SmallVector<unsigned> order;
  SmallVector<utils::IteratorType> iterators = source.getIteratorTypesArray();
  for (unsigned d = 0; d < numDims; ++d)
    if (iterators[d] == utils::IteratorType::parallel && ranges[d] != 1)
      order.push_back(d);
  op.numParallel = order.size();
  llvm::sort(order, [&](unsigned a, unsigned b) {
    ArrayRef<int64_t> strides = op.outputs[0].form.coefficients;
    return std::pair(-strides[a], a) < std::pair(-strides[b], b);
  });
  for (unsigned d = 0; d < numDims; ++d)
    if (iterators[d] != utils::IteratorType::parallel && ranges[d] != 1)
      order.push_back(d);
  permute(op, order);
  return op;
}

/// Cuts parallel dimensions from `first` on so that some of them enumerate
/// `count` parts in order; how many. Nothing if they cannot.
static std::optional<unsigned> cutLeading(RowOp &op, unsigned first,
                                          int64_t count) {
  int64_t product = 1;
  unsigned dims = 0;
  while (product < count) {
    unsigned dim = first + dims;
    if (dim == op.numParallel || count % product != 0)
      return std::nullopt;
    int64_t wanted = count / product;
    int64_t extent = op.extents[dim];
    if (extent > wanted) {
      if (extent % wanted != 0)
        return std::nullopt;
      cut(op, dim, wanted);
      ++op.numParallel;
      extent = wanted;
    }
    product *= extent;
    ++dims;
  }
  return product == count ? std::optional(dims) : std::nullopt;
}

/// Joins neighbouring dimensions of one kind.
static void joinNeighbours(RowOp &op) {
  for (unsigned d = op.numDims(); d-- > 1;) {
    unsigned firstPiece = op.numRow - op.numPiece;
    bool sameKind = d != firstPiece && d != op.numRow && d != op.numParallel;
    if (!sameKind || !join(op, d - 1))
      continue;
    op.numPiece -= d > firstPiece && d < op.numRow;
    op.numRow -= d < op.numRow;
    op.numParallel -= d < op.numParallel;
  }
}

std::optional<RowOp> splitRows(const RowOp &source, int64_t rows) {
  RowOp op = source;
  std::optional<unsigned> dims = cutLeading(op, 0, rows);
  if (!dims)
    return std::nullopt;
  op.numRow = *dims;
  joinNeighbours(op);
  return op;
}

std::optional<RowOp> splitPieces(const RowOp &source, int64_t pieces) {
  RowOp op = source;
  std::optional<unsigned> dims = cutLeading(op, op.numRow, pieces);
  if (!dims)
    return std::nullopt;
  op.numPiece = *dims;
  op.numRow += *dims;
  joinNeighbours(op);
  return op;
}

SmallVector<int64_t> naturalRows(const RowOp &op) {
  SmallVector<int64_t> result = {1};
  for (unsigned d = 0; d < op.numParallel; ++d)
    result.push_back(result.back() * op.extents[d]);
  return result;
}

void moveLastParallel(RowOp &op, unsigned dim) {
  SmallVector<unsigned> order;
  for (unsigned d = 0; d < op.numDims(); ++d) {
    if (d == op.numParallel)
      order.push_back(dim);
    if (d != dim)
      order.push_back(d);
  }
  if (op.numParallel == op.numDims())
    order.push_back(dim);
  permute(op, order);
}

} // namespace foregrad::compiler::rows
