//===- ScheduleTest.cpp - How the rate changes over a run -----------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/trainer/Schedule.h"

#include "tests/runtime/model/TestModel.h"

#include <fstream>
#include <set>
#include <sstream>

#include <gmock/gmock.h>

namespace foregrad::runtime {
namespace {

using namespace tests;
using testing::AllOf;
using testing::HasSubstr;

ScheduleConfig
make(std::initializer_list<std::pair<const char *, const char *>> settings) {
  ScheduleConfig config;
  for (auto [key, value] : settings)
    EXPECT_TRUE(config.set(key, value)) << key;
  return config;
}

std::string errorWith(const char *key, const char *value) {
  ScheduleConfig config;
  return errorOf([&] { config.set(key, value); });
}

/// schedules.txt says where its numbers come from. A line holds KEY=VALUE...,
/// the next one the factors of all steps.
TEST(Schedule, FollowsTheGoldenTrajectories) {
  std::ifstream file(FOREGRAD_SCHEDULES);
  std::set<std::string> met;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.starts_with('#'))
      continue;
    ScheduleConfig config;
    uint64_t epochs = 0, stepsPerEpoch = 0;
    std::istringstream words(line);
    for (std::string word; words >> word;) {
      std::string key = word.substr(0, word.find('='));
      std::string value = word.substr(word.find('=') + 1);
      if (key == "epochs")
        epochs = std::stoull(value);
      else if (key == "steps_per_epoch")
        stepsPerEpoch = std::stoull(value);
      else
        EXPECT_TRUE(config.set(key, value)) << word;
    }
    config.check(epochs);
    met.insert(config.name());
    std::string numbers;
    std::getline(file, numbers);
    std::istringstream expected(numbers);
    uint64_t step = 0;
    for (double factor; expected >> factor; ++step)
      EXPECT_NEAR(config.factor(step, epochs, stepsPerEpoch), factor, 1e-12)
          << line << ": step " << step;
    EXPECT_EQ(step, epochs * stepsPerEpoch) << line;
  }
  EXPECT_EQ(met, (std::set<std::string>{"constant", "linear", "staircase",
                                        "warmup_cosine"}));
}

/// Bit for bit: published runs rely on it.
TEST(Schedule, IsLinearToZeroAfterTheLastStep) {
  ScheduleConfig linear = make({{"schedule", "linear"}});
  EXPECT_EQ(linear.factor(0, 2, 2), 1.0);
  EXPECT_EQ(linear.factor(1, 2, 2), 0.75);
  EXPECT_EQ(linear.factor(3, 2, 2), 0.25);
  EXPECT_EQ(ScheduleConfig().factor(3, 2, 2), 1.0);
}

TEST(Schedule, TakesNumbersInAnyOrder) {
  ScheduleConfig config = make({{"decay_factor", "0.5"},
                                {"warmup_epochs", "3"},
                                {"decay_epochs", "1,2.5"},
                                {"schedule", "staircase"}});
  EXPECT_EQ(config.text(), "staircase, decay_epochs 1,2.5, decay_factor 0.5");
  EXPECT_TRUE(config.reads("decay_factor"));
  EXPECT_FALSE(config.reads("warmup_epochs"));
  EXPECT_FALSE(config.set("speed", "1"));
}

TEST(Schedule, NamesMistakes) {
  EXPECT_THAT(errorWith("schedule", "steep"),
              AllOf(HasSubstr("'steep'"),
                    HasSubstr("constant, linear, staircase, warmup_cosine")));
  for (const char *value : {"", "much", "2", "-0.1", "nan", "0.1,0.2", "0.1x"})
    EXPECT_THAT(errorWith("decay_factor", value),
                HasSubstr("expected a number of 0 to 1"))
        << value;
  for (const char *value : {"x", "1,", ",1", "1,,2", "1;2", "-1,2", "nan", ","})
    EXPECT_THAT(errorWith("decay_epochs", value),
                HasSubstr("expected numbers, as 30,60"))
        << value;
  for (const char *value : {"2,1", "1,1"})
    EXPECT_THAT(errorWith("decay_epochs", value),
                HasSubstr("greater than the one before"))
        << value;
  EXPECT_THAT(errorOf([] { make({{"schedule", "staircase"}}).check(10); }),
              HasSubstr("needs the epochs"));
  ScheduleConfig warm =
      make({{"schedule", "warmup_cosine"}, {"warmup_epochs", "5"}});
  warm.check(6);
  EXPECT_THAT(errorOf([&] { warm.check(5); }),
              HasSubstr("warmup_epochs=5: expected less than all 5 epochs"));
}

} // namespace
} // namespace foregrad::runtime
