//===- Images.cpp - The dataset kind `images` -----------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
// A folder with a folder `train` and a folder `test`, each of them with a
// folder for each class, each of these with image files: train/cat/1.jpg. All
// images have one height and width; where some are grey and others are not, all
// are taken for coloured. Classes and files are in the order of their names'
// bytes; hidden files are left alone.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/Images.h"

#include "runtime/support/Checked.h"
#include "runtime/support/Error.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>

namespace foregrad::runtime {

namespace {

constexpr uint64_t maximalClasses = 1u << 20;

/// Names in a folder, sorted, without those that begin with a dot.
std::vector<std::string> namesIn(const std::string &folder) {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator entries(folder, error), end;
  for (; !error && entries != end; entries.increment(error))
    if (std::string name = entries->path().filename().string();
        !name.starts_with('.'))
      names.push_back(std::move(name));
  if (error)
    fail("{}: cannot be listed: {}", folder, error.message());
  std::sort(names.begin(), names.end());
  return names;
}

/// Decoded images, one behind the other, and their labels.
struct Part {
  AlignedBytes images; ///< [count, height, width, color]
  AlignedBytes labels; ///< [count] of int32_t
  uint64_t count = 0;
  uint32_t mostColors = 0; ///< of the files
};

struct LabelledFile {
  std::string path;
  int32_t label;
};

/// Decodes all of `files`, which must be of `size`'s height and width.
Part decodeAll(const std::vector<LabelledFile> &files, const ImageSize &size) {
  const uint64_t bytes = uint64_t{size.height} * size.width * size.colors;
  const std::optional<uint64_t> all = checkedMultiply(bytes, files.size());
  if (!all || *all > machineMemory())
    fail("{} images of {} bytes each: the machine has {} bytes of memory",
         files.size(), bytes, machineMemory());
  Part part{AlignedBytes(*all, /*zeroed=*/false),
            AlignedBytes(files.size() * sizeof(int32_t), /*zeroed=*/false),
            files.size(), 0};
  for (size_t i = 0; i < files.size(); ++i) {
    const ImageFile file(files[i].path);
    if (file.size().height != size.height || file.size().width != size.width)
      fail("{}: expected an image of {} x {} pixels (height x width), found {} "
           "x {}",
           files[i].path, size.height, size.width, file.size().height,
           file.size().width);
    part.mostColors = std::max(part.mostColors, file.size().colors);
    file.decode(size.colors, {part.images.data() + i * bytes, bytes});
    std::memcpy(part.labels.data() + i * sizeof(int32_t), &files[i].label,
                sizeof(int32_t));
  }
  return part;
}

class Images : public Dataset {
public:
  Images(ImageSize size, std::vector<std::string> names, Part train, Part test)
      : imageSize(size), names(std::move(names)), train(std::move(train)),
        test(std::move(test)) {}

  std::vector<uint32_t> sampleShape() const override {
    if (imageSize.colors == 1)
      return {imageSize.height, imageSize.width};
    return {imageSize.height, imageSize.width, imageSize.colors};
  }
  uint32_t classes() const override {
    return static_cast<uint32_t>(names.size());
  }
  std::vector<std::string> classNames() const override { return names; }
  uint64_t size(Split split) const override { return part(split).count; }
  std::span<const uint8_t> image(Split split, uint64_t index) const override {
    const uint64_t bytes =
        uint64_t{imageSize.height} * imageSize.width * imageSize.colors;
    return part(split).images.bytes().subspan(index * bytes, bytes);
  }
  int32_t label(Split split, uint64_t index) const override {
    int32_t label;
    std::memcpy(&label, part(split).labels.data() + index * sizeof label,
                sizeof label);
    return label;
  }
  uint64_t hash() const override {
    return hashOf(
        std::array{&train.images, &train.labels, &test.images, &test.labels});
  }

private:
  const Part &part(Split split) const {
    return split == Split::Train ? train : test;
  }

  ImageSize imageSize;
  std::vector<std::string> names;
  Part train, test;
};

/// The files of folder/split/CLASS. Where `classes` is empty it is given what
/// there are, else there must be no others.
std::vector<LabelledFile> filesOf(const std::string &folder,
                                  std::vector<std::string> &classes) {
  if (!isFolder(folder))
    fail("{}: expected a folder of it, with a folder of images for each class, "
         "found none",
         folder);
  const std::vector<std::string> found = namesIn(folder);
  if (classes.empty())
    classes = found;
  if (classes.size() > maximalClasses)
    fail("{}: expected at most {} classes, found {}", folder, maximalClasses,
         classes.size());
  std::vector<LabelledFile> files;
  for (const std::string &name : found) {
    const std::string inside = folder + "/" + name;
    if (!isFolder(inside))
      fail("{}: expected a folder of images for each class, found the file {}",
           folder, name);
    const auto known = std::find(classes.begin(), classes.end(), name);
    if (known == classes.end())
      fail("{}: is a class that has no folder of images to learn from", inside);
    const std::vector<std::string> images = namesIn(inside);
    if (images.empty())
      fail("{}: expected JPEG or PNG images, found none", inside);
    for (const std::string &image : images) {
      if (isFolder(inside + "/" + image))
        fail("{}: expected images, found the folder {}", inside, image);
      files.push_back({inside + "/" + image,
                       static_cast<int32_t>(known - classes.begin())});
    }
  }
  if (files.empty())
    fail("{}: expected a folder of images for each class, found none", folder);
  return files;
}

} // namespace

std::unique_ptr<Dataset> openImages(const std::string &folder) {
  std::vector<std::string> classes;
  const std::vector<LabelledFile> train = filesOf(folder + "/train", classes);
  const std::vector<LabelledFile> test = filesOf(folder + "/test", classes);
  ImageSize size = ImageFile(train.front().path).size();
  Part learned = decodeAll(train, size), tested = decodeAll(test, size);
  // Where some are grey and others not, the first one does not tell.
  if (std::max(learned.mostColors, tested.mostColors) > size.colors) {
    size.colors = 3;
    learned = decodeAll(train, size);
    tested = decodeAll(test, size);
  }
  return std::make_unique<Images>(size, std::move(classes), std::move(learned),
                                  std::move(tested));
}

std::unique_ptr<Dataset> openImageFiles(const std::vector<std::string> &paths,
                                        const ImageSize &size) {
  std::vector<LabelledFile> files;
  for (const std::string &path : paths)
    files.push_back({path, 0});
  return std::make_unique<Images>(size, std::vector<std::string>{"any"}, Part(),
                                  decodeAll(files, size));
}

ImageSize imageSizeFor(const Artifact &artifact) {
  const TensorInfo &input = artifact.input();
  std::span<const uint32_t> shape = std::span(input.shape).subspan(1);
  const uint32_t colors = shape.size() == 3 ? shape[2] : 1;
  if (input.source != DType::U8 || shape.size() < 2 || shape.size() > 3 ||
      (colors != 1 && colors != 3))
    fail("{}: its input '{}' is no image of bytes, [height, width] or [height, "
         "width, color] with 1 or 3 colours: {}",
         artifact.path, input.name, shapeText(shape));
  return {shape[0], shape[1], colors};
}

} // namespace foregrad::runtime
