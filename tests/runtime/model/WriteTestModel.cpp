//===- WriteTestModel.cpp - The test model and its data as files ----------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
// write-test-model FOLDER writes test.fgb, external.fgb (perturbations as
// inputs), f64.fgb and the dataset data/, for tests that run fgrun itself.
//
//===----------------------------------------------------------------------===//
#include "tests/runtime/model/TestModel.h"

#include <cstdio>

using namespace foregrad;

int main(int argc, char **argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: write-test-model FOLDER\n");
    return 2;
  }
  std::string folder = argv[1];
  tests::ModelOptions external, wide;
  external.externalPerturbation = true;
  wide.precision = schema::DType::F64;
  tests::writeDataset(folder + "/data", 2000, 300, /*packed=*/true);
  tests::writeBytes(folder + "/test.fgb",
                    tests::serializeModel(tests::describeModel()));
  tests::writeBytes(folder + "/external.fgb",
                    tests::serializeModel(tests::describeModel(external)));
  tests::writeBytes(folder + "/f64.fgb",
                    tests::serializeModel(tests::describeModel(wide)));
  return 0;
}
