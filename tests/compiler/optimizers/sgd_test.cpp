//===- sgd_test.cpp - Steps of SGD against the formula --------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// The entry `step` over several steps, beside the textbook update (that of
// torch.optim.SGD without dampening) written with plain numbers from the
// gradients of the entry `gradient`.
//
//===----------------------------------------------------------------------===//

#include "compiler/optimizers/Optimizer.h"
#include "tests/compiler/rules/ModelCase.h"
#include "tests/compiler/rules/Models.h"
#include <gtest/gtest.h>

using namespace foregrad;
using namespace foregrad::compiler;
using namespace foregrad::compiler::test;

namespace {

struct Hypers {
  double rate = 0.1, momentum = 0.9, decay = 0.01, head = 0.5, last = 0.1;
};

void setHypers(ModelCase &model, const Hypers &hypers) {
  auto set = [&](const char *name, double value) {
    fg::Tensor number((llvm::ArrayRef<int64_t>()));
    number.values = {value};
    model.buffers[name] = number;
  };
  set("rate", hypers.rate);
  set("momentum", hypers.momentum);
  set("weight_decay", hypers.decay);
  set("head_rate", hypers.head);
  set("last_layer_rate", hypers.last);
}

void addStep(mlir::PassManager &manager) {
  manager.addPass(createWriteStepPass("sgd"));
}

bool contains(const std::string &text, const char *part) {
  return text.find(part) != std::string::npos;
}

/// The update of one parameter: v <- m v + (g + d w), w <- w - r v.
void update(fg::Tensor &weight, fg::Tensor &velocity,
            const fg::Tensor &gradient, const Hypers &hypers, double rate,
            bool decays) {
  for (int64_t i = 0; i < weight.size(); ++i) {
    double g =
        gradient.values[i] + (decays ? hypers.decay * weight.values[i] : 0);
    velocity.values[i] = hypers.momentum * velocity.values[i] + g;
    weight.values[i] -= rate * velocity.values[i];
  }
}

} // namespace

TEST(Sgd, FollowsTheFormulaOverSteps) {
  ModelCase model(kMixer.text, "lg-fg-a");
  ASSERT_TRUE(model.isValid());
  model.run(addStep);
  Hypers hypers;
  fg::Buffers weights, velocities;
  for (const std::string &name : model.parameters()) {
    weights[name] = model.buffers[name];
    velocities[name] = fg::Tensor(model.buffers[name].shape);
    model.buffers[name + ".momentum"] = velocities[name];
  }
  for (uint64_t step = 0; step < 4; ++step) {
    hypers.rate = 0.1 / static_cast<double>(step + 1); // a schedule
    setHypers(model, hypers);
    model.buffers["step"].integer = step;
    fg::Buffers gradients = model.evaluate("gradient");
    fg::Buffers written = model.evaluate("step");
    EXPECT_EQ(written["loss"].values, gradients["loss"].values);
    EXPECT_EQ(written["logits"].values, gradients["logits"].values);
    EXPECT_FALSE(written.count("block0.loss"));
    for (const std::string &name : model.parameters()) {
      double group = contains(name, ".head.")    ? hypers.head
                     : contains(name, "readout") ? hypers.last
                                                 : 1.0;
      update(weights[name], velocities[name], gradients[name + ".grad"], hypers,
             hypers.rate * group, contains(name, ".weight"));
      expectNear(weights[name], written[name], 1e-14, name);
      expectNear(velocities[name], written[name + ".momentum"], 1e-14, name);
      model.buffers[name] = written[name];
      model.buffers[name + ".momentum"] = written[name + ".momentum"];
    }
  }
}

TEST(Sgd, LeavesAloneWhatTakesNoPart) {
  ModelCase model(kMixer.text, "bp");
  ASSERT_TRUE(model.isValid());
  model.run(addStep);
  setHypers(model, {});
  for (const std::string &name : model.parameters())
    model.buffers[name + ".momentum"] = fg::Tensor(model.buffers[name].shape);
  fg::Buffers written = model.evaluate("step");
  for (const std::string &name : model.parameters())
    EXPECT_EQ(written.count(name) == 1, !contains(name, ".head.")) << name;
}
