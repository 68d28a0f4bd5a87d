//===- evaluate_test.cpp - The reference on cases done by hand ------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// The reference evaluation of ops, entries and models, and its errors.
//
//===----------------------------------------------------------------------===//

#include "dialects/fg/Noise.h"
#include "tests/dialects/OpCases.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace mlir;
using namespace foregrad::fg;
using namespace foregrad::fg::test;

namespace {

const OpCase &findCase(llvm::StringRef name) {
  for (const auto *cases : {&differentiableCases(), &otherCases()})
    for (const OpCase &op : *cases)
      if (op.name == name)
        return op;
  ADD_FAILURE() << "no case " << name.str();
  return otherCases()[0];
}

Tensor tensor(llvm::ArrayRef<int64_t> shape, std::vector<double> values) {
  Tensor result(shape);
  result.values = std::move(values);
  return result;
}

/// The result of a case's program.
Tensor run(llvm::StringRef name, const Buffers &buffers) {
  MLIRContext context;
  OwningOpRef<ModuleOp> module = parse(context, findCase(name).program);
  llvm::Expected<Buffers> written =
      evaluateEntry(*module->getOps<EntryOp>().begin(), buffers);
  if (!written) {
    ADD_FAILURE() << llvm::toString(written.takeError());
    return {};
  }
  return (*written)["r"];
}

using Numbers = std::vector<double>;

} // namespace

TEST(Evaluate, ElementwiseOpsRepeatWhatLacksAxes) {
  Tensor a({2, 3, 4});
  for (int64_t i = 0; i < a.size(); ++i)
    a.values[i] = static_cast<double>(i);
  Tensor c = tensor({4}, {1, 2, 3, 4});
  Tensor sum = run("add_right_lacks", {{"a", a}, {"b", c}});
  Tensor difference = run("sub_right_lacks", {{"a", a}, {"b", c}});
  Tensor product = run("mul_right_lacks", {{"a", a}, {"b", c}});
  for (int64_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(sum.values[i], static_cast<double>(i + i % 4 + 1));
    EXPECT_EQ(difference.values[i], static_cast<double>(i - i % 4 - 1));
    EXPECT_EQ(product.values[i], static_cast<double>(i * (i % 4 + 1)));
  }
}

TEST(Evaluate, DivisionAndRoot) {
  Tensor a = tensor({3, 4}, {1, 4, 9, 16, -1, -4, -9, -16, 0, 2, 3, 4});
  Tensor c = tensor({4}, {1, 2, -4, 0.5});
  EXPECT_EQ(run("div_right_lacks", {{"a", a}, {"b", c}}).values,
            (Numbers{1, 2, -2.25, 32, -1, -2, 2.25, -32, 0, 1, -0.75, 8}));
  EXPECT_EQ(run("sqrt", {{"a", a}}).values,
            (Numbers{1, 4, 9, 16, 1, 4, 9, 16, 0, 2, 3, 4}));
}

TEST(Evaluate, ReluAndPositive) {
  Tensor a = tensor({3, 4}, {-1, 0, 2, -3, 4, 5, -6, 7, 8, -9, 0.5, -0.5});
  EXPECT_EQ(run("relu", {{"a", a}}).values,
            (Numbers{0, 0, 2, 0, 4, 5, 0, 7, 8, 0, 0.5, 0}));
  EXPECT_EQ(run("positive", {{"a", a}}).values,
            (Numbers{0, 0, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0}));
}

TEST(Evaluate, NotANumberStaysVisible) {
  Tensor a({3, 4}, std::nan(""));
  EXPECT_TRUE(std::isnan(run("relu", {{"a", a}}).values[0]));
}

TEST(Evaluate, ContractionSumsOverSharedLabels) {
  Tensor a = tensor({3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9});
  EXPECT_EQ(run("contract_twice", {{"a", a}}).values,
            (Numbers{30, 36, 42, 66, 81, 96, 102, 126, 150}));
}

TEST(Evaluate, NormHasMeanZeroAndVarianceOne) {
  std::mt19937_64 random(1);
  MLIRContext context;
  OwningOpRef<ModuleOp> module = parse(context, findCase("norm").program);
  EntryOp entry = *module->getOps<EntryOp>().begin();
  Buffers buffers = randomBuffers(entry, random);
  Tensor z = run("norm", buffers);
  for (int64_t row = 0; row < 6; ++row) {
    double sum = 0, squares = 0, mean = 0, variance = 0;
    const double *x = buffers["a"].values.data() + row * 4;
    for (int i = 0; i < 4; ++i)
      mean += x[i] / 4;
    for (int i = 0; i < 4; ++i) {
      variance += (x[i] - mean) * (x[i] - mean) / 4;
      sum += z.values[row * 4 + i];
      squares += z.values[row * 4 + i] * z.values[row * 4 + i];
    }
    EXPECT_NEAR(sum, 0.0, 1e-12);
    EXPECT_NEAR(squares / 4, variance / (variance + 1e-5), 1e-12);
  }
}

TEST(Evaluate, Losses) {
  Tensor logits = tensor({3, 4}, {0, 0, 0, 0, 1, 2, 3, 4, 1000, 0, 0, 0});
  Tensor label = tensor({3}, {2, 3, 0});
  Tensor cross = run("cross_entropy", {{"a", logits}, {"b", label}});
  EXPECT_NEAR(cross.values[0], std::log(4.0), 1e-14);
  EXPECT_NEAR(cross.values[1],
              std::log1p(std::exp(-1) + std::exp(-2) + std::exp(-3)), 1e-14);
  EXPECT_EQ(cross.values[2], 0.0);
  Tensor squared = run("squared_error", {{"a", logits}, {"b", label}});
  EXPECT_EQ(squared.values[0], 0.5);
  EXPECT_EQ(squared.values[1], 0.5 * (1 + 4 + 9 + 9));
  EXPECT_EQ(run("one_hot", {{"a", label}}).values,
            (Numbers{0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0}));
}

TEST(Evaluate, ShapesMoveNothingOrEverything) {
  Tensor a({2, 3, 4});
  for (int64_t i = 0; i < a.size(); ++i)
    a.values[i] = static_cast<double>(i);
  Tensor moved = run("reorder", {{"a", a}});
  EXPECT_EQ(moved.values[0], 0);
  EXPECT_EQ(moved.values[1], 4);  // c 0, batch 0, t 1
  EXPECT_EQ(moved.values[3], 12); // c 0, batch 1, t 0
  EXPECT_EQ(moved.values[6], 1);  // c 1, batch 0, t 0
  Tensor repeated =
      run("broadcast", {{"a", tensor({4, 2}, {0, 1, 2, 3, 4, 5, 6, 7})}});
  EXPECT_EQ(repeated.values[0], 0);  // batch 0, t 0, c 0
  EXPECT_EQ(repeated.values[1], 2);  // batch 0, t 0, c 1
  EXPECT_EQ(repeated.values[5], 2);  // batch 0, t 1, c 1
  EXPECT_EQ(repeated.values[12], 1); // batch 1, t 0, c 0
}

TEST(Evaluate, PerturbationIsThatOfNoise) {
  Tensor seed(llvm::ArrayRef<int64_t>{}), step(llvm::ArrayRef<int64_t>{});
  seed.integer = 0x123456789abcdef0;
  step.integer = 41;
  Tensor u = run("perturb_gaussian", {{"a", seed}, {"b", step}});
  EXPECT_EQ(u.values[(2 * 2 + 1) * 40 + 17],
            noise(NoiseLaw::Gaussian, seed.integer, 41, 7, 2, 57));
  Tensor v = run("perturb_rademacher", {{"a", seed}, {"b", step}});
  EXPECT_EQ(v.values[70],
            noise(NoiseLaw::Rademacher, seed.integer, 41, 3, 0, 70));
}

TEST(EvaluateEntry, WritesTakeEffectAfterAllReads) {
  MLIRContext context;
  OwningOpRef<ModuleOp> module = parse(context, R"(
    fg.entry "swap" {
      %a = fg.read "a" role state : !fg.array<[], f64>
      fg.write %a to "b" role state : !fg.array<[], f64>
      %b = fg.read "b" role state : !fg.array<[], f64>
      fg.write %b to "a" role state : !fg.array<[], f64>
    })");
  llvm::Expected<Buffers> written =
      evaluateEntry(*module->getOps<EntryOp>().begin(),
                    {{"a", tensor({}, {1})}, {"b", tensor({}, {2})}});
  ASSERT_TRUE(bool(written));
  EXPECT_EQ((*written)["a"].values, Numbers{2});
  EXPECT_EQ((*written)["b"].values, Numbers{1});
}

TEST(EvaluateEntry, NamesBuffersThatAreMissingOrWrong) {
  MLIRContext context;
  OwningOpRef<ModuleOp> module = parse(context, findCase("scale").program);
  EntryOp entry = *module->getOps<EntryOp>().begin();
  llvm::Expected<Buffers> missing = evaluateEntry(entry, {});
  ASSERT_FALSE(bool(missing));
  EXPECT_EQ(llvm::toString(missing.takeError()), "buffer 'a' is missing");
  llvm::Expected<Buffers> wrong =
      evaluateEntry(entry, {{"a", tensor({2}, {1, 2})}});
  ASSERT_FALSE(bool(wrong));
  EXPECT_EQ(llvm::toString(wrong.takeError()),
            "buffer 'a' has 2 elements, the program reads 12");
}

TEST(EvaluateEntry, ReplicatedTangentSeesOnePartACopy) {
  // The head is sum_t x[n,t,c], its loss that of class y: the gradient at
  // [n,t,c] is that of the summed logits, so each copy's tangent is its own
  // part's product with it.
  MLIRContext context;
  OwningOpRef<ModuleOp> module = parse(context, R"(
    fg.entry "case" {
      %x = fg.read "x" role input : !fg.array<[batch = 2, t = 3, c = 4], f64>
      %d = fg.read "d" role input
        : !fg.array<[dir = 2, batch = 2, t = 3, c = 4], f64>
      %w = fg.read "w" role input : !fg.array<[batch = 2], f64>
      %y = fg.read "y" role label : !fg.array<[batch = 2], i32>
      %s = fg.replicated_tangent per ["t"] (%x, %d, %w)
        : (!fg.array<[batch = 2, t = 3, c = 4], f64>,
           !fg.array<[dir = 2, batch = 2, t = 3, c = 4], f64>,
           !fg.array<[batch = 2], f64>)
          -> !fg.array<[dir = 2, batch = 2, t = 3], f64> {
      ^bb0(%a: !fg.array<[batch = 2, t = 3, c = 4], f64>):
        %m = fg.sum %a over ["t"] : !fg.array<[batch = 2, t = 3, c = 4], f64>
               -> !fg.array<[batch = 2, c = 4], f64>
        %l = fg.cross_entropy %m, %y over "c"
          : (!fg.array<[batch = 2, c = 4], f64>, !fg.array<[batch = 2], i32>)
            -> !fg.array<[batch = 2], f64>
        fg.yield %l : !fg.array<[batch = 2], f64>
      }
      fg.write %s to "s" role output
        : !fg.array<[dir = 2, batch = 2, t = 3], f64>
    })");
  std::mt19937_64 random(7);
  EntryOp entry = *module->getOps<EntryOp>().begin();
  Buffers buffers = randomBuffers(entry, random);
  llvm::Expected<Buffers> written = evaluateEntry(entry, buffers);
  ASSERT_TRUE(bool(written)) << llvm::toString(written.takeError());
  const Tensor &s = (*written)["s"];
  ASSERT_EQ(s.size(), 12);
  for (int dir = 0; dir < 2; ++dir)
    for (int n = 0; n < 2; ++n) {
      double logits[4] = {}, total = 0.0;
      for (int t = 0; t < 3; ++t)
        for (int c = 0; c < 4; ++c)
          logits[c] += buffers["x"].values[(n * 3 + t) * 4 + c];
      for (double logit : logits)
        total += std::exp(logit);
      for (int t = 0; t < 3; ++t) {
        double expected = 0.0;
        for (int c = 0; c < 4; ++c) {
          double target = buffers["y"].values[n] == c ? 1.0 : 0.0;
          expected += (std::exp(logits[c]) / total - target) *
                      buffers["d"].values[((dir * 2 + n) * 3 + t) * 4 + c];
        }
        EXPECT_NEAR(s.values[(dir * 2 + n) * 3 + t],
                    buffers["w"].values[n] * expected, 1e-12);
      }
    }
  // Evaluation leaves the program as it was.
  EXPECT_TRUE(succeeded(module->verify()));
}

TEST(EvaluateModel, GivesLogitsAndAllLosses) {
  MLIRContext context;
  OwningOpRef<ModuleOp> module = parse(context, R"(
    fg.model "Tiny" {
      %x = fg.input "image" : !fg.array<[batch = 2, c = 3], f64>
      %y = fg.label "class" : !fg.array<[batch = 2], i32>
      %x1 = fg.block "block0" (%x) : (!fg.array<[batch = 2, c = 3], f64>)
              -> (!fg.array<[batch = 2, c = 3], f64>) {
      ^bb0(%a: !fg.array<[batch = 2, c = 3], f64>):
        %b = fg.parameter "block0.bias" init zero scale 0.0 decay = false
          : !fg.array<[c = 3], f64>
        %s = fg.add %a, %b : (!fg.array<[batch = 2, c = 3], f64>,
                              !fg.array<[c = 3], f64>)
               -> !fg.array<[batch = 2, c = 3], f64>
        fg.yield %s : !fg.array<[batch = 2, c = 3], f64>
      }
      fg.loss "block0" per [] (%x1) : !fg.array<[batch = 2, c = 3], f64> {
      ^bb0(%a: !fg.array<[batch = 2, c = 3], f64>):
        %l = fg.squared_error %a, %y over "c"
          : (!fg.array<[batch = 2, c = 3], f64>, !fg.array<[batch = 2], i32>)
            -> !fg.array<[batch = 2], f64>
        fg.yield %l : !fg.array<[batch = 2], f64>
      }
      fg.predict "readout" (%x1) : !fg.array<[batch = 2, c = 3], f64> {
      ^bb0(%a: !fg.array<[batch = 2, c = 3], f64>):
        %l = fg.cross_entropy %a, %y over "c"
          : (!fg.array<[batch = 2, c = 3], f64>, !fg.array<[batch = 2], i32>)
            -> !fg.array<[batch = 2], f64>
        fg.yield %a, %l : !fg.array<[batch = 2, c = 3], f64>,
                          !fg.array<[batch = 2], f64>
      }
    })");
  llvm::Expected<ModelValues> values =
      evaluateModel(*module->getOps<ModelOp>().begin(),
                    {{"image", tensor({2, 3}, {0, 0, 0, 1, 2, 3})},
                     {"class", tensor({2}, {0, 2})},
                     {"block0.bias", tensor({3}, {1, 1, 1})}});
  ASSERT_TRUE(bool(values)) << llvm::toString(values.takeError());
  EXPECT_EQ(values->logits.values, (Numbers{1, 1, 1, 2, 3, 4}));
  EXPECT_NEAR(values->losses.values[0], std::log(3.0), 1e-14);
  EXPECT_EQ(values->blockLosses["block0"].values, (Numbers{1, 11}));
}
