//===- TensorFilesTest.cpp - The program's tensors in files ---------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/trainer/TensorFiles.h"

#include "tests/runtime/support/Fixtures.h"

#include <gmock/gmock.h>

namespace foregrad::runtime {
namespace {

using namespace tests;
using testing::HasSubstr;

TEST(TensorSeries, MoreStepsThanMemoryAreRefused) {
  Artifact artifact = parseModel();
  Program program(artifact, {"gradient"}, 1);
  // The second number of bytes does not even fit 64 bits.
  for (uint64_t steps : {uint64_t{1} << 50, uint64_t{1} << 63})
    EXPECT_THAT(errorOf([&] {
                  TensorSeries(program, program.tensorsOf({Role::Gradient}),
                               steps);
                }),
                HasSubstr("bytes of memory"));
}

} // namespace
} // namespace foregrad::runtime
