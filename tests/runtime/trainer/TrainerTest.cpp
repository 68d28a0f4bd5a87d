//===- TrainerTest.cpp - Training, stopping and going on ------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/trainer/Trainer.h"

#include "runtime/device/Program.h"
#include "runtime/io/Safetensors.h"
#include "runtime/trainer/RunFolder.h"
#include "tests/runtime/support/Fixtures.h"

#include <cmath>
#include <cstring>
#include <filesystem>
#include <sstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace foregrad::runtime {
namespace {

using namespace tests;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class TrainerTest : public testing::Test {
protected:
  TrainerTest() { writeDataset(folder / "data", 330, 50); }

  TrainRequest request(const std::string &run) {
    TrainRequest result;
    result.folder = folder / run;
    result.options.data = "mnist:" + folder / "data";
    result.options.seed = 4;
    result.quiet = true;
    result.threads = 2;
    return result;
  }

  TrainRequest resume(const std::string &run) {
    TrainRequest result = request(run);
    result.resume = true;
    result.options = {};
    return result;
  }

  std::string trainError(const TrainRequest &what) {
    return errorOf([&] { train(artifact, what); });
  }

  /// The lines of metrics.jsonl without the times, which differ.
  std::string metrics(const std::string &run) {
    std::istringstream lines(readBytes(folder / run + "/metrics.jsonl"));
    std::string result;
    for (std::string line; std::getline(lines, line);) {
      auto json = nlohmann::ordered_json::parse(line);
      json.erase("step_ms");
      result += json.dump() + "\n";
    }
    return result;
  }

  std::string parameters(const std::string &run) {
    return readBytes(folder / run + "/last.safetensors");
  }

  /// Of the checkpoint: parameters, optimizer state and feedback.
  std::string tensors(const std::string &run) {
    for (const auto &file :
         std::filesystem::directory_iterator(folder / run + "/checkpoint"))
      if (file.path().extension() == ".safetensors")
        return readBytes(file.path().string());
    return "";
  }

  TemporaryFolder folder;
  Artifact artifact = parseModel();
};

TEST_F(TrainerTest, LearnsAndWritesItsFolder) {
  TrainState state = train(artifact, request("run"));
  EXPECT_EQ(state.epoch, 3u);
  EXPECT_EQ(state.stepsPerEpoch, 330u / 16);
  ASSERT_EQ(state.rows.size(), 3u);
  EXPECT_LT(state.rows[2].testError, 20.0);
  EXPECT_LT(state.rows[2].trainLoss, state.rows[0].trainLoss);
  // 50 test samples, 14 of the last batch's 16 places empty.
  for (const EpochMetrics &row : state.rows)
    EXPECT_EQ(row.testError, 2 * std::round(row.testError / 2));
  // linear: the last step of epoch e of 3 is step 20 e - 1 of 60.
  EXPECT_DOUBLE_EQ(state.rows[0].rate, 0.5 * (1 - 19 / 60.0));
  EXPECT_DOUBLE_EQ(state.rows[2].rate, 0.5 * (1 - 59 / 60.0));

  std::istringstream lines(readBytes(folder / "run/metrics.jsonl"));
  std::string line;
  std::getline(lines, line);
  auto json = nlohmann::json::parse(line);
  for (const char *key :
       {"epoch", "train_loss", "train_error", "test_error", "step_ms", "rate"})
    EXPECT_TRUE(json.contains(key)) << key;

  SafetensorsFile last = SafetensorsFile::load(folder / "run/last.safetensors");
  ASSERT_EQ(last.tensors().size(), 3u);
  // Feedback stays as the seed drew it.
  Program drawn(artifact, {"init"}, 1);
  drawn.setSeed(state.config.seed);
  drawn.run("init");
  const TensorInfo &feedback = *artifact.findTensor("linear.feedback.weight");
  std::vector<float> kept(feedback.elements);
  last.readInto(*last.find(feedback.name), DType::F32, kept.data());
  EXPECT_EQ(std::memcmp(kept.data(), drawn.data(feedback), feedback.bytes), 0);
  auto config = nlohmann::json::parse(readBytes(folder / "run/config.json"));
  EXPECT_EQ(config.at("epochs"), 3);
  EXPECT_EQ(config.at("hypers").at("momentum"), 0.9);
  std::string report = readBytes(folder / "run/report.html");
  EXPECT_THAT(report, AllOf(HasSubstr("<svg"), HasSubstr("polyline"),
                            HasSubstr("Test with test-rule")));
}

TEST_F(TrainerTest, GivesTheSameBitsAgainAndWithOtherThreads) {
  train(artifact, request("first"));
  TrainRequest other = request("second");
  other.threads = 1;
  train(artifact, other);
  EXPECT_EQ(metrics("first"), metrics("second"));
  EXPECT_EQ(parameters("first"), parameters("second"));
  other = request("third");
  other.options.seed = 5;
  train(artifact, other);
  EXPECT_NE(metrics("first"), metrics("third"));
}

TEST_F(TrainerTest, VariesTrainingImagesOnly) {
  train(artifact, request("plain"));
  std::string plain = metrics("plain");
  for (const char *setting : {"flip=on", "crop=2"}) {
    TrainRequest varied = request(setting);
    varied.options.settings = {setting};
    train(artifact, varied);
    EXPECT_NE(metrics(setting), plain) << setting;
    TrainRequest other = resume(setting);
    other.options.settings = {"flip=off", "crop=0"};
    EXPECT_THAT(trainError(other), HasSubstr("this run began with")) << setting;
  }
  // Without a step in between the evaluation is that of the plain images.
  TrainRequest still = request("still"), flipped = request("flipped");
  still.options.settings = {"rate=0"};
  flipped.options.settings = {"rate=0", "flip=on", "crop=3"};
  TrainState expected = train(artifact, still);
  TrainState found = train(artifact, flipped);
  EXPECT_EQ(found.rows[2].testError, expected.rows[2].testError);
  EXPECT_NE(found.rows[2].trainLoss, expected.rows[2].trainLoss);

  TrainRequest black = request("black");
  black.options.settings = {"crop=8"};
  EXPECT_THAT(trainError(black), HasSubstr("expected less than 8"));
}

/// A run that is stopped every seven steps, the last step of all among them,
/// ends as if it never had been; with images varied at random, too.
TEST_F(TrainerTest, GoesOnBitForBitAfterEveryStop) {
  const std::vector<std::string> settings = {"flip=on", "crop=1"};
  TrainRequest whole = request("whole");
  whole.options.settings = settings;
  train(artifact, whole);
  schema::ArtifactT description = describeModel();
  entryCodeOf(description, "step").symbol = "testStepStopping";
  Artifact stopping = parseModel(std::move(description));

  std::vector<uint64_t> stops;
  bool done = false;
  while (!done && stops.size() < 100) {
    TrainRequest next = stops.empty() ? request("stopped") : resume("stopped");
    next.threads = 1 + static_cast<int>(stops.size() % 2);
    if (stops.empty())
      next.options.settings = settings;
    try {
      done = train(stopping, next).finished();
    } catch (const Error &error) {
      ASSERT_EQ(error.getFault(), Fault::Stopped) << error.what();
      EXPECT_EQ(error.exitCode(), 75);
      EXPECT_THAT(error.what(), HasSubstr("--resume"));
      stops.push_back(loadTrainState(folder / "stopped/checkpoint").step());
    }
  }
  EXPECT_TRUE(done);
  EXPECT_THAT(stops, ElementsAre(4, 11, 18, 25, 32, 39, 46, 53, 60));
  EXPECT_EQ(metrics("stopped"), metrics("whole"));
  EXPECT_EQ(tensors("stopped"), tensors("whole"));
}

TEST_F(TrainerTest, NeverOverwritesARun) {
  train(artifact, request("run"));
  std::string before = parameters("run");
  EXPECT_THAT(trainError(request("run")),
              AllOf(HasSubstr("holds a run already"), HasSubstr("--resume")));
  std::filesystem::remove_all(folder / "run/checkpoint");
  EXPECT_THAT(trainError(request("run")), HasSubstr("holds a run already"));
  EXPECT_EQ(parameters("run"), before);
}

TEST_F(TrainerTest, ResumesAFinishedRunWithoutAChange) {
  train(artifact, request("run"));
  std::string before = metrics("run"), parametersBefore = parameters("run");
  std::filesystem::remove(folder / "run/last.safetensors");
  EXPECT_TRUE(train(artifact, resume("run")).finished());
  EXPECT_EQ(metrics("run"), before);
  EXPECT_EQ(parameters("run"), parametersBefore);
}

TEST_F(TrainerTest, StartsWhereThereIsNothingToResume) {
  TrainRequest what = request("new");
  what.resume = true;
  EXPECT_TRUE(train(artifact, what).finished());
}

TEST_F(TrainerTest, MendsMetricsOnResume) {
  train(artifact, request("run"));
  std::string whole = metrics("run");
  std::string path = folder / "run/metrics.jsonl", text = readBytes(path);
  writeBytes(path, text + text + "{\"epoch\": 4, \"trai");
  train(artifact, resume("run"));
  EXPECT_EQ(metrics("run"), whole);
  writeBytes(path, text.substr(0, text.size() / 2));
  train(artifact, resume("run"));
  EXPECT_EQ(metrics("run"), whole);
}

TEST_F(TrainerTest, RefusesToResumeWithSomethingElse) {
  train(artifact, request("run"));
  schema::ArtifactT description = describeModel();
  description.source += "// another\n";
  Artifact other = parseModel(std::move(description), "other.fgb");
  EXPECT_THAT(errorOf([&] { train(other, resume("run")); }),
              HasSubstr("another artifact than other.fgb"));

  TrainRequest longer = resume("run");
  longer.options.epochs = 4;
  EXPECT_THAT(trainError(longer), HasSubstr("epochs = 3"));

  writeDataset(folder / "more", 331, 50);
  TrainRequest moved = resume("run");
  moved.options.data = "mnist:" + folder / "more";
  EXPECT_THAT(trainError(moved), HasSubstr("other data"));
}

TEST_F(TrainerTest, RefusesADamagedCheckpoint) {
  train(artifact, request("run"));
  std::string checkpoint = folder / "run/checkpoint";
  std::string path = checkpoint + "/checkpoint.json";
  std::string good = readBytes(path);
  for (size_t size = 0; size + 2 < good.size(); size += 7) {
    writeBytes(path, good.substr(0, size));
    EXPECT_THAT(trainError(resume("run")), HasSubstr("checkpoint.json"))
        << size;
  }
  // Any byte: an error, or a checkpoint that still agrees with itself.
  for (size_t i = 0; i < good.size(); i += 3) {
    std::string altered = good;
    altered[i] = static_cast<char>(altered[i] ^ 4);
    writeBytes(path, altered);
    trainError(resume("run"));
  }
  for (const char *text :
       {"", "[]", "{}", "nonsense", "{\"format\": 2}", "{\"format\": \"1\"}"}) {
    writeBytes(path, text);
    EXPECT_THAT(trainError(resume("run")), HasSubstr("checkpoint.json"));
  }
  writeBytes(path, good);

  std::string tensors;
  for (const auto &file : std::filesystem::directory_iterator(checkpoint))
    if (file.path().extension() == ".safetensors")
      tensors = file.path().string();
  std::string bytes = readBytes(tensors);
  bytes[bytes.size() / 2] ^= 1;
  writeBytes(tensors, bytes);
  EXPECT_THAT(trainError(resume("run")),
              AllOf(HasSubstr(tensors), HasSubstr("damaged")));
}

TEST_F(TrainerTest, KeepsOneCheckpoint) {
  train(artifact, request("run"));
  int files = 0;
  for (const auto &file :
       std::filesystem::directory_iterator(folder / "run/checkpoint"))
    files += file.is_regular_file();
  EXPECT_EQ(files, 2);
}

/// Momentum above 1 lets the velocity grow until it overflows, some epochs on.
TEST_F(TrainerTest, StopsWhereItDivergesAndKeepsTheLastCheckpoint) {
  TrainRequest wild = request("wild");
  wild.options.epochs = 100;
  wild.options.settings = {"momentum=2", "schedule=constant"};
  std::string error = trainError(wild);
  EXPECT_THAT(error, AllOf(HasSubstr("epoch "), HasSubstr("step "),
                           HasSubstr("diverged"), HasSubstr("wild/checkpoint"),
                           HasSubstr("--rate")));
  TrainState kept = loadTrainState(folder / "wild/checkpoint");
  EXPECT_GT(kept.epoch, 0u);
  EXPECT_EQ(kept.rows.size(), kept.epoch);
  EXPECT_EQ(trainError(resume("wild")), error);

  TrainRequest wilder = request("wilder");
  wilder.options.rate = 1e38;
  EXPECT_THAT(trainError(wilder), AllOf(HasSubstr("epoch 1, step "),
                                        HasSubstr("no checkpoint yet")));
}

TEST_F(TrainerTest, LocksItsFolder) {
  RunFolder held(folder / "run");
  EXPECT_THAT(trainError(request("run")), HasSubstr("another fgrun"));
}

TEST_F(TrainerTest, RefusesFewerSamplesThanABatch) {
  writeDataset(folder / "few", 15, 10);
  TrainRequest what = request("run");
  what.options.data = "mnist:" + folder / "few";
  EXPECT_THAT(trainError(what), HasSubstr("fewer than a batch of 16"));
}

TEST_F(TrainerTest, RefusesAFolderThatCannotBe) {
  writeBytes(folder / "file", "x");
  EXPECT_THAT(trainError(request("file")), HasSubstr("file"));
  EXPECT_THAT(trainError(request("file/run")), HasSubstr("cannot create"));
}

} // namespace
} // namespace foregrad::runtime
