//===- Datasets.cpp - The kinds of datasets, by name ----------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/Dataset.h"

#include "runtime/io/File.h"
#include "runtime/schema/Container.h"
#include "runtime/support/Error.h"

#include <cstdlib>
#include <filesystem>

#include <fmt/ranges.h>

namespace foregrad::runtime {

namespace {

struct Kind {
  std::string_view name;
  std::string_view folder; ///< what its own copy may also be called
  std::unique_ptr<Dataset> (*open)(const std::string &folder);
};

constexpr Kind kinds[] = {
    {"mnist", "mnist", openMnist},
    {"cifar10", "cifar-10-batches-bin", openCifar10},
    {"images", "images", openImages},
};

/// Where the program's own copies of datasets may lie, best first.
std::vector<std::string> datasetFolders() {
  std::vector<std::string> folders;
  for (const char *variable : {"FOREGRAD_DATASETS", "FOREGRAD_DATA"})
    if (const char *set = std::getenv(variable); set && *set)
      folders.push_back(set);
  std::error_code error;
  std::filesystem::path program =
      std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error)
    folders.push_back(
        (program.parent_path().parent_path() / "share/foregrad/datasets")
            .string());
#ifdef FOREGRAD_SOURCE_DATASETS
  folders.push_back(FOREGRAD_SOURCE_DATASETS);
#endif
  return folders;
}

std::string ownCopy(const Kind &kind) {
  std::vector<std::string> folders = datasetFolders();
  for (const std::string &folder : folders)
    for (std::string_view name : {kind.name, kind.folder})
      if (std::string path = fmt::format("{}/{}", folder, name); isFolder(path))
        return path;
  fail("--data {}: no copy found in {}: give its folder, as {}:FOLDER, or set "
       "FOREGRAD_DATASETS",
       kind.name, fmt::join(folders, ", "), kind.name);
}

} // namespace

uint64_t hashOf(std::span<const AlignedBytes *const> pieces) {
  std::vector<uint64_t> hashes;
  for (const AlignedBytes *piece : pieces)
    hashes.push_back(schema::hashBytes(piece->data(), piece->size()));
  return schema::hashBytes(hashes.data(), hashes.size() * sizeof(uint64_t));
}

std::unique_ptr<Dataset> openDataset(const std::string &spec) {
  size_t colon = spec.find(':');
  std::string name = spec.substr(0, colon);
  for (const Kind &kind : kinds) {
    if (kind.name != name)
      continue;
    if (colon == std::string::npos)
      return kind.open(ownCopy(kind));
    std::string folder = spec.substr(colon + 1);
    if (!isFolder(folder))
      fail("--data {}: '{}' is not a folder", spec, folder);
    return kind.open(folder);
  }
  failUsage(
      "--data {}: expected mnist:FOLDER, cifar10:FOLDER or images:FOLDER, "
      "or just mnist for the copy that comes with the program",
      spec);
}

void checkDataset(const Dataset &dataset, const std::string &spec,
                  const Artifact &artifact) {
  auto withoutOnes = [](std::span<const uint32_t> shape) {
    std::vector<uint32_t> result;
    for (uint32_t size : shape)
      if (size != 1)
        result.push_back(size);
    return result;
  };
  const TensorInfo &input = artifact.input();
  std::span<const uint32_t> expected = std::span(input.shape).subspan(1);
  std::vector<uint32_t> found = dataset.sampleShape();
  if (input.source != DType::U8)
    fail("{}: its input '{}' is not an 8-bit image; {} has only such",
         artifact.path, input.name, spec);
  if (withoutOnes(expected) != withoutOnes(found))
    fail("{}: was compiled for images of {}, {} has {}", artifact.path,
         shapeText(expected), spec, shapeText(found));
  if (dataset.classes() != artifact.classes.size())
    fail("{}: was compiled for {} classes, {} has {}", artifact.path,
         artifact.classes.size(), spec, dataset.classes());
  // A model may call its classes as it likes, but the same name at two places
  // is a mistake that would show in every prediction.
  std::vector<std::string> names = dataset.classNames();
  for (size_t i = 0; i < names.size(); ++i)
    for (size_t j = 0; j < names.size(); ++j)
      if (i != j && names[i] == artifact.classes[j])
        fail("{}: was compiled with '{}' as class {}, in {} it is class {}",
             artifact.path, names[i], j, spec, i);
}

} // namespace foregrad::runtime
