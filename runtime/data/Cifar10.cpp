//===- Cifar10.cpp - The dataset kind `cifar10` ---------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
// The binary version of CIFAR-10 (https://www.cs.toronto.edu/~kriz/cifar.html):
// a folder with data_batch_1.bin to data_batch_5.bin, test_batch.bin and, where
// the names of the classes shall be known, batches.meta.txt. A batch is a row
// of records: one byte with the label, then 32 x 32 bytes of red, of green, of
// blue, each row by row.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/Dataset.h"
#include "runtime/io/File.h"
#include "runtime/support/Error.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace foregrad::runtime {

namespace {

constexpr uint32_t classCount = 10;
constexpr uint32_t side = 32;
constexpr uint32_t colors = 3;
constexpr uint64_t planeSize = side * side;
constexpr uint64_t imageSize = colors * planeSize;
constexpr uint64_t recordSize = 1 + imageSize;
constexpr uint64_t maximalBatch = uint64_t{1} << 32;
constexpr uint64_t maximalNames = 1u << 16;

/// What else the folder may be, for the error where a batch is missing.
std::string foreignKind(const std::string &folder) {
  if (isFolder(folder + "/cifar-10-batches-bin"))
    return fmt::format("; give {}/cifar-10-batches-bin", folder);
  if (isFile(folder + "/data_batch_1"))
    return "; it holds the Python version of CIFAR-10: get the binary version";
  if (isFile(folder + "/train.bin") && isFile(folder + "/test.bin"))
    return "; it holds CIFAR-100, which cannot be read";
  if (isFolder(folder + "/train") && isFolder(folder + "/test"))
    return "; it holds folders train and test, as the kind 'images' has";
  return "";
}

/// A batch's bytes, whole records with valid labels.
AlignedBytes readBatch(const std::string &folder, const std::string &name) {
  const std::string path = folder + "/" + name;
  if (!isFile(path))
    fail("{}: expected the CIFAR-10 file {}, found none{}", folder, name,
         foreignKind(folder));
  AlignedBytes bytes = readFile(path, maximalBatch);
  const uint64_t rest = bytes.size() % recordSize;
  if (bytes.size() == 0 || rest != 0)
    failAt(path, bytes.size() - rest,
           fmt::format("a record of {} bytes", recordSize),
           fmt::format("{}: the file is truncated or not of CIFAR-10", rest));
  for (uint64_t at = 0; at < bytes.size(); at += recordSize)
    if (bytes.data()[at] >= classCount)
      failAt(path, at, fmt::format("a label of 0 to {}", classCount - 1),
             std::to_string(bytes.data()[at]));
  return bytes;
}

/// The samples of some batches, one behind the other.
struct Part {
  AlignedBytes images; ///< [count, height, width, color]
  AlignedBytes labels; ///< [count]
  uint64_t count = 0;

  Part(uint64_t capacity)
      : images(capacity * imageSize, /*zeroed=*/false),
        labels(capacity, /*zeroed=*/false) {}

  /// `batch` holds no more records than there is room for.
  void append(const AlignedBytes &batch) {
    for (uint64_t at = 0; at < batch.size(); at += recordSize, ++count) {
      const uint8_t *record = batch.data() + at, *planes = record + 1;
      labels.data()[count] = record[0];
      uint8_t *pixel = images.data() + count * imageSize;
      for (uint64_t p = 0; p < planeSize; ++p)
        for (uint64_t color = 0; color < colors; ++color)
          *pixel++ = planes[color * planeSize + p];
    }
  }
};

/// A line for each class. Empty lines may follow.
std::vector<std::string> readClassNames(const std::string &path) {
  AlignedBytes bytes = readFile(path, maximalNames);
  std::string_view text(reinterpret_cast<const char *>(bytes.data()),
                        bytes.size());
  std::vector<std::string> names;
  for (uint64_t start = 0; start < text.size();) {
    uint64_t end = std::min<uint64_t>(text.find('\n', start), text.size());
    std::string_view line = text.substr(start, end - start);
    if (line.ends_with('\r'))
      line.remove_suffix(1);
    if (!line.empty() && names.size() == classCount)
      failAt(path, start,
             fmt::format("the end of the names of {} classes", classCount),
             "another one");
    if (line.empty() && names.size() < classCount)
      failAt(path, start, fmt::format("the name of class {}", names.size()),
             "an empty line");
    if (!line.empty())
      names.emplace_back(line);
    start = end + 1;
  }
  if (names.size() < classCount)
    failAt(path, text.size(), fmt::format("the name of class {}", names.size()),
           "the end of the file");
  return names;
}

class Cifar10 : public Dataset {
public:
  explicit Cifar10(const std::string &folder) : train(0), test(0) {
    static constexpr std::array names = {"data_batch_1.bin", "data_batch_2.bin",
                                         "data_batch_3.bin", "data_batch_4.bin",
                                         "data_batch_5.bin", "test_batch.bin"};
    uint64_t records = 0;
    for (const char *name : names) {
      AlignedBytes batch = readBatch(folder, name);
      const uint64_t found = batch.size() / recordSize;
      if (name == names.front()) {
        records = found;
        train = Part(records * (names.size() - 1));
        test = Part(records);
      }
      // Of the data set as published each file has 10,000; a subset may have
      // fewer. That all have the same number finds a file cut between records.
      if (found != records)
        failAt(fmt::format("{}/{}", folder, name), batch.size(),
               fmt::format("{} records, as in {}", records, names.front()),
               fmt::format("{}: one of the two is truncated", found));
      (name == names.back() ? test : train).append(batch);
    }
    if (std::string path = folder + "/batches.meta.txt"; isFile(path))
      classNameList = readClassNames(path);
  }

  std::vector<uint32_t> sampleShape() const override {
    return {side, side, colors};
  }
  uint32_t classes() const override { return classCount; }
  std::vector<std::string> classNames() const override { return classNameList; }
  uint64_t size(Split split) const override { return part(split).count; }
  std::span<const uint8_t> image(Split split, uint64_t index) const override {
    return part(split).images.bytes().subspan(index * imageSize, imageSize);
  }
  int32_t label(Split split, uint64_t index) const override {
    return part(split).labels.data()[index];
  }
  uint64_t hash() const override {
    return hashOf(
        std::array{&train.images, &train.labels, &test.images, &test.labels});
  }

private:
  const Part &part(Split split) const {
    return split == Split::Train ? train : test;
  }

  Part train, test;
  std::vector<std::string> classNameList;
};

} // namespace

std::unique_ptr<Dataset> openCifar10(const std::string &folder) {
  return std::make_unique<Cifar10>(folder);
}

} // namespace foregrad::runtime
