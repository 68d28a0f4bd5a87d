//===- trajectories_test.cpp - Optimizers against PyTorch and optax -------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Ten steps of compiled code from a given start, at a rate that changes, beside
// what PyTorch's and optax's optimizers make of the same model
// (trajectories.json, written by make_trajectories.py). Hyperparameters that a
// case does not name are those of a recipe that says nothing, so that the
// defaults are compared too.
//
//===----------------------------------------------------------------------===//

#include "compiler/driver/Driver.h"
#include "dialects/fg/Optimizers.h"
#include "runtime/device/Program.h"
#include "runtime/support/DType.h"

#include <cmath>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <set>
#include <unistd.h>

using namespace foregrad;
using Json = nlohmann::json;

namespace {

const Json &golden() {
  static const Json json = [] {
    std::ifstream file(FOREGRAD_OPTIMIZER_TESTS "/trajectories.json");
    return Json::parse(file);
  }();
  return json;
}

/// The numbers of a nested list, row by row.
std::vector<double> flatten(const Json &list) {
  std::vector<double> values;
  for (const Json &item : list) {
    if (item.is_number()) {
      values.push_back(item.get<double>());
      continue;
    }
    std::vector<double> inner = flatten(item);
    values.insert(values.end(), inner.begin(), inner.end());
  }
  return values;
}

/// Compiles Inputs/small.fg for a case and returns the artifact.
runtime::Artifact compile(const Json &example, const std::string &precision) {
  compiler::CompileOptions options;
  options.input = FOREGRAD_OPTIMIZER_TESTS "/Inputs/small.fg";
  options.output = testing::TempDir() + "foregrad-trajectory-" +
                   std::to_string(getpid()) + ".fgb";
  options.precision = precision;
  // The numbers before the optimizer that has them: the order does not matter.
  for (const auto &[name, value] : example.at("hypers").items())
    options.recipe.emplace_back(name, value.dump());
  options.recipe.emplace_back("optimizer",
                              example.at("optimizer").get<std::string>());
  options.recipe.emplace_back("last_layer_rate",
                              golden().at("last_layer_rate").dump());
  EXPECT_EQ(compiler::compileModel(options), 0);
  runtime::Artifact artifact = runtime::Artifact::load(options.output);
  unlink(options.output.c_str());
  return artifact;
}

class Trainer {
public:
  Trainer(const Json &example, const std::string &precision)
      : artifact(compile(example, precision)),
        program(artifact, {"step"}, /*threads=*/1) {
    for (const runtime::HyperInfo &hyper : artifact.hypers)
      program.setHyper(hyper.name, hyper.value);
    write("image", golden().at("image"));
    std::vector<int32_t> labels = golden().at("labels");
    std::copy(labels.begin(), labels.end(),
              static_cast<int32_t *>(
                  program.data(*artifact.findRole(runtime::Role::Label))));
    write("readout.weight", example.at("weight"));
    write("readout.bias", example.at("bias"));
  }

  void step(uint64_t number, double rate) {
    program.setStep(number);
    program.setHyper("rate", rate);
    program.run("step");
  }

  void expectNear(const std::string &name, const Json &expected,
                  double tolerance) {
    const runtime::TensorInfo &tensor = *artifact.findTensor(name);
    std::vector<double> values = flatten(expected);
    ASSERT_EQ(values.size(), tensor.elements);
    for (size_t i = 0; i < values.size(); ++i)
      EXPECT_NEAR(runtime::loadElement(tensor.dtype, program.data(tensor), i),
                  values[i], tolerance * std::max(1.0, std::abs(values[i])))
          << name << ", element " << i;
  }

private:
  void write(const std::string &name, const Json &content) {
    const runtime::TensorInfo &tensor = *artifact.findTensor(name);
    std::vector<double> values = flatten(content);
    ASSERT_EQ(values.size(), tensor.elements);
    runtime::convertElements(runtime::DType::F64, values.data(), tensor.dtype,
                             program.data(tensor), values.size());
  }

  runtime::Artifact artifact;
  runtime::Program program;
};

void follow(const std::string &precision, double tolerance) {
  for (const Json &example : golden().at("cases")) {
    SCOPED_TRACE(example.at("optimizer").dump() + " " +
                 example.at("hypers").dump());
    Trainer trainer(example, precision);
    const Json &steps = example.at("steps");
    ASSERT_EQ(steps.size(), 10u);
    for (size_t i = 0; i < steps.size(); ++i) {
      SCOPED_TRACE("step " + std::to_string(i));
      trainer.step(i, example.at("rates").at(i));
      trainer.expectNear("readout.weight", steps[i].at("weight"), tolerance);
      trainer.expectNear("readout.bias", steps[i].at("bias"), tolerance);
      if (testing::Test::HasFailure())
        return;
    }
  }
}

} // namespace

TEST(Trajectories, AreThoseOfPyTorchAndOptaxInF64) { follow("f64", 1e-12); }

TEST(Trajectories, AreThoseOfPyTorchAndOptaxInF32) { follow("f32", 1e-5); }

TEST(Trajectories, CoverEveryOptimizer) {
  std::set<std::string> covered, known;
  for (const Json &example : golden().at("cases"))
    covered.insert(example.at("optimizer").get<std::string>());
  for (const fg::OptimizerOptions *optimizer : fg::kOptimizers)
    known.insert(optimizer->name.str());
  EXPECT_EQ(covered, known);
}
