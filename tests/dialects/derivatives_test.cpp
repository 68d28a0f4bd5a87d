//===- derivatives_test.cpp - Tangents, cotangents, axis dependences ------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Every differentiable op on random arrays: its tangent against finite
// differences, its cotangents against its tangent (dot products), its axis
// dependences by changing single elements. Derivatives have extra axes where
// their primals have none.
//
//===----------------------------------------------------------------------===//

#include "dialects/fg/Support.h"
#include "tests/dialects/OpCases.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace foregrad::fg;
using namespace foregrad::fg::test;

namespace {

struct Tested {
  explicit Tested(const OpCase &program) : random(20261124) {
    module = parse(context, program.program);
    entry = *module->getOps<EntryOp>().begin();
    for (Operation &candidate : entry.getBody().front())
      if (candidate.hasAttr("test"))
        op = dyn_cast<DifferentiableOpInterface>(candidate);
    buffers = randomBuffers(entry, random);
  }

  bool isFloat(unsigned operand) {
    return isa<FloatType>(arrayType(op->getOperand(operand)).getElementType());
  }

  AxisAttr axis(StringRef name, int64_t size) {
    return AxisAttr::get(&context, StringAttr::get(&context, name), size);
  }

  /// A new buffer of the type with random content, read before the op.
  Value readRandom(std::string name, ArrayType type) {
    OpBuilder builder(op);
    buffers[name] = randomTensor(type, random);
    return ReadOp::create(builder, op->getLoc(), type, name, Role::Input);
  }

  OpBuilder builderAfter() {
    OpBuilder builder(op);
    builder.setInsertionPointAfter(op);
    return builder;
  }

  Tensor evaluate(Value value) {
    OpBuilder builder = builderAfter();
    builder.setInsertionPointToEnd(&entry.getBody().front());
    auto write =
        WriteOp::create(builder, op->getLoc(), value, "value", Role::Output);
    llvm::Expected<Buffers> written = evaluateEntry(entry, buffers);
    write.erase();
    EXPECT_TRUE(bool(written)) << llvm::toString(written.takeError());
    return (*written)["value"];
  }

  /// The result of the op if its operands are moved by `step` along their
  /// tangents at the index `extra` of the axes `extras`.
  Tensor moved(ArrayRef<Value> tangents, ArrayType extras,
               ArrayRef<int64_t> extra, double step) {
    // An operand that stands in two places moves by what each of them says:
    // evaluate the op itself on its operands.
    SmallVector<Tensor> operands;
    for (auto [operand, tangent] :
         llvm::zip_equal(op->getOperands(), tangents)) {
      auto read = operand.getDefiningOp<ReadOp>();
      Tensor value = buffers[read.getName().str()];
      if (tangent) {
        std::string name = tangent.getDefiningOp<ReadOp>().getName().str();
        ArrayType type = arrayType(operand);
        SmallVector<AxisAttr> loopAxes(extras.getAxes());
        addAxes(loopAxes, type.getAxes());
        ArrayType loops = type.cloneWith(loopAxes);
        Locator at(arrayType(tangent), loops);
        size_t position = 0;
        forEachIndex(type.getShape(), [&](ArrayRef<int64_t> index) {
          SmallVector<int64_t> full(extra);
          full.append(index.begin(), index.end());
          value.values[position++] += step * buffers[name].values[at(full)];
        });
      }
      operands.push_back(std::move(value));
    }
    return cast<ComputeOpInterface>(op.getOperation()).evaluate(operands)[0];
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  EntryOp entry;
  DifferentiableOpInterface op;
  Buffers buffers;
  std::mt19937_64 random;
};

class DifferentiableOp : public testing::TestWithParam<OpCase> {};

/// The numbers of `tensor` (of type `type`) at the index `extra` of the axes
/// `extras`, in the order of `primal`.
std::vector<double> slice(const Tensor &tensor, ArrayType type,
                          ArrayType extras, ArrayRef<int64_t> extra,
                          ArrayType primal) {
  SmallVector<AxisAttr> axes(extras.getAxes());
  addAxes(axes, primal.getAxes());
  Locator at(type, primal.cloneWith(axes));
  std::vector<double> result;
  forEachIndex(primal.getShape(), [&](ArrayRef<int64_t> index) {
    SmallVector<int64_t> full(extra);
    full.append(index.begin(), index.end());
    result.push_back(tensor.values[at(full)]);
  });
  return result;
}

double dot(const std::vector<double> &a, const std::vector<double> &b) {
  double sum = 0.0;
  for (size_t i = 0; i < a.size(); ++i)
    sum += a[i] * b[i];
  return sum;
}

} // namespace

TEST_P(DifferentiableOp, TangentIsTheFiniteDifference) {
  // Every choice of operands that move, and of the extra axes of each.
  for (unsigned choice = 0; choice < 16; ++choice) {
    Tested tested(GetParam());
    ASSERT_TRUE(tested.op);
    ArrayType result = arrayType(tested.op->getResult(0));
    SmallVector<AxisAttr> extraList;
    SmallVector<Value> tangents;
    unsigned count = tested.op->getNumOperands();
    for (unsigned i = 0; i < count; ++i) {
      unsigned bits = choice >> (2 * i) & 3;
      if (bits == 0 || !tested.isFloat(i)) {
        tangents.push_back(Value());
        continue;
      }
      SmallVector<AxisAttr> own;
      if (bits & 2)
        own.push_back(tested.axis("dir", 2));
      if (bits == 3)
        own.push_back(tested.axis(i ? "copy1" : "copy0", 3));
      addAxes(extraList, own);
      tangents.push_back(tested.readRandom(
          "t" + std::to_string(i),
          derivativeType(arrayType(tested.op->getOperand(i)), own)));
    }
    if (count == 1 && choice >= 4)
      break;
    OpBuilder builder = tested.builderAfter();
    Value tangent = tested.op.tangent(builder, tangents);
    ASSERT_TRUE(succeeded(tested.module->verify()));
    if (llvm::none_of(tangents, [](Value v) { return bool(v); })) {
      EXPECT_FALSE(tangent);
      continue;
    }
    ASSERT_TRUE(tangent);
    // Extra axes come first, then the axes of the result in their order.
    ArrayType type = arrayType(tangent);
    ASSERT_EQ(type.getAxes().drop_front(extraList.size()), result.getAxes());
    Tensor value = tested.evaluate(tangent);
    ArrayType extras = result.cloneWith(extraList);
    forEachIndex(extras.getShape(), [&](ArrayRef<int64_t> extra) {
      const double step = 1e-5;
      Tensor above = tested.moved(tangents, extras, extra, step);
      Tensor below = tested.moved(tangents, extras, extra, -step);
      std::vector<double> given = slice(value, type, extras, extra, result);
      for (int64_t i = 0; i < above.size(); ++i)
        EXPECT_NEAR(given[i], (above.values[i] - below.values[i]) / (2 * step),
                    1e-7 * std::max(1.0, std::abs(given[i])));
    });
  }
}

TEST_P(DifferentiableOp, CotangentsAreTheAdjoint) {
  for (bool withExtra : {false, true}) {
    for (unsigned operand = 0; operand < 2; ++operand) {
      Tested tested(GetParam());
      if (operand >= tested.op->getNumOperands())
        continue;
      ArrayType result = arrayType(tested.op->getResult(0));
      ArrayType primal = arrayType(tested.op->getOperand(operand));
      SmallVector<AxisAttr> extraList;
      if (withExtra)
        extraList.push_back(tested.axis("dir", 2));
      Value cotangent =
          tested.readRandom("ct", derivativeType(result, extraList));
      SmallVector<bool> wanted(tested.op->getNumOperands(), false);
      wanted[operand] = true;
      SmallVector<Value> tangents(tested.op->getNumOperands());
      if (tested.isFloat(operand))
        tangents[operand] = tested.readRandom("t", primal);
      OpBuilder builder = tested.builderAfter();
      SmallVector<Value> cotangents =
          tested.op.cotangents(builder, cotangent, wanted);
      ASSERT_EQ(cotangents.size(), tested.op->getNumOperands());
      for (unsigned i = 0; i < cotangents.size(); ++i)
        EXPECT_EQ(bool(cotangents[i]), i == operand && tested.isFloat(i));
      if (!tested.isFloat(operand))
        continue;
      Value tangent = tested.op.tangent(builder, tangents);
      ASSERT_TRUE(succeeded(tested.module->verify()));
      ArrayType type = arrayType(cotangents[operand]);
      ASSERT_EQ(type, derivativeType(primal, extraList));
      Tensor pulled = tested.evaluate(cotangents[operand]);
      Tensor pushed = tested.evaluate(tangent);
      ArrayType extras = result.cloneWith(extraList);
      forEachIndex(extras.getShape(), [&](ArrayRef<int64_t> extra) {
        double left = dot(slice(tested.buffers["ct"], arrayType(cotangent),
                                extras, extra, result),
                          pushed.values);
        double right = dot(slice(pulled, type, extras, extra, primal),
                           tested.buffers["t"].values);
        EXPECT_NEAR(left, right, 1e-11 * std::max(1.0, std::abs(left)));
      });
    }
  }
}

TEST_P(DifferentiableOp, ElementsOfOtherPartsDoNotMatter) {
  Tested tested(GetParam());
  auto compute = cast<ComputeOpInterface>(tested.op.getOperation());
  ArrayType result = arrayType(tested.op->getResult(0));
  SmallVector<Tensor> operands;
  for (Value operand : tested.op->getOperands())
    operands.push_back(
        tested.buffers[operand.getDefiningOp<ReadOp>().getName().str()]);
  Tensor before = compute.evaluate(operands)[0];
  auto partIndex = [](int64_t index, AxisPart part) {
    return index / part.inner % part.size;
  };
  for (unsigned operand = 0; operand < operands.size(); ++operand) {
    ArrayType primal = arrayType(tested.op->getOperand(operand));
    for (unsigned axis = 0; axis < result.getRank(); ++axis) {
      int64_t size = result.getAxes()[axis].getSize();
      // All parts of the axis.
      for (int64_t inner = 1; inner <= size; ++inner)
        for (int64_t partSize = 1; inner * partSize <= size; ++partSize) {
          if (size % (inner * partSize) != 0)
            continue;
          AxisPart part{axis, partSize, inner};
          std::optional<AxisPart> source = tested.op.traceAxis(operand, part);
          if (!source)
            continue;
          ASSERT_LT(source->axis, primal.getRank());
          ASSERT_EQ(source->size, partSize);
          int64_t sourceSize = primal.getAxes()[source->axis].getSize();
          ASSERT_EQ(sourceSize % (source->size * source->inner), 0);
          size_t position = 0;
          forEachIndex(primal.getShape(), [&](ArrayRef<int64_t> at) {
            SmallVector<Tensor> changed = operands;
            changed[operand].values[position++] += 1.0;
            Tensor after = compute.evaluate(changed)[0];
            size_t element = 0;
            forEachIndex(result.getShape(), [&](ArrayRef<int64_t> index) {
              if (partIndex(index[axis], part) !=
                  partIndex(at[source->axis], *source)) {
                EXPECT_EQ(before.values[element], after.values[element]);
              }
              ++element;
            });
          });
        }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Ops, DifferentiableOp,
                         testing::ValuesIn(differentiableCases()),
                         [](const testing::TestParamInfo<OpCase> &info) {
                           return info.param.name;
                         });

// Which axes must be traced: what fusion relies on.
TEST(TraceAxis, FollowsPartsThroughMergeAndSplit) {
  MLIRContext context;
  OwningOpRef<ModuleOp> module = parse(context, R"(
    fg.entry "case" {
      %a = fg.read "a" role input
        : !fg.array<[batch = 2, g = 2, h = 3, u = 4], f64>
      %m = fg.merge %a axes ["g", "h", "u"] into "c"
        : !fg.array<[batch = 2, g = 2, h = 3, u = 4], f64>
          -> !fg.array<[batch = 2, c = 24], f64>
      %s = fg.split %m axis "c" into ["g", "r"]
        : !fg.array<[batch = 2, c = 24], f64>
          -> !fg.array<[batch = 2, g = 2, r = 12], f64>
    })");
  EntryOp entry = *module->getOps<EntryOp>().begin();
  MergeOp merge = *entry.getBody().getOps<MergeOp>().begin();
  SplitOp split = *entry.getBody().getOps<SplitOp>().begin();
  EXPECT_EQ(split.traceAxis(0, {1, 2, 1}), (AxisPart{1, 2, 12}));
  EXPECT_EQ(merge.traceAxis(0, {1, 2, 12}), (AxisPart{1, 2, 1}));
  EXPECT_EQ(merge.traceAxis(0, {1, 3, 4}), (AxisPart{2, 3, 1}));
  EXPECT_EQ(merge.traceAxis(0, {1, 2, 2}), (AxisPart{3, 2, 2}));
  EXPECT_EQ(merge.traceAxis(0, {1, 6, 2}), std::nullopt);
  EXPECT_EQ(merge.traceAxis(0, {0, 2, 1}), (AxisPart{0, 2, 1}));
}
