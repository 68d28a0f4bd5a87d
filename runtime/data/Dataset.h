//===- Dataset.h - Where samples come from ----------------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
// A kind of dataset is one file and one line of the list in Datasets.cpp.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_DATA_DATASET_H
#define FOREGRAD_RUNTIME_DATA_DATASET_H

#include "runtime/io/File.h"
#include "runtime/loader/Artifact.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace foregrad::runtime {

/// Labelled images of 8 bits, all of one shape.
class Dataset {
public:
  enum class Split { Train, Test };

  virtual ~Dataset() = default;

  /// [height, width] or [height, width, color].
  virtual std::vector<uint32_t> sampleShape() const = 0;
  virtual uint32_t classes() const = 0;

  /// classes() names, or none where the files have none.
  virtual std::vector<std::string> classNames() const { return {}; }

  /// How many samples; at least 1.
  virtual uint64_t size(Split split) const = 0;

  /// The pixels of sample `index`, row-major; valid as long as the dataset.
  virtual std::span<const uint8_t> image(Split split, uint64_t index) const = 0;

  /// 0 <= label < classes().
  virtual int32_t label(Split split, uint64_t index) const = 0;

  /// A hash of all samples: that a resumed run sees the same data.
  virtual uint64_t hash() const = 0;
};

/// What hash() is of a dataset in these pieces, in this order.
uint64_t hashOf(std::span<const AlignedBytes *const> pieces);

/// Opens what `spec` names: "KIND:FOLDER", or just "KIND" for the copy that
/// comes with the program. Throws Error.
std::unique_ptr<Dataset> openDataset(const std::string &spec);

/// Throws Error where the artifact was compiled for other images or classes, or
/// names the classes in another order.
void checkDataset(const Dataset &dataset, const std::string &spec,
                  const Artifact &artifact);

/// MNIST's four IDX files (Mnist.cpp).
std::unique_ptr<Dataset> openMnist(const std::string &folder);

/// CIFAR-10's six binary batches (Cifar10.cpp).
std::unique_ptr<Dataset> openCifar10(const std::string &folder);

/// Image files in a folder for each class (Images.cpp).
std::unique_ptr<Dataset> openImages(const std::string &folder);

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_DATA_DATASET_H
