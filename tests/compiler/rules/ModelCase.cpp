//===- ModelCase.cpp - Small models for tests of rules and optimizers -----===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "tests/compiler/rules/ModelCase.h"
#include "frontends/fg/Frontend.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include <cmath>
#include <gtest/gtest.h>
#include <random>

using namespace mlir;

namespace foregrad::compiler::test {

constexpr int64_t kBatch = 3;

ModelCase::ModelCase(llvm::StringRef text, llvm::StringRef rule,
                     bool externalPerturbation) {
  compile(text, rule, externalPerturbation);
  if (isValid())
    fillBuffers();
}

void ModelCase::compile(llvm::StringRef text, llvm::StringRef rule,
                        bool externalPerturbation) {
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(
      llvm::MemoryBuffer::getMemBufferCopy(text, "model.fg"), llvm::SMLoc());
  lang::Options options;
  options.fileName = "model.fg";
  options.batch = kBatch;
  options.precision = lang::ElementType::F64;
  std::optional<lang::Result> model =
      lang::compileSource(context, sources, options);
  ASSERT_TRUE(model) << text.str();
  llvm::Expected<RuleChoice> choice = parseRule(rule);
  ASSERT_TRUE(static_cast<bool>(choice)) << rule.str();
  choice->options.externalPerturbation = externalPerturbation;
  PassManager manager(&context);
  manager.addPass(createRulePass(*choice->info, choice->options));
  ASSERT_TRUE(succeeded(manager.run(*model->module)));
  module = std::move(model->module);
}

void ModelCase::fillBuffers() {
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  auto draw = [&](fg::ArrayType type, double scale) {
    fg::Tensor tensor(type.getShape());
    for (double &value : tensor.values)
      value = scale * normal(random);
    return tensor;
  };
  module->walk([&](Operation *op) {
    if (auto input = dyn_cast<fg::InputOp>(op)) {
      buffers[input.getName().str()] =
          draw(fg::arrayType(input.getResult()), 1.0);
    } else if (auto parameter = dyn_cast<fg::ParameterOp>(op)) {
      buffers[parameter.getPath().str()] =
          draw(fg::arrayType(parameter.getResult()), 0.5);
    } else if (auto feedback = dyn_cast<fg::FeedbackOp>(op)) {
      buffers[feedback.getPath().str()] =
          draw(cast<fg::ArrayType>(feedback.getArray()), 0.5);
    } else if (auto label = dyn_cast<fg::LabelOp>(op)) {
      fg::Tensor tensor(fg::arrayType(label.getResult()).getShape());
      for (int64_t i = 0; i < tensor.size(); ++i)
        tensor.values[i] = static_cast<double>(i % 3);
      buffers[label.getName().str()] = tensor;
    }
  });
  fg::Tensor number((llvm::ArrayRef<int64_t>()));
  number.integer = 7;
  buffers["seed"] = number;
  number.integer = 11;
  buffers["step"] = number;
}

void ModelCase::run(llvm::function_ref<void(PassManager &)> addPasses) {
  PassManager manager(&context);
  addPasses(manager);
  ASSERT_TRUE(succeeded(manager.run(*module)));
}

fg::EntryOp ModelCase::entry(llvm::StringRef name) {
  for (auto op : module->getOps<fg::EntryOp>())
    if (op.getName() == name)
      return op;
  return {};
}

fg::Buffers ModelCase::evaluate(llvm::StringRef name) {
  fg::EntryOp op = entry(name);
  if (!op) {
    ADD_FAILURE() << "no entry " << name.str();
    return {};
  }
  llvm::Expected<fg::Buffers> written = fg::evaluateEntry(op, buffers);
  if (written)
    return *written;
  ADD_FAILURE() << llvm::toString(written.takeError());
  return {};
}

std::vector<std::string> ModelCase::parameters() {
  std::vector<std::string> names;
  for (auto model : module->getOps<fg::ModelOp>())
    for (fg::ParameterOp parameter : collectParameters(model))
      names.push_back(parameter.getPath().str());
  return names;
}

void expectNear(const fg::Tensor &expected, const fg::Tensor &found,
                double tolerance, const std::string &what) {
  ASSERT_EQ(expected.size(), found.size()) << what;
  // Numbers of these models are of size 1; far below, they are zero but for
  // rounding.
  double scale = 0.1;
  for (double value : expected.values)
    scale = std::max(scale, std::abs(value));
  for (int64_t i = 0; i < expected.size(); ++i)
    ASSERT_NEAR(expected.values[i], found.values[i], tolerance * scale)
        << what << ", element " << i;
}

fg::Tensor differences(ModelCase &model, llvm::StringRef entry,
                       const std::string &output, const std::string &buffer) {
  constexpr double step = 1e-5;
  fg::Tensor result(model.buffers[buffer].shape);
  for (int64_t i = 0; i < result.size(); ++i) {
    double &value = model.buffers[buffer].values[i];
    double old = value;
    auto at = [&](double steps) {
      value = old + steps * step;
      return model.evaluate(entry)[output].values.at(0);
    };
    // Of fourth order: a norm over few elements is sharply curved.
    double near = at(1) - at(-1), far = at(2) - at(-2);
    value = old;
    result.values[i] = (8 * near - far) / (12 * step);
  }
  return result;
}

} // namespace foregrad::compiler::test
