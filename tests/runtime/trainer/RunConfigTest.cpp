//===- RunConfigTest.cpp - Settings of a run ------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/trainer/RunConfig.h"

#include "tests/runtime/support/Fixtures.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace foregrad::runtime {
namespace {

using namespace tests;
using testing::AllOf;
using testing::HasSubstr;

class RunConfigTest : public testing::Test {
protected:
  RunConfig resolve(const RunOptions &options,
                    const RunConfig *recorded = nullptr) {
    return resolveConfig(artifact, options, recorded);
  }

  std::string errorWith(const std::string &setting) {
    RunOptions options;
    options.data = "mnist";
    options.settings = {setting};
    try {
      resolve(options);
    } catch (const Error &error) {
      EXPECT_EQ(error.getFault(), Fault::Usage);
      return error.what();
    }
    return "";
  }

  Artifact artifact = parseModel();
};

TEST_F(RunConfigTest, StartsFromTheRecipe) {
  RunOptions options;
  options.data = "mnist";
  RunConfig config = resolve(options);
  EXPECT_EQ(config.epochs, 3u);
  EXPECT_EQ(config.schedule.name(), "linear");
  EXPECT_EQ(config.seed, 0u);
  EXPECT_EQ(config.hypers.at("rate"), 0.5);
}

TEST_F(RunConfigTest, TakesTheCommandLineFirst) {
  RunOptions options;
  options.data = "mnist:x";
  options.epochs = 7;
  options.rate = 0.125;
  options.seed = 9;
  options.settings = {"momentum=0.5", "schedule=constant", "rate=3"};
  RunConfig config = resolve(options);
  EXPECT_EQ(config.epochs, 7u);
  EXPECT_EQ(config.seed, 9u);
  EXPECT_EQ(config.hypers.at("rate"), 0.125);
  EXPECT_EQ(config.hypers.at("momentum"), 0.5);
  EXPECT_EQ(config.schedule.name(), "constant");
  EXPECT_EQ(config.data, "mnist:x");
}

TEST_F(RunConfigTest, NamesMistakes) {
  EXPECT_THAT(errorWith("speed=1"),
              AllOf(HasSubstr("unknown setting 'speed'"),
                    HasSubstr("data, epochs, flip, crop, seed, schedule, "
                              "decay_epochs, decay_factor, warmup_epochs, "
                              "momentum, rate")));
  EXPECT_THAT(errorWith("optimizer=adam"),
              HasSubstr("fixed when the model was compiled"));
  EXPECT_THAT(errorWith("momentum=high"), HasSubstr("momentum=high: expected"));
  EXPECT_THAT(errorWith("momentum=0.9x"), HasSubstr("expected a number"));
  EXPECT_THAT(errorWith("momentum=nan"), HasSubstr("finite"));
  EXPECT_THAT(errorWith("momentum=2.5"),
              HasSubstr("momentum=2.5: expected a number from 0 to 2"));
  EXPECT_THAT(errorWith("momentum=-0.5"), HasSubstr("from 0 to 2"));
  EXPECT_THAT(errorWith("epochs=-1"), HasSubstr("whole number"));
  EXPECT_THAT(errorWith("epochs=0"), HasSubstr("1 or more"));
  EXPECT_THAT(errorWith("epochs=99999999999999999999"),
              HasSubstr("whole number"));
  EXPECT_THAT(errorWith("schedule=steep"),
              AllOf(HasSubstr("'steep'"), HasSubstr("constant, linear")));
  EXPECT_THAT(errorWith("schedule=staircase"),
              HasSubstr("needs the epochs after which the rate falls"));
  EXPECT_THAT(errorWith("warmup_epochs=1"),
              AllOf(HasSubstr("--set warmup_epochs"), HasSubstr("linear")));
  EXPECT_THAT(errorWith("flip=yes"), HasSubstr("expected on or off"));
  EXPECT_THAT(errorWith("crop=-1"), HasSubstr("whole number"));
  EXPECT_THAT(errorWith("momentum"), HasSubstr("KEY=VALUE"));
  EXPECT_THAT(errorWith("=1"), HasSubstr("KEY=VALUE"));
  EXPECT_THAT(errorOf([&] { resolve({}); }), HasSubstr("give --data"));
}

TEST_F(RunConfigTest, KeepsTheRecordedSettingsOnResume) {
  RunOptions first;
  first.data = "mnist:x";
  first.epochs = 7;
  first.settings = {"momentum=0.5"};
  RunConfig recorded = resolve(first);
  RunConfig again = resolve({}, &recorded);
  EXPECT_EQ(toJson(again), toJson(recorded));

  RunOptions moved;
  moved.data = "mnist:y";
  moved.epochs = 7;
  EXPECT_EQ(resolve(moved, &recorded).data, "mnist:y");

  RunOptions changed;
  changed.epochs = 8;
  EXPECT_THAT(errorOf([&] { resolve(changed, &recorded); }),
              HasSubstr("began with epochs = 7, now it is 8"));
  changed = {};
  changed.settings = {"schedule=warmup_cosine", "warmup_epochs=1"};
  EXPECT_THAT(errorOf([&] { resolve(changed, &recorded); }),
              HasSubstr("began with schedule = linear, now it is "
                        "warmup_cosine, warmup_epochs 1"));
  changed = {};
  changed.rate = 0.1;
  EXPECT_THAT(errorOf([&] { resolve(changed, &recorded); }),
              HasSubstr("began with rate = 0.5, now it is 0.1"));
}

TEST_F(RunConfigTest, SurvivesJson) {
  RunOptions options;
  options.data = "mnist:\"x\"";
  options.rate = 0.1 + 0.2;
  options.seed = UINT64_MAX;
  options.settings = {"flip=on", "crop=4", "schedule=staircase",
                      "decay_epochs=0.1,2,1000", "decay_factor=0.3"};
  RunConfig config = resolve(options);
  std::string text = toJson(config).dump();
  RunConfig read = configFromJson(nlohmann::ordered_json::parse(text));
  EXPECT_EQ(read.hypers, config.hypers);
  EXPECT_EQ(read.seed, UINT64_MAX);
  EXPECT_EQ(read.data, config.data);
  EXPECT_EQ(read.augmentation, (Augmentation{true, 4}));
  EXPECT_EQ(read.schedule.text(), "staircase, decay_epochs 0.1,2,1000, "
                                  "decay_factor 0.3");
}

/// A run that began before runs had these settings goes on without them.
TEST_F(RunConfigTest, ReadsWhatOlderVersionsWrote) {
  RunConfig read = configFromJson(nlohmann::ordered_json::parse(
      R"({"data": "mnist", "epochs": 3, "seed": 0, "schedule": "linear",
          "hypers": {"rate": 0.5}})"));
  EXPECT_EQ(read.augmentation, Augmentation());
  EXPECT_EQ(read.schedule.text(), "linear");
}

} // namespace
} // namespace foregrad::runtime
