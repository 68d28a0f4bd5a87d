//===- OpChecks.cpp - One differentiable op against its definition --------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "tests/property/OpChecks.h"
#include "dialects/fg/Evaluate.h"
#include "dialects/fg/Support.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>
#include <random>

using namespace mlir;

namespace foregrad::property {

namespace {

/// Of the differences; they are of fourth order.
constexpr double kStep = 1e-5;
/// How far from zero a nonlinearity's operand is, at least.
constexpr double kKinkMargin = 1e-2;
constexpr double kDifferenceTolerance = 1e-6;
constexpr double kProductTolerance = 1e-11;

/// A copy of the op in a block of its own, whose arguments are its operands.
class OpUnderTest {
public:
  OpUnderTest(fg::DifferentiableOpInterface original, uint64_t seed)
      : random(seed), name(original->getName().getStringRef()) {
    OpBuilder builder(original.getContext());
    builder.setInsertionPointToEnd(&block);
    Operation *copy = builder.clone(*original);
    op = cast<fg::DifferentiableOpInterface>(copy);
    for (unsigned i = 0; i < copy->getNumOperands(); ++i) {
      Value operand = addArgument(fg::arrayType(copy->getOperand(i)));
      copy->setOperand(i, operand);
      if (isa<fg::SiteOpInterface>(copy))
        for (double &x : values[operand].values)
          if (std::abs(x) < kKinkMargin)
            x = x < 0 ? x - kKinkMargin : x + kKinkMargin;
    }
  }

  std::string check() {
    std::string fault = checkTangent();
    if (fault.empty())
      fault = checkCotangents();
    return fault.empty() ? checkDependence() : fault;
  }

private:
  Value addArgument(fg::ArrayType type) {
    Value argument = block.addArgument(type, op->getLoc());
    fg::Tensor tensor(type.getShape());
    std::normal_distribution<double> normal;
    for (double &value : tensor.values)
      value = isa<FloatType>(type.getElementType())
                  ? normal(random)
                  : static_cast<double>(random() % 2);
    values[argument] = std::move(tensor);
    return argument;
  }

  bool isFloat(Value value) {
    return isa<FloatType>(fg::arrayType(value).getElementType());
  }

  fg::Tensor evaluate(ArrayRef<fg::Tensor> operands) {
    return cast<fg::ComputeOpInterface>(op.getOperation())
        .evaluate(operands)[0];
  }

  SmallVector<fg::Tensor> operandValues() {
    return llvm::map_to_vector(op->getOperands(),
                               [&](Value v) { return values[v]; });
  }

  /// The op's result if its operands move by `steps` steps along the tangents.
  fg::Tensor moved(double steps) {
    SmallVector<fg::Tensor> operands = operandValues();
    for (auto [operand, tangent] : llvm::zip_equal(operands, tangents))
      if (tangent)
        for (auto [x, t] :
             llvm::zip_equal(operand.values, values[tangent].values))
          x += steps * kStep * t;
    return evaluate(operands);
  }

  std::string fault(const char *what, size_t element, double expected,
                    double found) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    stream << llvm::formatv("{0}: {1}, element {2}: expected {3:E9}, found "
                            "{4:E9}\n  ",
                            name, what, element, expected, found);
    stream << op->getLoc() << " " << op->getAttrDictionary() << " ->";
    for (Type type : op->getResultTypes())
      stream << " " << type;
    return text;
  }

  std::string checkTangent();
  std::string checkCotangents();
  std::string checkDependence();
  std::string checkPart(unsigned operand, fg::AxisPart part,
                        fg::AxisPart source, const fg::Tensor &before);

  std::mt19937_64 random;
  StringRef name;
  Block block;
  fg::DifferentiableOpInterface op;
  fg::Values values;
  SmallVector<Value> tangents;
  Value pushed; // the op's own tangent
};

double dot(const fg::Tensor &a, const fg::Tensor &b) {
  double sum = 0;
  for (auto [x, y] : llvm::zip_equal(a.values, b.values))
    sum += x * y;
  return sum;
}

double largest(const fg::Tensor &tensor) {
  double result = 0;
  for (double value : tensor.values)
    result = std::max(result, std::abs(value));
  return result;
}

} // namespace

std::string OpUnderTest::checkTangent() {
  for (Value operand : op->getOperands())
    tangents.push_back(isFloat(operand) ? addArgument(fg::arrayType(operand))
                                        : Value());
  OpBuilder builder(op.getContext());
  builder.setInsertionPointToEnd(&block);
  pushed = op.tangent(builder, tangents);
  if (!pushed)
    return fault("has no tangent", 0, 1, 0);
  if (pushed.getType() != op->getResult(0).getType())
    return fault("its tangent has another type", 0, 0, 0);
  if (llvm::Error error = fg::evaluateOps(block, values))
    return llvm::toString(std::move(error));
  fg::Tensor near = moved(1), before = moved(-1), far = moved(2),
             behind = moved(-2);
  const fg::Tensor &given = values[pushed];
  double scale = std::max(1e-2, largest(given));
  for (size_t i = 0; i < given.values.size(); ++i) {
    double expected = (8 * (near.values[i] - before.values[i]) -
                       (far.values[i] - behind.values[i])) /
                      (12 * kStep);
    if (!(std::abs(expected - given.values[i]) <= kDifferenceTolerance * scale))
      return fault("tangent against differences", i, expected, given.values[i]);
  }
  return "";
}

std::string OpUnderTest::checkCotangents() {
  Value cotangent = addArgument(fg::arrayType(op->getResult(0)));
  SmallVector<bool> wanted = llvm::map_to_vector(
      op->getOperands(), [&](Value v) { return isFloat(v); });
  OpBuilder builder(op.getContext());
  builder.setInsertionPointToEnd(&block);
  SmallVector<Value> pulled = op.cotangents(builder, cotangent, wanted);
  if (llvm::Error error = fg::evaluateOps(block, values))
    return llvm::toString(std::move(error));
  double left = dot(values[cotangent], values[pushed]), right = 0;
  double scale = 1;
  for (auto [i, tangent] : llvm::enumerate(tangents)) {
    if (!tangent)
      continue;
    if (!pulled[i] || pulled[i].getType() != tangent.getType())
      return fault("lacks a cotangent of the operand's type", i, 0, 0);
    right += dot(values[pulled[i]], values[tangent]);
    scale =
        std::max(scale, largest(values[pulled[i]]) *
                            static_cast<double>(values[tangent].values.size()));
  }
  if (!(std::abs(left - right) <= kProductTolerance * scale))
    return fault("cotangents against tangent (dot product)", 0, left, right);
  return "";
}

std::string OpUnderTest::checkPart(unsigned operand, fg::AxisPart part,
                                   fg::AxisPart source,
                                   const fg::Tensor &before) {
  auto indexOf = [](int64_t index, fg::AxisPart of) {
    return index / of.inner % of.size;
  };
  auto type = fg::arrayType(op->getOperand(operand));
  auto result = fg::arrayType(op->getResult(0));
  for (int64_t kept = 0; kept < part.size; ++kept) {
    // Everything at other indices changes; what depends on `kept` alone stays.
    SmallVector<fg::Tensor> changed = operandValues();
    size_t position = 0;
    fg::forEachIndex(type.getShape(), [&](ArrayRef<int64_t> index) {
      double &value = changed[operand].values[position++];
      if (indexOf(index[source.axis], source) != kept)
        value += value < 0 ? -1.0 : 1.0;
    });
    fg::Tensor after = evaluate(changed);
    std::string found;
    position = 0;
    fg::forEachIndex(result.getShape(), [&](ArrayRef<int64_t> index) {
      double old = before.values[position], now = after.values[position];
      if (found.empty() && indexOf(index[part.axis], part) == kept &&
          std::abs(old - now) > 1e-12 * (1 + std::abs(old)))
        found = fault("depends on elements that traceAxis leaves out", position,
                      old, now);
      ++position;
    });
    if (!found.empty())
      return found;
  }
  return "";
}

std::string OpUnderTest::checkDependence() {
  auto result = fg::arrayType(op->getResult(0));
  fg::Tensor before = evaluate(operandValues());
  for (unsigned operand = 0; operand < op->getNumOperands(); ++operand) {
    if (!isFloat(op->getOperand(operand)))
      continue;
    auto type = fg::arrayType(op->getOperand(operand));
    for (unsigned axis = 0; axis < result.getRank(); ++axis) {
      int64_t size = result.getAxes()[axis].getSize();
      for (int64_t inner = 1; inner <= size; ++inner)
        for (int64_t part = 2; part * inner <= size; ++part) {
          if (size % (part * inner) != 0)
            continue;
          std::optional<fg::AxisPart> source =
              op.traceAxis(operand, {axis, part, inner});
          if (!source)
            continue;
          if (source->axis >= type.getRank() || source->size != part ||
              type.getAxes()[source->axis].getSize() %
                      (source->size * source->inner) !=
                  0)
            return fault("traceAxis names no factor of the operand", axis, 0,
                         0);
          std::string found =
              checkPart(operand, {axis, part, inner}, *source, before);
          if (!found.empty())
            return found;
        }
    }
  }
  return "";
}

std::string checkOp(fg::DifferentiableOpInterface op, uint64_t seed) {
  return OpUnderTest(op, seed).check();
}

} // namespace foregrad::property
