//===- reference_test.cpp - Rules against what they must compute ----------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// The gradient entry of small models, evaluated in f64: bp against finite
// differences, lg-fg-a against the exact gradient of its own loss, and fusion
// against the definition.
//
//===----------------------------------------------------------------------===//

#include "compiler/fusion/Fusion.h"
#include "mlir/Transforms/Passes.h"
#include "tests/compiler/rules/ModelCase.h"
#include "tests/compiler/rules/Models.h"
#include <gtest/gtest.h>

using namespace foregrad;
using namespace foregrad::compiler;
using namespace foregrad::compiler::test;

namespace {

class Rules : public testing::TestWithParam<NamedModel> {};

std::string nameOf(const testing::TestParamInfo<NamedModel> &info) {
  return info.param.name;
}

bool startsWith(const std::string &text, const char *prefix) {
  return llvm::StringRef(text).starts_with(prefix);
}

void addFusion(mlir::PassManager &manager) {
  manager.addPass(createFuseReplicatedLossesPass());
  manager.addPass(createDropZerosPass());
  manager.addPass(mlir::createCSEPass());
}

void addExpansion(mlir::PassManager &manager) {
  manager.addPass(createExpandReplicatedLossesPass());
}

void expectSame(const fg::Buffers &expected, fg::Buffers found,
                double tolerance, const std::string &what) {
  EXPECT_EQ(expected.size(), found.size()) << what;
  for (const auto &[name, tensor] : expected)
    expectNear(tensor, found[name], tolerance, what + " " + name);
}

int countLosses(ModelCase &model) {
  int count = 0;
  model.entry("gradient").walk([&](fg::ReplicatedTangentOp) { ++count; });
  return count;
}

} // namespace

TEST_P(Rules, BpIsTheGradientOfTheReadoutLoss) {
  ModelCase model(GetParam().text, "bp");
  ASSERT_TRUE(model.isValid());
  fg::Buffers gradients = model.evaluate("gradient");
  for (const std::string &name : model.parameters())
    expectNear(differences(model, "gradient", "loss", name),
               gradients[name + ".grad"], 1e-7, name);
}

TEST_P(Rules, FusionChangesNoNumber) {
  for (const RuleInfo &rule : allRules())
    for (const char *options :
         {"", ":directions=3", ":directions=3,perturbation=orthogonal"}) {
      if (*options && !rule.perturbs)
        continue;
      std::string name = (rule.name + options).str();
      ModelCase fused(GetParam().text, name), written(GetParam().text, name);
      ASSERT_TRUE(fused.isValid() && written.isValid()) << name;
      fused.run(addFusion);
      EXPECT_EQ(countLosses(fused), 0) << name << " is not proved per sample";
      written.run(addExpansion);
      expectSame(written.evaluate("gradient"), fused.evaluate("gradient"),
                 1e-12, name);
    }
}

TEST_P(Rules, CheckpointingChangesNoNumber) {
  ModelCase kept(GetParam().text, "bp"),
      again(GetParam().text, "bp-checkpoint");
  ASSERT_TRUE(kept.isValid() && again.isValid());
  expectSame(kept.evaluate("gradient"), again.evaluate("gradient"), 1e-14,
             "bp-checkpoint");
}

TEST_P(Rules, FeedbackOfTheWeightsIsBackpropagation) {
  for (const char *path : {"", "l-", "lg-"}) {
    std::string rule = path + std::string("fa");
    ModelCase exact(GetParam().text, path + std::string("bp"));
    ModelCase aligned(GetParam().text, rule);
    ASSERT_TRUE(exact.isValid() && aligned.isValid());
    fg::Buffers expected = exact.evaluate("gradient");
    bool differs = false;
    for (const auto &[name, tensor] : aligned.evaluate("gradient"))
      differs |= tensor.values != expected[name].values;
    // Only a weight behind another one sends an error on.
    bool hasFeedback = false;
    for (auto &[name, tensor] : aligned.buffers) {
      size_t at = name.find(".feedback.");
      if (at == std::string::npos)
        continue;
      hasFeedback = true;
      std::string weight = name;
      tensor = aligned.buffers.at(weight.replace(at, 10, "."));
    }
    EXPECT_EQ(differs, hasFeedback) << rule;
    expectSame(expected, aligned.evaluate("gradient"), 1e-12, rule);
  }
}

TEST_P(Rules, AsManyOrthogonalDirectionsAsUnitsAreExact) {
  for (const char *rule : {"lg-fg-a", "fg-a", "fg-w"}) {
    auto withDirections = [&](int64_t directions) {
      return rule + (":perturbation=orthogonal,directions=" +
                     std::to_string(directions));
    };
    // A frame is as large as the units of one copy are many.
    ModelCase few(GetParam().text, withDirections(2));
    ASSERT_TRUE(few.isValid());
    int64_t units = 0;
    few.entry("gradient").walk([&](fg::OrthogonalRowsOp op) {
      units = std::max(units, static_cast<int64_t>(op.getFrame()));
    });
    ModelCase exact(GetParam().text, findRule(rule)->estimates);
    fg::Buffers expected = exact.evaluate("gradient");
    // The heads of `bp` learn nothing, others' do.
    for (auto it = expected.begin(); it != expected.end();)
      it = it->first.find("head.") != std::string::npos ||
                   it->first.find("hidden.") != std::string::npos
               ? expected.erase(it)
               : std::next(it);
    for (int64_t directions : {units, 2 * units}) {
      ModelCase all(GetParam().text, withDirections(directions));
      ASSERT_TRUE(all.isValid());
      all.run(addFusion);
      fg::Buffers found = all.evaluate("gradient");
      for (const auto &[name, tensor] : expected)
        expectNear(tensor, found[name], 1e-12,
                   withDirections(directions) + " " + name);
    }
    ModelCase one(GetParam().text, withDirections(units - 1));
    double largest = 0.0;
    fg::Buffers found = one.evaluate("gradient");
    for (const auto &[name, tensor] : expected)
      for (int64_t i = 0; i < tensor.size(); ++i)
        largest = std::max(largest,
                           std::abs(tensor.values[i] - found[name].values[i]));
    EXPECT_GT(largest, 1e-6) << rule << ": exact too early";
  }
}

// The estimate is a sum over units, u_i (J u)_i. With u one unit's direction
// after another, the sum of all estimates is the exact gradient: no chance is
// left.
TEST_P(Rules, AllUnitsOneByOneGiveTheExactLocalGradient) {
  ModelCase model(GetParam().text, "lg-fg-a", /*externalPerturbation=*/true);
  ASSERT_TRUE(model.isValid());
  model.run(addFusion);
  std::vector<std::string> sites;
  model.entry("gradient").walk([&](fg::ReadOp read) {
    if (read.getRole() != fg::Role::Perturbation)
      return;
    sites.push_back(read.getName().str());
    model.buffers[sites.back()] =
        fg::Tensor(fg::arrayType(read.getResult()).getShape());
  });
  fg::Buffers sums;
  for (const std::string &site : sites)
    for (size_t i = 0; i < model.buffers[site].values.size(); ++i) {
      model.buffers[site].values[i] = 1.0;
      for (auto &[name, tensor] : model.evaluate("gradient")) {
        fg::Tensor &sum = sums.try_emplace(name, tensor.shape).first->second;
        for (int64_t k = 0; k < tensor.size(); ++k)
          sum.values[k] += tensor.values[k];
      }
      model.buffers[site].values[i] = 0.0;
    }
  std::string block =
      startsWith(model.parameters().front(), "deep.") ? "deep" : "block0";
  for (const std::string &name : model.parameters()) {
    bool isBlocks = startsWith(name, (block + ".").c_str()) &&
                    name.find(".head.") == std::string::npos &&
                    name.find(".hidden.") == std::string::npos;
    if (isBlocks)
      expectNear(differences(model, "gradient", block + ".loss", name),
                 sums[name + ".grad"], 1e-7, name);
  }
}

TEST_P(Rules, HeadsAndReadoutLearnExactly) {
  ModelCase model(GetParam().text, "lg-fg-a");
  ASSERT_TRUE(model.isValid());
  model.run(addFusion);
  fg::Buffers gradients = model.evaluate("gradient");
  for (const std::string &name : model.parameters()) {
    if (startsWith(name, "readout."))
      expectNear(differences(model, "gradient", "loss", name),
                 gradients[name + ".grad"], 1e-7, name);
    else if (name.find(".head.") != std::string::npos ||
             name.find(".hidden.") != std::string::npos)
      expectNear(differences(model, "gradient",
                             name.substr(0, name.find('.')) + ".loss", name),
                 gradients[name + ".grad"], 1e-7, name);
  }
}

INSTANTIATE_TEST_SUITE_P(Models, Rules, testing::ValuesIn(kModels), nameOf);
