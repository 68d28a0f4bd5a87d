//===- verify_test.cpp - --verify notices what is wrong -------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Code and reference are made to differ by changing the reference: the same
// comparison fails.
//
//===----------------------------------------------------------------------===//

#include "compiler/driver/Driver.h"
#include "compiler/rules/Rule.h"
#include "tools/fgc/DrawInputs.h"
#include "tools/fgc/Verify.h"
#include "llvm/Support/FileSystem.h"
#include <gtest/gtest.h>
#include <limits>
#include <unistd.h>

using namespace foregrad;
using namespace foregrad::fgc;

namespace {

/// Compiles the smallest model and verifies it, with the reference changed.
class Verify : public testing::Test {
protected:
  Verify() {
    options.input = FOREGRAD_FGC_INPUTS "/tiny.fg";
    // CTest runs each test by itself, several at a time.
    options.output = testing::TempDir() + "foregrad-verify-test-" +
                     std::to_string(getpid()) + ".fgb";
    options.precision = "f64";
  }
  ~Verify() override { llvm::sys::fs::remove(options.output); }

  int compile(llvm::function_ref<void(mlir::ModuleOp)> change) {
    return compiler::compileModel(
        options, [&](mlir::ModuleOp program, const compiler::RuleInfo &rule) {
          change(program);
          return verifyAndPrint(program, rule, options.output,
                                /*roundsProducts=*/false);
        });
  }

  compiler::CompileOptions options;
};

/// Multiplies what the gradient entry writes for `name`.
void scaleWritten(mlir::ModuleOp program, llvm::StringRef name, double factor) {
  fg::EntryOp gradient = findEntry(program, "gradient");
  for (auto write : gradient.getBody().getOps<fg::WriteOp>()) {
    if (write.getName() != name)
      continue;
    mlir::OpBuilder builder(write);
    write.getValueMutable().assign(
        fg::ScaleOp::create(builder, write.getLoc(), write.getValue(), factor));
  }
}

} // namespace

TEST_F(Verify, AnArtifactThatIsRightStays) {
  EXPECT_EQ(compile([](mlir::ModuleOp) {}), 0);
  EXPECT_TRUE(llvm::sys::fs::exists(options.output));
}

TEST_F(Verify, AWrongGradientIsNamedAndNothingIsLeft) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(compile([](mlir::ModuleOp program) {
              scaleWritten(program, "block0.layer.weight.grad", 1.0 + 1e-6);
            }),
            1);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "fgc: error: --verify: the gradient of 'block0.layer.weight' is "
            "off by 1.0E-06 of its largest number; f64 may be off by 1E-09\n");
  EXPECT_FALSE(llvm::sys::fs::exists(options.output));
}

TEST_F(Verify, SinglePrecisionMayRound) {
  options.precision = "f32";
  EXPECT_EQ(compile([](mlir::ModuleOp program) {
              scaleWritten(program, "block0.layer.weight.grad", 1.0 + 1e-6);
            }),
            0);
  EXPECT_EQ(compile([](mlir::ModuleOp program) {
              scaleWritten(program, "block0.layer.weight.grad", 1.0 + 1e-3);
            }),
            1);
}

// Differences of rounded losses, divided by a small step.
TEST_F(Verify, FiniteStepsMayRoundMore) {
  options.rule = "lg-p-a";
  options.precision = "f32";
  EXPECT_EQ(compile([](mlir::ModuleOp) {}), 0);
  EXPECT_EQ(compile([](mlir::ModuleOp program) {
              scaleWritten(program, "block0.layer.weight.grad", 1.5);
            }),
            1);
}

TEST_F(Verify, AWrongLossIsNoticed) {
  EXPECT_EQ(compile([](mlir::ModuleOp program) {
              scaleWritten(program, "block0.loss", 1.0 + 1e-6);
            }),
            1);
}

TEST_F(Verify, WhatIsNoNumberIsInfinitelyWrong) {
  EXPECT_EQ(
      compile([&](mlir::ModuleOp program) {
        fg::EntryOp gradient = findEntry(program, "gradient");
        llvm::Expected<DrawnInputs> inputs = drawInputs(program, {});
        ASSERT_TRUE(static_cast<bool>(inputs));
        llvm::Expected<fg::Buffers> step =
            fg::evaluateEntry(gradient, inputs->buffers);
        ASSERT_TRUE(static_cast<bool>(step));
        fg::Buffers wrong = *step;
        for (const Difference &same : compareSteps(gradient, *step, wrong))
          EXPECT_EQ(same.error, 0.0) << same.name;
        wrong["loss"].values[0] = std::numeric_limits<double>::quiet_NaN();
        wrong.erase("readout.bias.grad");
        for (const Difference &other : compareSteps(gradient, *step, wrong))
          EXPECT_EQ(std::isinf(other.error),
                    other.name == "loss" || other.name == "readout.bias")
              << other.name;
      }),
      0);
}

TEST(Verification, AnArrayMayBeOffByHalfOfWhatRoundingChanges) {
  Verification verification;
  verification.tolerance = 0.02;
  CodeVerification &code = verification.codes.emplace_back();
  code.differences = {{.name = "small", .error = 0.019},
                      {.name = "deep", .error = 0.03, .rounding = 0.07},
                      {.name = "wrong", .error = 0.03, .rounding = 0.05},
                      {.name = "none",
                       .error = std::numeric_limits<double>::quiet_NaN(),
                       .rounding = 0.3}};
  std::vector<std::string> failed;
  for (auto [of, difference] : verification.failures()) {
    EXPECT_EQ(of, &code);
    failed.push_back(difference->name);
  }
  EXPECT_EQ(failed, (std::vector<std::string>{"wrong", "none"}));
}

TEST_F(Verify, AReferenceThatDoesNotFitIsNotBegun) {
  EXPECT_EQ(compile([&](mlir::ModuleOp program) {
              llvm::Expected<Verification> refused =
                  verifyArtifact(program, *compiler::findRule("lg-fg-a"),
                                 options.output, {.memory = 1000});
              ASSERT_FALSE(static_cast<bool>(refused));
              EXPECT_EQ(llvm::toString(refused.takeError()).substr(0, 44),
                        "the reference of a batch of 4 needs about 0.");
            }),
            0);
}

TEST_F(Verify, DrawsParametersThatPassGradientsOn) {
  EXPECT_EQ(
      compile([&](mlir::ModuleOp program) {
        llvm::Expected<DrawnInputs> inputs =
            drawInputs(program, {.margin = 1e-3});
        ASSERT_TRUE(static_cast<bool>(inputs));
        EXPECT_EQ(inputs->nearKinks, 0);
        for (const char *name :
             {"block0.layer.bias", "readout.weight", "image"})
          EXPECT_TRUE(llvm::any_of(inputs->buffers[name].values, [](double x) {
            return x != 0;
          })) << name;
      }),
      0);
}
