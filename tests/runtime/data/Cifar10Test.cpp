//===- Cifar10Test.cpp - The binary batches of CIFAR-10 -------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/Dataset.h"
#include "tests/runtime/support/Fixtures.h"

#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>

namespace foregrad::runtime {
namespace {

using namespace tests;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Split = Dataset::Split;

constexpr size_t planeSize = 32 * 32;
constexpr size_t recordSize = 1 + 3 * planeSize;
constexpr const char *kNames =
    "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n";

/// A byte that tells apart records, colours and places.
uint8_t pixelOf(size_t record, size_t color, size_t place) {
  return static_cast<uint8_t>(record * 89 + color * 31 + place * 7 +
                              place / 256);
}

std::string batchBytes(size_t first, size_t count) {
  std::string bytes;
  for (size_t record = first; record < first + count; ++record) {
    bytes += static_cast<char>(record % 10);
    for (size_t color = 0; color < 3; ++color)
      for (size_t place = 0; place < planeSize; ++place)
        bytes += static_cast<char>(pixelOf(record, color, place));
  }
  return bytes;
}

class Cifar10Test : public testing::Test {
protected:
  /// Three records a file.
  Cifar10Test() { writeAll(folder.path); }

  static void writeAll(const std::string &path) {
    std::filesystem::create_directories(path);
    for (size_t i = 1; i <= 5; ++i)
      writeBytes(path + "/data_batch_" + std::to_string(i) + ".bin",
                 batchBytes(3 * (i - 1), 3));
    writeBytes(path + "/test_batch.bin", batchBytes(15, 3));
    writeBytes(path + "/batches.meta.txt", kNames);
  }

  std::unique_ptr<Dataset> open() {
    return openDataset("cifar10:" + folder.path);
  }
  std::string openError() {
    return errorOf([&] { open(); });
  }
  /// The error where `file` holds `bytes`, which are then put back.
  std::string errorFor(const std::string &file, std::string_view bytes) {
    std::string before = readBytes(folder / file);
    writeBytes(folder / file, bytes);
    std::string error = openError();
    writeBytes(folder / file, before);
    return error;
  }

  TemporaryFolder folder;
};

TEST_F(Cifar10Test, ReadsAllBatchesInOrder) {
  auto data = open();
  EXPECT_EQ(data->size(Split::Train), 15u);
  EXPECT_EQ(data->size(Split::Test), 3u);
  EXPECT_THAT(data->sampleShape(), ElementsAre(32, 32, 3));
  EXPECT_EQ(data->classes(), 10u);
  for (size_t record = 0; record < 18; ++record) {
    Split split = record < 15 ? Split::Train : Split::Test;
    size_t index = record < 15 ? record : record - 15;
    EXPECT_EQ(data->label(split, index), static_cast<int32_t>(record % 10));
    std::span<const uint8_t> image = data->image(split, index);
    ASSERT_EQ(image.size(), 3 * planeSize);
    // From planes of colours to the colours of each pixel.
    for (size_t place = 0; place < planeSize; ++place)
      for (size_t color = 0; color < 3; ++color)
        ASSERT_EQ(image[place * 3 + color], pixelOf(record, color, place))
            << record << " " << place << " " << color;
  }
}

TEST_F(Cifar10Test, ReadsNamesOfClassesWhereThereAreSome) {
  std::vector<std::string> names = open()->classNames();
  ASSERT_EQ(names.size(), 10u);
  EXPECT_EQ(names[0], "airplane");
  EXPECT_EQ(names[9], "truck");
  EXPECT_EQ(errorFor("batches.meta.txt", std::string(kNames) + "\n\n"), "");
  std::filesystem::remove(folder / "batches.meta.txt");
  EXPECT_THAT(open()->classNames(), IsEmpty());
}

TEST_F(Cifar10Test, RefusesNamesThatAreNotTen) {
  EXPECT_THAT(errorFor("batches.meta.txt", "cat\ndog\n"),
              AllOf(HasSubstr("batches.meta.txt: byte 8"),
                    HasSubstr("expected the name of class 2")));
  EXPECT_THAT(
      errorFor("batches.meta.txt", "cat\n\ndog\n"),
      HasSubstr("byte 4: expected the name of class 1, found an empty"));
  EXPECT_THAT(errorFor("batches.meta.txt", std::string(kNames) + "tractor\n"),
              HasSubstr("expected the end of the names of 10 classes"));
  EXPECT_THAT(errorFor("batches.meta.txt", std::string(1 << 17, '\n')),
              HasSubstr("at most 65536 bytes"));
}

TEST_F(Cifar10Test, RefusesEveryTruncation) {
  for (const char *file :
       {"data_batch_1.bin", "data_batch_4.bin", "test_batch.bin"}) {
    std::string bytes = readBytes(folder / file);
    for (size_t size = 0; size < bytes.size(); size += recordSize / 7)
      EXPECT_THAT(errorFor(file, bytes.substr(0, size)), HasSubstr(folder.path))
          << size;
    for (size_t records : {0, 1, 2}) // Cut just between two.
      EXPECT_THAT(errorFor(file, bytes.substr(0, records * recordSize)),
                  HasSubstr("found "))
          << records;
  }
}

TEST_F(Cifar10Test, NamesWhatIsWrong) {
  std::string bytes = readBytes(folder / "data_batch_2.bin");
  EXPECT_THAT(errorFor("data_batch_2.bin", bytes.substr(0, recordSize + 10)),
              HasSubstr("data_batch_2.bin: byte 3073: expected a record of "
                        "3073 bytes, found 10"));
  EXPECT_THAT(errorFor("data_batch_2.bin", bytes + "xy"),
              HasSubstr("byte 9219: expected a record of 3073 bytes, found 2"));
  EXPECT_THAT(errorFor("data_batch_2.bin", bytes.substr(0, 2 * recordSize)),
              HasSubstr("data_batch_2.bin: byte 6146: expected 3 records, as "
                        "in data_batch_1.bin, found 2"));
  EXPECT_THAT(errorFor("test_batch.bin", ""),
              HasSubstr("test_batch.bin: byte 0: expected a record"));
  bytes[2 * recordSize] = 10;
  EXPECT_THAT(errorFor("data_batch_2.bin", bytes),
              HasSubstr("byte 6146: expected a label of 0 to 9, found 10"));
  bytes[2 * recordSize] = static_cast<char>(255);
  EXPECT_THAT(errorFor("data_batch_2.bin", bytes), HasSubstr("found 255"));
}

TEST_F(Cifar10Test, NamesAMissingBatchAndWhatTheFolderHolds) {
  std::filesystem::remove(folder / "data_batch_3.bin");
  EXPECT_THAT(openError(), AllOf(HasSubstr(folder.path),
                                 HasSubstr("data_batch_3.bin, found none")));
  std::filesystem::create_directory(folder / "data_batch_3.bin");
  EXPECT_THAT(openError(), HasSubstr("data_batch_3.bin, found none"));

  TemporaryFolder other;
  auto otherError = [&] {
    return errorOf([&] { openDataset("cifar10:" + other.path); });
  };
  std::filesystem::create_directories(other / "train");
  std::filesystem::create_directories(other / "test");
  EXPECT_THAT(otherError(), HasSubstr("kind 'images'"));
  writeBytes(other / "train.bin", "x");
  writeBytes(other / "test.bin", "x");
  EXPECT_THAT(otherError(), HasSubstr("CIFAR-100"));
  writeBytes(other / "data_batch_1", "x");
  EXPECT_THAT(otherError(), HasSubstr("Python version"));
  std::filesystem::create_directories(other / "cifar-10-batches-bin");
  EXPECT_THAT(otherError(), HasSubstr("give " + other.path));
}

TEST_F(Cifar10Test, HashesEveryByte) {
  uint64_t hash = open()->hash();
  EXPECT_EQ(open()->hash(), hash);
  for (const char *file : {"data_batch_5.bin", "test_batch.bin"})
    for (size_t at : {size_t{0}, recordSize - 1}) {
      std::string bytes = readBytes(folder / file), before = bytes;
      bytes[at] = static_cast<char>(bytes[at] ^ 1);
      writeBytes(folder / file, bytes);
      EXPECT_NE(open()->hash(), hash) << file << " " << at;
      writeBytes(folder / file, before);
    }
}

TEST_F(Cifar10Test, FindsItsOwnCopyUnderBothNames) {
  for (const char *variable : {"FOREGRAD_DATASETS", "FOREGRAD_DATA"})
    for (const char *name : {"cifar10", "cifar-10-batches-bin"}) {
      TemporaryFolder datasets;
      writeAll(datasets / name);
      const char *before = std::getenv(variable);
      std::string kept = before ? before : "";
      setenv(variable, datasets.path.c_str(), 1);
      EXPECT_EQ(openDataset("cifar10")->size(Split::Train), 15u) << name;
      if (before)
        setenv(variable, kept.c_str(), 1);
      else
        unsetenv(variable);
    }
}

TEST_F(Cifar10Test, RefusesAModelThatMixesUpTheClasses) {
  auto data = open();
  auto errorWith = [&](const std::vector<std::string> &classes) {
    schema::ArtifactT description = describeModel();
    tensorOf(description, "image").shape = {16, 32, 32, 3};
    tensorOf(description, "image").axes.push_back("color");
    description.classes = classes;
    Artifact artifact = parseModel(std::move(description));
    return errorOf([&] { checkDataset(*data, "cifar10", artifact); });
  };
  std::vector<std::string> names = data->classNames();
  EXPECT_EQ(errorWith(names), "");
  names[3] = "kitten";
  EXPECT_EQ(errorWith(names), "");
  names[3] = "dog", names[5] = "cat";
  EXPECT_THAT(errorWith(names),
              HasSubstr("compiled with 'cat' as class 5, in cifar10 it is "
                        "class 3"));
}

/// The data set as published (FOREGRAD_DATA).
TEST(Cifar10, ReadsTheRealFiles) {
  const char *datasets = std::getenv("FOREGRAD_DATA");
  if (!datasets || !*datasets)
    GTEST_SKIP() << "FOREGRAD_DATA is not set";
  auto data =
      openDataset("cifar10:" + std::string(datasets) + "/cifar-10-batches-bin");
  EXPECT_EQ(data->size(Split::Train), 50000u);
  EXPECT_EQ(data->size(Split::Test), 10000u);
  std::vector<uint64_t> counts(10);
  for (uint64_t i = 0; i < 50000; ++i)
    ++counts[static_cast<size_t>(data->label(Split::Train, i))];
  EXPECT_THAT(counts, Each(5000u));
  // The means of the colours, as every recipe for CIFAR-10 has them.
  double sums[3] = {};
  for (uint64_t i = 0; i < 50000; ++i) {
    std::span<const uint8_t> image = data->image(Split::Train, i);
    for (size_t p = 0; p < image.size(); ++p)
      sums[p % 3] += image[p];
  }
  const double expected[] = {0.4914, 0.4822, 0.4465};
  for (size_t color = 0; color < 3; ++color)
    EXPECT_NEAR(sums[color] / (255.0 * 50000 * planeSize), expected[color],
                0.002);
}

} // namespace
} // namespace foregrad::runtime
