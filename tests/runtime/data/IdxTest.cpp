//===- IdxTest.cpp - IDX files and the kind of dataset made of them -------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/Idx.h"

#include "runtime/data/Dataset.h"
#include "tests/runtime/support/Fixtures.h"

#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>

namespace foregrad::runtime {
namespace {

using namespace tests;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class IdxTest : public testing::Test {
protected:
  std::string errorFor(std::string_view bytes, uint32_t rank = 1) {
    writeBytes(path, bytes);
    return errorOf([&] { readIdx(path, rank); });
  }

  TemporaryFolder folder;
  std::string path = folder / "file";
  std::string good = idxBytes(0x801, {4}, "abcd");
};

TEST_F(IdxTest, ReadsPlainAndPacked) {
  for (const std::string &bytes : {good, gzipBytes(good)}) {
    writeBytes(path, bytes);
    IdxArray array = readIdx(path, 1);
    EXPECT_THAT(array.dimensions, ElementsAre(4));
    EXPECT_EQ(std::string(array.data.data(), array.data.data() + 4), "abcd");
  }
}

TEST_F(IdxTest, RefusesEveryTruncation) {
  for (const std::string &bytes : {good, gzipBytes(good)})
    for (size_t size = 0; size < bytes.size(); ++size)
      EXPECT_THAT(errorFor(bytes.substr(0, size)), HasSubstr(path)) << size;
}

TEST_F(IdxTest, NamesWhereItEnds) {
  EXPECT_THAT(errorFor(good.substr(0, 10)), HasSubstr("byte 8: expected 4"));
  EXPECT_THAT(errorFor(good.substr(0, 6)),
              HasSubstr("byte 4: expected 4 more bytes, found 2"));
}

TEST_F(IdxTest, RefusesTrailingData) {
  EXPECT_THAT(errorFor(good + "x"),
              HasSubstr("byte 12: expected the end of the file, found 1 more"));
  EXPECT_THAT(errorFor(gzipBytes(good + "x")), HasSubstr("more data"));
  EXPECT_THAT(errorFor(gzipBytes(good) + "xy"),
              HasSubstr("2 bytes after the gzip data"));
}

TEST_F(IdxTest, RefusesForeignFiles) {
  EXPECT_THAT(errorFor(idxBytes(0x803, {4}, "abcd")),
              AllOf(HasSubstr("byte 0: expected 0x00000801"),
                    HasSubstr("found 0x00000803")));
  EXPECT_THAT(errorFor(serializeModel(describeModel())),
              HasSubstr("found 0x46"));
  EXPECT_THAT(errorFor(idxBytes(0x801, {0}, "")),
              HasSubstr("size of 1 or more"));
}

TEST_F(IdxTest, RefusesAbsurdSizesWithoutAllocating) {
  for (const std::string &bytes :
       {idxBytes(0x803, {UINT32_MAX, UINT32_MAX, UINT32_MAX}, "abcd"),
        idxBytes(0x803, {UINT32_MAX, UINT32_MAX, 1}, "abcd"),
        idxBytes(0x803, {60000, 65536, 65536}, "abcd")}) {
    EXPECT_THAT(errorFor(bytes, 3), HasSubstr("byte 16"));
    EXPECT_THAT(errorFor(gzipBytes(bytes), 3), HasSubstr("byte 16"));
  }
}

/// Some bits say nothing about the data (a time, padding); no other may pass.
TEST_F(IdxTest, FindsEveryBitFlipInGzip) {
  std::string data(200, '\0');
  for (size_t i = 0; i < data.size(); ++i)
    data[i] = static_cast<char>(i * i % 251 % 40);
  std::string packed = gzipBytes(idxBytes(0x801, {200}, data));
  size_t found = 0;
  for (size_t i = 0; i < packed.size() * 8; ++i) {
    std::string altered = packed;
    altered[i / 8] = static_cast<char>(altered[i / 8] ^ (1 << i % 8));
    writeBytes(path, altered);
    std::string error = errorOf([&] {
      IdxArray array = readIdx(path, 1);
      EXPECT_EQ(
          std::string(array.data.data(), array.data.data() + array.data.size()),
          data)
          << i;
    });
    found += !error.empty();
  }
  EXPECT_GT(found, packed.size() * 7);
}

class MnistTest : public testing::Test {
protected:
  std::string errorFor(const std::string &file, std::string_view bytes) {
    writeDataset(folder.path, 20, 10);
    writeBytes(folder / file, bytes);
    return errorOf([&] { openDataset("mnist:" + folder.path); });
  }

  TemporaryFolder folder;
};

TEST_F(MnistTest, ReadsBothSplitsPlainAndPacked) {
  uint64_t hashes[2];
  for (bool packed : {false, true}) {
    TestDataset data(20, 10, packed);
    EXPECT_EQ(data->size(Dataset::Split::Train), 20u);
    EXPECT_EQ(data->size(Dataset::Split::Test), 10u);
    EXPECT_THAT(data->sampleShape(), ElementsAre(8, 8));
    EXPECT_EQ(data->classes(), 10u);
    EXPECT_EQ(data->image(Dataset::Split::Test, 9).size(), 64u);
    hashes[packed] = data->hash();
  }
  EXPECT_EQ(hashes[0], hashes[1]);
}

TEST_F(MnistTest, NamesWhatIsWrong) {
  EXPECT_THAT(errorFor("train-labels-idx1-ubyte",
                       idxBytes(0x801, {21}, std::string(21, '\1'))),
              AllOf(HasSubstr("train-labels-idx1-ubyte: byte 4"),
                    HasSubstr("20 labels"), HasSubstr("found 21")));
  EXPECT_THAT(errorFor("train-labels-idx1-ubyte",
                       idxBytes(0x801, {20}, std::string(20, '\x0A'))),
              HasSubstr("byte 8: expected a label of 0 to 9, found 10"));
  EXPECT_THAT(errorFor("t10k-images-idx3-ubyte",
                       idxBytes(0x803, {10, 4, 4}, std::string(160, 'a'))),
              HasSubstr("of one size, found [8, 8] and [4, 4]"));
}

TEST_F(MnistTest, NamesAMissingFile) {
  writeDataset(folder.path, 20, 10);
  std::filesystem::remove(folder / "t10k-labels-idx1-ubyte");
  EXPECT_THAT(
      errorOf([&] { openDataset("mnist:" + folder.path); }),
      AllOf(HasSubstr(folder.path), HasSubstr("t10k-labels-idx1-ubyte")));
}

TEST_F(MnistTest, FindsItsOwnCopy) {
  writeDataset(folder / "mnist", 20, 10);
  setenv("FOREGRAD_DATASETS", folder.path.c_str(), 1);
  EXPECT_EQ(openDataset("mnist")->size(Dataset::Split::Train), 20u);
  unsetenv("FOREGRAD_DATASETS");
}

TEST(Datasets, RefusesOtherKinds) {
  EXPECT_THAT(errorOf([] { openDataset("mnits:x"); }),
              HasSubstr("--data mnits:x: expected mnist:FOLDER"));
  EXPECT_THAT(errorOf([] { openDataset(""); }), HasSubstr("expected mnist"));
  EXPECT_THAT(errorOf([] { openDataset("mnist:/nonexistent"); }),
              HasSubstr("not a folder"));
}

TEST(Datasets, ComparesWithTheArtifact) {
  TestDataset data(20, 10);
  schema::ArtifactT description = describeModel();
  tensorOf(description, "image").shape = {16, 8, 8, 1};
  tensorOf(description, "image").axes.push_back("color");
  checkDataset(*data, "mnist", parseModel(std::move(description)));

  description = describeModel();
  tensorOf(description, "image").shape = {16, 4, 16};
  Artifact other = parseModel(std::move(description));
  EXPECT_THAT(errorOf([&] { checkDataset(*data, "mnist", other); }),
              HasSubstr("images of [4, 16], mnist has [8, 8]"));
}

} // namespace
} // namespace foregrad::runtime
