//===- AtomicFileTest.cpp - Files that are whole or not there -------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/io/AtomicFile.h"

#include "tests/runtime/model/TestModel.h"

#include <filesystem>

#include <gmock/gmock.h>

namespace foregrad::runtime {
namespace {

using namespace tests;
using testing::HasSubstr;
namespace fs = std::filesystem;

class AtomicFileTest : public testing::Test {
protected:
  long filesInFolder() {
    return std::distance(fs::directory_iterator(folder.path), {});
  }

  TemporaryFolder folder;
  std::string path = folder / "file";
};

TEST_F(AtomicFileTest, WritesAllPiecesAndNothingBeside) {
  EXPECT_EQ(writeFileAtomically(path, {"one ", "", "two"}), "");
  EXPECT_EQ(readBytes(path), "one two");
  EXPECT_EQ(writeFileAtomically(path, {"three"}), "");
  EXPECT_EQ(readBytes(path), "three");
  EXPECT_EQ(filesInFolder(), 1);
}

TEST_F(AtomicFileTest, KeepsPermissionsAndLinks) {
  writeBytes(path, "old");
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("file", folder / "link");
  EXPECT_EQ(writeFileAtomically(folder / "link", {"new"}), "");
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(readBytes(path), "new");
  EXPECT_EQ(fs::status(path).permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(AtomicFileTest, NamesThePathOfWhatItCannotWrite) {
  std::string missing = folder / "no/file";
  EXPECT_THAT(writeFileAtomically(missing, {"x"}), HasSubstr(missing));
  EXPECT_THAT(writeFileAtomically(folder.path, {"x"}),
              HasSubstr("is a folder"));
  EXPECT_EQ(filesInFolder(), 0);
}

TEST_F(AtomicFileTest, WritesStraightIntoDevices) {
  EXPECT_THAT(writeFileAtomically("/dev/full", {"x"}), HasSubstr("/dev/full"));
  EXPECT_EQ(writeFileAtomically("/dev/null", {"x"}), "");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

} // namespace
} // namespace foregrad::runtime
