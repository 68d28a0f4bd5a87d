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
  for (const char *rule : {"lg-fg-a", "lg-fg-a:directions=3"}) {
    ModelCase fused(GetParam().text, rule), written(GetParam().text, rule);
    ASSERT_TRUE(fused.isValid() && written.isValid());
    EXPECT_EQ(countLosses(fused), 1);
    fused.run(addFusion);
    EXPECT_EQ(countLosses(fused), 0) << "not proved to be per sample";
    written.run(addExpansion);
    fg::Buffers expected = written.evaluate("gradient");
    fg::Buffers found = fused.evaluate("gradient");
    EXPECT_EQ(expected.size(), found.size());
    for (const auto &[name, tensor] : expected)
      expectNear(tensor, found[name], 1e-12, name);
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
