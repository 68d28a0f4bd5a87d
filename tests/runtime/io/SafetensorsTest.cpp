//===- SafetensorsTest.cpp - What is read, written and refused ------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/io/Safetensors.h"

#include "tests/runtime/model/TestModel.h"

#include <cmath>
#include <cstring>

#include <gmock/gmock.h>

namespace foregrad::runtime {
namespace {

using namespace tests;
using testing::HasSubstr;

constexpr char fileName[] = "file.safetensors";

std::string withHeader(std::string_view header, std::string_view data) {
  uint64_t size = header.size();
  std::string bytes(reinterpret_cast<const char *>(&size), sizeof(size));
  return bytes.append(header).append(data);
}

SafetensorsFile parse(std::string_view bytes) {
  return SafetensorsFile::parse(fileName, alignedCopy(bytes));
}

std::string parseError(std::string_view bytes) {
  return errorOf([&] { parse(bytes); });
}

std::string headerError(std::string_view header, std::string_view data = "") {
  return parseError(withHeader(header, data));
}

TEST(Safetensors, ReadsBackWhatItWrote) {
  TemporaryFolder folder;
  std::vector<float> floats = {1.5f, -2.25f, 3e-30f, 0, -0.0f, INFINITY};
  std::vector<double> doubles = {M_PI};
  std::vector<uint8_t> bytes = {1, 2, 255};
  std::vector<int32_t> integers = {-5, 7};
  std::vector<uint64_t> counters = {UINT64_MAX};
  std::vector<uint16_t> brains = {0x3F80};
  std::string path = folder / "all.safetensors";
  saveSafetensors(path,
                  {{"floats", DType::F32, {2, 3}, floats.data()},
                   {"double", DType::F64, {}, doubles.data()},
                   {"bytes", DType::U8, {3}, bytes.data()},
                   {"integers", DType::I32, {2, 1}, integers.data()},
                   {"counters", DType::U64, {1}, counters.data()},
                   {"brains", DType::BF16, {1}, brains.data()},
                   {"\"quoted\\ \xC3\xA9", DType::F32, {0, 4}, floats.data()}},
                  {{"model", "Test"}, {"note", "a \"b\""}});
  SafetensorsFile file = SafetensorsFile::load(path);
  EXPECT_EQ(file.tensors().size(), 7u);
  EXPECT_EQ(file.metadata().at("note"), "a \"b\"");

  const StoredTensor *found = file.find("floats");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->shape, (std::vector<uint64_t>{2, 3}));
  std::vector<float> read(6);
  file.readInto(*found, DType::F32, read.data());
  EXPECT_EQ(read, floats);
  EXPECT_TRUE(std::signbit(read[4]));

  double one = 0;
  file.readInto(*file.find("brains"), DType::F64, &one);
  EXPECT_EQ(one, 1.0);
  float pi = 0;
  file.readInto(*file.find("double"), DType::F32, &pi);
  EXPECT_EQ(pi, static_cast<float>(M_PI));
  EXPECT_TRUE(file.find("double")->shape.empty());
  EXPECT_EQ(file.dataOf(*file.find("\"quoted\\ \xC3\xA9")).size(), 0u);
}

TEST(Safetensors, AlignsHeaderAndDataAndWritesTheSameBytesAgain) {
  TemporaryFolder folder;
  double number = 1;
  uint8_t byte = 2;
  for (const char *name : {"a", "ab", "abc", "abcd", "abcde"}) {
    std::vector<TensorView> views = {{name, DType::U8, {1}, &byte},
                                     {"number", DType::F64, {}, &number}};
    saveSafetensors(folder / "1", views, {});
    std::swap(views[0], views[1]);
    saveSafetensors(folder / "2", views, {});
    std::string bytes = readBytes(folder / "1");
    EXPECT_EQ(bytes, readBytes(folder / "2"));
    uint64_t header;
    std::memcpy(&header, bytes.data(), 8);
    EXPECT_EQ(header % 8, 0u);
    SafetensorsFile file = SafetensorsFile::load(folder / "1");
    EXPECT_EQ(file.find("number")->begin % 8, 0u);
  }
}

TEST(Safetensors, ConvertsIntegersThatFit) {
  int64_t values[] = {3, -4};
  SafetensorsFile file = parse(
      withHeader(R"({"x":{"dtype":"I64","shape":[2],"data_offsets":[0,16]}})",
                 {reinterpret_cast<const char *>(values), 16}));
  int32_t read[2];
  file.readInto(*file.find("x"), DType::I32, read);
  EXPECT_EQ(read[1], -4);
  uint8_t small[2];
  EXPECT_THAT(
      errorOf([&] { file.readInto(*file.find("x"), DType::U8, small); }),
      HasSubstr("element 1: expected 0 to 255, found -4"));
  float real[2];
  EXPECT_THAT(
      errorOf([&] { file.readInto(*file.find("x"), DType::F32, real); }),
      HasSubstr("expected F32, F64 or BF16, found I64"));
}

TEST(Safetensors, RefusesEveryTruncation) {
  TemporaryFolder folder;
  float data[3] = {1, 2, 3};
  saveSafetensors(folder / "x", {{"x", DType::F32, {3}, data}}, {{"k", "v"}});
  std::string bytes = readBytes(folder / "x");
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_THAT(parseError(bytes.substr(0, size)), HasSubstr(fileName)) << size;
  EXPECT_THAT(parseError(bytes + "x"), HasSubstr("bytes of data"));
}

/// A flipped bit in numbers or names may give another valid file, never a crash
/// or a range outside the file.
TEST(Safetensors, SurvivesBitFlips) {
  TemporaryFolder folder;
  float data[3] = {1, 2, 3};
  saveSafetensors(folder / "x",
                  {{"x", DType::F32, {3}, data}, {"y", DType::F32, {1}, data}},
                  {{"k", "v"}});
  std::string bytes = readBytes(folder / "x");
  size_t refused = 0;
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string altered = bytes;
    altered[bit / 8] = static_cast<char>(altered[bit / 8] ^ (1 << bit % 8));
    refused += !errorOf([&] {
                  SafetensorsFile file = parse(altered);
                  for (const StoredTensor &tensor : file.tensors())
                    EXPECT_LE(file.dataOf(tensor).size(), altered.size());
                }).empty();
  }
  EXPECT_GT(refused, bytes.size());
}

TEST(Safetensors, RefusesForeignFiles) {
  EXPECT_THAT(parseError(""), HasSubstr("0 bytes"));
  EXPECT_THAT(parseError(std::string(64, '\xFF')),
              HasSubstr("header of at most"));
  EXPECT_THAT(parseError(serializeModel(describeModel())),
              HasSubstr("not a safetensors file"));
  EXPECT_THAT(parseError(withHeader("not json", "")),
              HasSubstr("byte 9: expected a JSON header"));
}

TEST(Safetensors, RefusesBadHeaders) {
  EXPECT_THAT(headerError(""), HasSubstr("JSON"));
  EXPECT_THAT(headerError("[]"), HasSubstr("one JSON object, found a list"));
  EXPECT_THAT(headerError("1"), HasSubstr("one JSON object, found 1"));
  EXPECT_THAT(headerError("{} {}"), HasSubstr("JSON"));
  EXPECT_THAT(headerError(R"({"x":1})"), HasSubstr("an object for each name"));
  EXPECT_THAT(headerError(R"({"x":{}})"), HasSubstr("without dtype"));
  EXPECT_THAT(headerError(R"({"x":{"dtype":"F32","shape":[]}})"),
              HasSubstr("without data_offsets"));
  EXPECT_THAT(headerError(R"({"x":{"dtype":null}})"), HasSubstr("found null"));
  EXPECT_THAT(headerError(R"({"x":{"other":"F32"}})"), HasSubstr("'x'"));
  EXPECT_THAT(headerError(R"({"x":{"shape":[-1]}})"), HasSubstr("found -1"));
  EXPECT_THAT(headerError(R"({"x":{"shape":[1.5]}})"), HasSubstr("found 1.5"));
  EXPECT_THAT(headerError(R"({"x":{"shape":[[1]]}})"), HasSubstr("a list"));
  EXPECT_THAT(headerError(R"({"x":{"shape":[18446744073709551616]}})"),
              HasSubstr("found 18446744073709551616"));
  EXPECT_THAT(headerError(R"({"x":{"data_offsets":[0,1,2]}})"),
              HasSubstr("found 2"));
  EXPECT_THAT(
      headerError(R"({"x":{"dtype":"F32","shape":[],"data_offsets":[0]}})"),
      HasSubstr("1 data_offsets"));
  EXPECT_THAT(headerError(R"({"__metadata__":{"k":1}})"),
              HasSubstr("texts in __metadata__"));
  EXPECT_THAT(headerError(R"({"__metadata__":{"k":{"l":"m"}}})"),
              HasSubstr("found an object"));
  EXPECT_THAT(headerError("{\"x\xFF\":{}}"), HasSubstr("JSON"));
  std::string deep(100000, '[');
  EXPECT_THAT(headerError(deep), HasSubstr("a list"));
  std::string axes = R"({"x":{"shape":[1)";
  for (int i = 0; i < 40; ++i)
    axes += ",1";
  EXPECT_THAT(headerError(axes), HasSubstr("more than 32 axes"));
}

TEST(Safetensors, RefusesKeysTwice) {
  EXPECT_THAT(headerError(R"({"x":{"dtype":"F32","dtype":"F32"}})"),
              HasSubstr("'dtype' twice"));
  std::string tensor = R"({"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
  EXPECT_THAT(headerError("{\"x\":" + tensor + ",\"x\":" + tensor + "}"),
              HasSubstr("'x' twice"));
}

TEST(Safetensors, RefusesTooManyTensors) {
  std::string header = "{";
  for (int i = 0; i <= 100000; ++i)
    header += (i ? ",\"" : "\"") + std::to_string(i) +
              R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
  EXPECT_THAT(headerError(header + "}"), HasSubstr("more than 100000 tensors"));
}

TEST(Safetensors, RefusesBadRanges) {
  auto oneTensor = [](const char *dtype, const char *shape,
                      const char *offsets) {
    return std::string(R"({"x":{"dtype":")") + dtype + R"(","shape":)" + shape +
           R"(,"data_offsets":)" + offsets + "}}";
  };
  EXPECT_THAT(headerError(oneTensor("F99", "[]", "[0,4]"), "1234"),
              HasSubstr("'F99'"));
  EXPECT_THAT(headerError(oneTensor("F32", "[1]", "[0,8]"), "1234"),
              HasSubstr("inside the 4 bytes"));
  EXPECT_THAT(headerError(oneTensor("F32", "[1]", "[4,0]"), "1234"),
              HasSubstr("inside the 4 bytes"));
  EXPECT_THAT(headerError(oneTensor("F32", "[2]", "[0,4]"), "1234"),
              HasSubstr("expected 8 bytes for F32 [2], found 4"));
  EXPECT_THAT(
      headerError(oneTensor("F32", "[4294967296,4294967296,4]", "[0,0]")),
      HasSubstr("fewer than 2^64"));
  EXPECT_THAT(headerError(oneTensor("F32", "[1]", "[4,8]"), "12345678"),
              HasSubstr("holes"));
  EXPECT_THAT(headerError(oneTensor("F32", "[1]", "[0,4]"), "12345678"),
              HasSubstr("expected 4 bytes of data, found 8"));
  EXPECT_THAT(
      headerError(R"({"x":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},)"
                  R"("y":{"dtype":"U8","shape":[3],"data_offsets":[2,5]}})",
                  "12345"),
      HasSubstr("overlap"));
}

TEST(Safetensors, KeepsTheOldFileWhereWritingFails) {
  TemporaryFolder folder;
  float number = 1;
  EXPECT_THAT(errorOf([&] {
                saveSafetensors(folder / "no/such/x",
                                {{"x", DType::F32, {}, &number}}, {});
              }),
              HasSubstr("no/such/x"));
  EXPECT_THAT(errorOf([&] {
                saveSafetensors(folder.path, {{"x", DType::F32, {}, &number}},
                                {});
              }),
              HasSubstr("is a folder"));
}

} // namespace
} // namespace foregrad::runtime
