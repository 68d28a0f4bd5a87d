//===- TestModel.h - A small compiled model, without a compiler -*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
// TestModel.c as an artifact, and data that it can learn, for tests of the
// runtime.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_TESTS_RUNTIME_MODEL_TESTMODEL_H
#define FOREGRAD_TESTS_RUNTIME_MODEL_TESTMODEL_H

#include "runtime/io/File.h"
#include "runtime/schema/artifact_generated.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace foregrad::tests {

inline constexpr uint32_t modelBatch = 16;
inline constexpr uint32_t modelPixels = 64; ///< 8 x 8
inline constexpr uint32_t modelClasses = 10;

struct ModelOptions {
  schema::DType precision = schema::DType::F32;
  bool externalPerturbation = false;
};

/// The description of the artifact; tests alter it before they serialize it.
schema::ArtifactT describeModel(const ModelOptions &options = {});

/// The bytes of a .fgb: the description with the compiled TestModel.c as its
/// segment "cpu".
std::string serializeModel(schema::ArtifactT description);

/// The description's tensor, entry, and what its first piece of code has for an
/// entry: to alter them.
schema::TensorT &tensorOf(schema::ArtifactT &description,
                          std::string_view name);
schema::EntryT &entryOf(schema::ArtifactT &description, std::string_view name);
schema::EntryCodeT &entryCodeOf(schema::ArtifactT &description,
                                std::string_view name);

std::string readBytes(const std::string &path);
void writeBytes(const std::string &path, std::string_view bytes);

/// As the parsers want them.
runtime::AlignedBytes alignedCopy(std::string_view bytes);

/// The bytes of an IDX file: magic, dimensions, data.
std::string idxBytes(uint32_t magic, std::initializer_list<uint32_t> dimensions,
                     std::string_view data);
std::string gzipBytes(std::string_view bytes);

/// Writes the four files of a dataset of 8 x 8 images that logistic regression
/// learns: `train` and `test` samples. Where `packed`, as .gz.
void writeDataset(const std::string &folder, uint32_t train, uint32_t test,
                  bool packed = false);

/// A folder of its own, removed with all in it.
class TemporaryFolder {
public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;

  std::string operator/(std::string_view name) const {
    return path + "/" + std::string(name);
  }
  std::string path;
};

/// The message of the runtime::Error that `action` throws; "" where it throws
/// none. Any other exception fails the test.
template <typename Action> std::string errorOf(Action action);

} // namespace foregrad::tests

#include "runtime/support/Error.h"

template <typename Action> std::string foregrad::tests::errorOf(Action action) {
  try {
    action();
  } catch (const runtime::Error &error) {
    return error.what();
  }
  return "";
}

#endif // FOREGRAD_TESTS_RUNTIME_MODEL_TESTMODEL_H
