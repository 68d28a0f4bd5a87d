//===- Mnist.cpp - The dataset kind `mnist` -------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
// A folder with train-images-idx3-ubyte, train-labels-idx1-ubyte and the same
// with t10k, each plain or .gz. Other data in this format (Fashion-MNIST) works
// as well.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/Dataset.h"
#include "runtime/data/Idx.h"
#include "runtime/support/Error.h"

#include <algorithm>
#include <array>

#include <fmt/ranges.h>

namespace foregrad::runtime {

namespace {

constexpr uint32_t classCount = 10;

/// `name` in the folder: plain or packed, with a dash or, as some copies have
/// it, a dot before "idx".
std::string findIdx(const std::string &folder, const std::string &name) {
  std::string dotted = name;
  dotted.replace(dotted.find("-idx"), 1, ".");
  std::vector<std::string> candidates = {name, name + ".gz", dotted,
                                         dotted + ".gz"};
  for (const std::string &candidate : candidates)
    if (isFile(folder + "/" + candidate))
      return folder + "/" + candidate;
  fail("{}: expected the MNIST file {}, plain or as .gz, found none", folder,
       name);
}

struct Part {
  IdxArray images; ///< [count, height, width]
  IdxArray labels; ///< [count]

  Part(const std::string &folder, const std::string &name) {
    std::string imagePath = findIdx(folder, name + "-images-idx3-ubyte");
    std::string labelPath = findIdx(folder, name + "-labels-idx1-ubyte");
    images = readIdx(imagePath, 3);
    labels = readIdx(labelPath, 1);
    if (labels.dimensions[0] != images.dimensions[0])
      failAt(labelPath, 4,
             fmt::format("{} labels, one for each image of {}",
                         images.dimensions[0], imagePath),
             std::to_string(labels.dimensions[0]));
    for (uint64_t i = 0; i < labels.data.size(); ++i)
      if (labels.data.data()[i] >= classCount)
        failAt(labelPath, 8 + i,
               fmt::format("a label of 0 to {}", classCount - 1),
               std::to_string(labels.data.data()[i]));
  }

  uint64_t sampleSize() const {
    return uint64_t{images.dimensions[1]} * images.dimensions[2];
  }
};

class Mnist : public Dataset {
public:
  explicit Mnist(const std::string &folder)
      : train(folder, "train"), test(folder, "t10k") {
    auto shape = [](const Part &part) {
      return std::span(part.images.dimensions).subspan(1);
    };
    if (!std::ranges::equal(shape(train), shape(test)))
      fail("{}: expected training and test images of one size, found {} and {}",
           folder, shapeText(shape(train)), shapeText(shape(test)));
  }

  std::vector<uint32_t> sampleShape() const override {
    return {train.images.dimensions[1], train.images.dimensions[2]};
  }
  uint32_t classes() const override { return classCount; }
  uint64_t size(Split split) const override {
    return part(split).images.dimensions[0];
  }
  std::span<const uint8_t> image(Split split, uint64_t index) const override {
    const Part &from = part(split);
    return from.images.data.bytes().subspan(index * from.sampleSize(),
                                            from.sampleSize());
  }
  int32_t label(Split split, uint64_t index) const override {
    return part(split).labels.data.data()[index];
  }
  uint64_t hash() const override {
    return hashOf(std::array{&train.images.data, &train.labels.data,
                             &test.images.data, &test.labels.data});
  }

private:
  const Part &part(Split split) const {
    return split == Split::Train ? train : test;
  }

  Part train, test;
};

} // namespace

std::unique_ptr<Dataset> openMnist(const std::string &folder) {
  return std::make_unique<Mnist>(folder);
}

} // namespace foregrad::runtime
