//===- Fixtures.h - The test model and its data, opened ---------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_TESTS_RUNTIME_SUPPORT_FIXTURES_H
#define FOREGRAD_TESTS_RUNTIME_SUPPORT_FIXTURES_H

#include "runtime/data/Dataset.h"
#include "runtime/loader/Artifact.h"
#include "tests/runtime/model/TestModel.h"

#include <memory>
#include <string>
#include <utility>

namespace foregrad::tests {

/// The artifact of this description with the code of TestModel.c; `path` is
/// what errors call it. Throws runtime::Error.
inline runtime::Artifact
parseModel(schema::ArtifactT description = describeModel(),
           const std::string &path = "model.fgb") {
  return runtime::Artifact::parse(
      path, alignedCopy(serializeModel(std::move(description))));
}

/// A dataset of writeDataset in a folder of its own.
class TestDataset {
public:
  TestDataset(uint32_t train, uint32_t test, bool packed = false) {
    writeDataset(folder.path, train, test, packed);
    data = runtime::openDataset(spec());
  }

  std::string spec() const { return "mnist:" + folder.path; }
  const runtime::Dataset &operator*() const { return *data; }
  const runtime::Dataset *operator->() const { return data.get(); }

private:
  TemporaryFolder folder;
  std::unique_ptr<runtime::Dataset> data;
};

} // namespace foregrad::tests

#endif // FOREGRAD_TESTS_RUNTIME_SUPPORT_FIXTURES_H
