//===- Contract.cpp - Products that sum over shared axes ------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// The derivatives of a product are products of the same kind with the labels
// permuted; axes that only a derivative has get letters of their own, in front.
//
//===----------------------------------------------------------------------===//

#include "dialects/fg/Lowering.h"
#include "dialects/fg/Support.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace foregrad::fg;

static constexpr StringLiteral kLetters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// A letter that is not in `used` ('?' if all are: the verifier refuses it).
static char freshLetter(StringRef used) {
  size_t position = kLetters.find_first_not_of(used);
  return position == StringRef::npos ? '?' : kLetters[position];
}

void ContractOp::build(OpBuilder &builder, OperationState &state, Value lhs,
                       Value rhs, ArrayRef<StringRef> resultAxes) {
  SmallVector<AxisAttr> known;
  std::string letters;
  auto labelsOf = [&](ArrayRef<AxisAttr> axes) {
    std::string labels;
    for (AxisAttr axis : axes) {
      auto *found = llvm::find_if(known, [&](AxisAttr other) {
        return other.getName() == axis.getName();
      });
      if (found == known.end()) {
        letters += freshLetter(letters);
        known.push_back(axis);
        labels += letters.back();
      } else {
        labels += letters[found - known.begin()];
      }
    }
    return labels;
  };
  std::string lhsLabels = labelsOf(arrayType(lhs).getAxes());
  std::string rhsLabels = labelsOf(arrayType(rhs).getAxes());
  SmallVector<AxisAttr> axes;
  std::string resultLabels;
  for (StringRef name : resultAxes)
    for (auto [position, axis] : llvm::enumerate(known))
      if (axis.getName() == name) {
        axes.push_back(axis);
        resultLabels += letters[position];
      }
  build(builder, state, arrayType(lhs).cloneWith(axes), lhs, lhsLabels, rhs,
        rhsLabels, resultLabels);
}

LogicalResult ContractOp::verify() {
  ArrayType types[] = {arrayType(getLhs()), arrayType(getRhs()), getType()};
  StringRef labels[] = {getLhsLabels(), getRhsLabels(), getResultLabels()};
  StringRef places[] = {"the left operand", "the right operand", "the result"};
  if (failed(verifyFloats(*this, ArrayRef(types).take_front(2))) ||
      failed(verifyFloats(*this, {getType()})))
    return failure();
  Type operands = types[0].getElementType(), result = types[2].getElementType();
  if (operands != result &&
      operands.getIntOrFloatBitWidth() >= result.getIntOrFloatBitWidth())
    return emitOpError() << "cannot sum products of " << operands << " in "
                         << result;
  for (unsigned i = 0; i < 3; ++i) {
    if (labels[i].size() != static_cast<size_t>(types[i].getRank()))
      return emitOpError() << "gives " << labels[i].size() << " labels to "
                           << places[i] << ", which has " << types[i].getRank()
                           << " axes";
    for (auto [position, letter] : llvm::enumerate(labels[i])) {
      if (!llvm::isAlpha(letter))
        return emitOpError()
               << "label '" << StringRef(&letter, 1) << "' is no letter";
      if (labels[i].find(letter) != position)
        return emitOpError() << "label '" << StringRef(&letter, 1)
                             << "' stands twice in " << places[i];
    }
  }
  for (char letter : kLetters) {
    unsigned count = 0;
    int64_t size = -1;
    StringRef first;
    StringRef firstPlace;
    for (unsigned i = 0; i < 3; ++i) {
      size_t position = labels[i].find(letter);
      if (position == StringRef::npos)
        continue;
      ++count;
      AxisAttr axis = types[i].getAxes()[position];
      if (size >= 0 && axis.getSize() != size)
        return emitOpError()
               << "label '" << StringRef(&letter, 1) << "' stands for axis '"
               << first << "' of size " << size << " in " << firstPlace
               << " and for axis " << axis.getName() << " of size "
               << axis.getSize() << " in " << places[i];
      if (size < 0) {
        size = axis.getSize();
        first = axis.getName();
        firstPlace = places[i];
      }
    }
    if (count == 1)
      return emitOpError() << "label '" << StringRef(&letter, 1) << "' (axis '"
                           << first << "') stands in " << firstPlace << " only";
  }
  return success();
}

OpFoldResult ContractOp::fold(FoldAdaptor adaptor) {
  if (isSplat(adaptor.getLhs(), 0.0) || isSplat(adaptor.getRhs(), 0.0))
    return splatOf(getContext(), 0.0);
  return {};
}

/// The loops of a contraction as an array type whose axes are called by their
/// letters: those of the result first.
static ArrayType loopsOf(ContractOp op) {
  MLIRContext *context = op.getContext();
  SmallVector<AxisAttr> axes;
  auto add = [&](Value value, StringRef labels) {
    for (auto [letter, axis] :
         llvm::zip_equal(labels, arrayType(value).getAxes()))
      addAxes(axes,
              AxisAttr::get(context,
                            StringAttr::get(context, StringRef(&letter, 1)),
                            axis.getSize()));
  };
  add(op.getResult(), op.getResultLabels());
  add(op.getLhs(), op.getLhsLabels());
  add(op.getRhs(), op.getRhsLabels());
  return op.getType().cloneWith(axes);
}

/// The type of `value` with its axes called by their letters.
static ArrayType lettered(Value value, StringRef labels) {
  MLIRContext *context = value.getContext();
  SmallVector<AxisAttr> axes;
  for (auto [letter, axis] :
       llvm::zip_equal(labels, arrayType(value).getAxes()))
    axes.push_back(
        AxisAttr::get(context, StringAttr::get(context, StringRef(&letter, 1)),
                      axis.getSize()));
  return arrayType(value).cloneWith(axes);
}

namespace {
/// A loop of the reference: its length, and by how much each array moves on.
struct EvaluationLoop {
  int64_t size, out, lhs, rhs;
  int64_t distance() const { return out + lhs + rhs; }
};
} // namespace

/// The loops of a contraction; innermost the one whose elements lie closest.
static SmallVector<EvaluationLoop> evaluationLoops(ContractOp op) {
  ArrayType loops = loopsOf(op);
  auto strideOf = [](Value value, StringRef labels, StringRef letter) {
    size_t position = labels.find(letter);
    return position == StringRef::npos
               ? 0
               : Tensor(arrayType(value).getShape()).strides()[position];
  };
  SmallVector<EvaluationLoop> result;
  for (AxisAttr axis : loops.getAxes()) {
    StringRef letter = axis.getName().getValue();
    result.push_back({axis.getSize(),
                      strideOf(op.getResult(), op.getResultLabels(), letter),
                      strideOf(op.getLhs(), op.getLhsLabels(), letter),
                      strideOf(op.getRhs(), op.getRhsLabels(), letter)});
  }
  llvm::sort(result, [](const EvaluationLoop &a, const EvaluationLoop &b) {
    return a.distance() > b.distance();
  });
  return result;
}

// By strides, without an index for each product: whole models are verified with
// it, and nearly all of their time goes into products.
SmallVector<Tensor> ContractOp::evaluate(ArrayRef<Tensor> operands) {
  Tensor result(getType().getShape());
  SmallVector<EvaluationLoop> loops = evaluationLoops(*this);
  EvaluationLoop inner = {1, 0, 0, 0};
  if (!loops.empty())
    inner = loops.pop_back_val();
  double *out = result.values.data();
  const double *lhs = operands[0].values.data();
  const double *rhs = operands[1].values.data();
  SmallVector<int64_t> sizes = llvm::map_to_vector(
      loops, [](const EvaluationLoop &loop) { return loop.size; });
  forEachIndex(sizes, [&](ArrayRef<int64_t> index) {
    int64_t o = 0, l = 0, r = 0;
    for (auto [loop, i] : llvm::zip_equal(loops, index)) {
      o += loop.out * i;
      l += loop.lhs * i;
      r += loop.rhs * i;
    }
    for (int64_t i = 0; i < inner.size; ++i)
      out[o + i * inner.out] += lhs[l + i * inner.lhs] * rhs[r + i * inner.rhs];
  });
  return {result};
}

SmallVector<Value> ContractOp::lower(OpBuilder &builder, ValueRange operands) {
  ArrayType loops = loopsOf(*this);
  ArrayType result = lettered(getResult(), getResultLabels());
  SmallVector<ArrayType> types = {lettered(getLhs(), getLhsLabels()),
                                  lettered(getRhs(), getRhsLabels())};
  Type element = getType().getElementType();
  auto widen = [&](OpBuilder &inner, Location loc, Value x) -> Value {
    return x.getType() == element
               ? x
               : arith::ExtFOp::create(inner, loc, element, x).getResult();
  };
  auto product = [&](OpBuilder &inner, Location loc, ValueRange x) {
    return createArith<arith::MulFOp>(inner, loc, widen(inner, loc, x[0]),
                                      widen(inner, loc, x[1]));
  };
  if (loops.getRank() == result.getRank())
    return {
        lowerElementwise(builder, getLoc(), result, operands, types, product)};
  return {lowerReduction(builder, getLoc(), result, 0.0, operands, types,
                         [&](OpBuilder &inner, Location loc, ValueRange x) {
                           return createArith<arith::AddFOp>(
                               inner, loc, x[2], product(inner, loc, x));
                         })};
}

namespace {
/// A derivative with the labels of its primal and fresh ones for its extra
/// axes.
struct LabelledDerivative {
  std::string labels;      // of the derivative's own axes, in its order
  std::string extraLabels; // of the extra axes, in their order
  SmallVector<AxisAttr> extras;
};
} // namespace

static LabelledDerivative label(Value derivative, Value primal,
                                StringRef primalLabels, std::string used) {
  LabelledDerivative result;
  ArrayType type = arrayType(primal);
  for (AxisAttr axis : arrayType(derivative).getAxes()) {
    int64_t position = type.findAxis(axis.getName());
    if (position >= 0) {
      result.labels += primalLabels[position];
      continue;
    }
    char letter = freshLetter(used);
    used += letter;
    result.labels += letter;
    result.extraLabels += letter;
    result.extras.push_back(axis);
  }
  return result;
}

static std::string usedLabels(ContractOp op) {
  return (op.getLhsLabels() + op.getRhsLabels()).str();
}

Value ContractOp::tangent(OpBuilder &builder, ArrayRef<Value> tangents) {
  Value left, right;
  SmallVector<AxisAttr> extras;
  if (tangents[0]) {
    LabelledDerivative lhs =
        label(tangents[0], getLhs(), getLhsLabels(), usedLabels(*this));
    left = ContractOp::create(builder, getLoc(),
                              derivativeType(getType(), lhs.extras),
                              tangents[0], lhs.labels, getRhs(), getRhsLabels(),
                              lhs.extraLabels + getResultLabels().str());
    addAxes(extras, lhs.extras);
  }
  if (tangents[1]) {
    LabelledDerivative rhs =
        label(tangents[1], getRhs(), getRhsLabels(), usedLabels(*this));
    right = ContractOp::create(builder, getLoc(),
                               derivativeType(getType(), rhs.extras), getLhs(),
                               getLhsLabels(), tangents[1], rhs.labels,
                               rhs.extraLabels + getResultLabels().str());
    addAxes(extras, rhs.extras);
  }
  if (left && right)
    return AddOp::create(builder, getLoc(), derivativeType(getType(), extras),
                         left, right);
  return left ? left : right;
}

SmallVector<Value> ContractOp::cotangents(OpBuilder &builder, Value cotangent,
                                          ArrayRef<bool> wanted) {
  SmallVector<Value> result(2);
  LabelledDerivative given =
      label(cotangent, getResult(), getResultLabels(), usedLabels(*this));
  if (wanted[0])
    result[0] = ContractOp::create(
        builder, getLoc(), derivativeType(arrayType(getLhs()), given.extras),
        cotangent, given.labels, getRhs(), getRhsLabels(),
        given.extraLabels + getLhsLabels().str());
  if (wanted[1])
    result[1] = ContractOp::create(
        builder, getLoc(), derivativeType(arrayType(getRhs()), given.extras),
        getLhs(), getLhsLabels(), cotangent, given.labels,
        given.extraLabels + getRhsLabels().str());
  return result;
}

std::optional<AxisPart> ContractOp::traceAxis(unsigned operand, AxisPart part) {
  StringRef labels = operand == 0 ? getLhsLabels() : getRhsLabels();
  size_t axis = labels.find(getResultLabels()[part.axis]);
  if (axis == StringRef::npos)
    return std::nullopt;
  part.axis = static_cast<unsigned>(axis);
  return part;
}

Value ContractOp::widen(OpBuilder &builder, ArrayRef<Value> operands) {
  // An axis that both operands have in front runs together.
  SmallVector<AxisAttr> extras;
  std::string letters, used = usedLabels(*this);
  auto labelsOf = [&](Value operand, StringRef labels, ArrayType primal) {
    std::string result;
    for (AxisAttr axis : extraAxes(operand, primal)) {
      auto *known = llvm::find(extras, axis);
      auto position = static_cast<size_t>(known - extras.begin());
      if (known == extras.end()) {
        extras.push_back(axis);
        letters += freshLetter(used);
        used += letters.back();
      }
      result += letters[position];
    }
    return result + labels.str();
  };
  Value wide[2];
  std::string labels[2];
  for (unsigned i = 0; i < 2; ++i) {
    ArrayType primal = arrayType(getOperand(i));
    wide[i] = createCanonical(builder, getLoc(), operands[i], primal);
    labels[i] =
        labelsOf(wide[i], i == 0 ? getLhsLabels() : getRhsLabels(), primal);
  }
  return ContractOp::create(
      builder, getLoc(), derivativeType(getType(), extras), wide[0], labels[0],
      wide[1], labels[1], letters + getResultLabels().str());
}
