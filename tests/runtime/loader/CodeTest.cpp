//===- CodeTest.cpp - Loading native code ---------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/loader/Code.h"

#include "compiler/artifact/ArtifactWriter.h"
#include "runtime/loader/CpuFeatures.h"
#include "tests/runtime/support/Fixtures.h"

#include <set>

#include <gmock/gmock.h>

namespace foregrad::runtime {
namespace {

using namespace tests;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Artifact withCode(std::string_view code) {
  schema::ArtifactT description = describeModel();
  compiler::SegmentPayload payload = {"cpu", code};
  return Artifact::parse("model.fgb", alignedCopy(compiler::serializeArtifact(
                                          description, {&payload, 1})));
}

TEST(CpuFeatures, KnowsBothSpellings) {
  const std::set<std::string, std::less<>> present = {"sse4_2", "avx512_bf16",
                                                      "abm", "pni", "fma"};
  const std::vector<std::string> required = {
      "sse4.2", "sse4_2", "avx512bf16", "avx512_bf16", "lzcnt",
      "sse3",   "fma",    "avx512f",    "amx-tile"};
  EXPECT_THAT(missingFeatures(required, present),
              ElementsAre("avx512f", "amx-tile"));
}

TEST(CpuFeatures, RefusesNothingWhereNothingIsKnown) {
  const std::vector<std::string> required = {"avx512f"};
  EXPECT_THAT(missingFeatures(required, {}), IsEmpty());
}

TEST(Code, FindsEntries) {
  Artifact artifact = parseModel(describeModel());
  Code code(artifact);
  EXPECT_NE(code.entry(artifact.entry("step")), nullptr);
}

/// The dynamic linker knows what is loaded by its name, so names must differ as
/// long as both live.
TEST(Code, LoadsSeveralAtOnce) {
  ModelOptions wide;
  wide.precision = DType::F64;
  Artifact first = parseModel(describeModel());
  Artifact second = parseModel(describeModel(wide));
  Code firstCode(first), secondCode(second), firstAgain(first);
  std::set<fg_entry> steps;
  for (const auto &[code, artifact] :
       {std::pair(&firstCode, &first), std::pair(&secondCode, &second),
        std::pair(&firstAgain, &first)})
    steps.insert(code->entry(artifact->entry("step")));
  EXPECT_EQ(steps.size(), 3u);
}

TEST(Code, NamesMissingFeaturesAndTheRemedy) {
  schema::ArtifactT description = describeModel();
  description.code[0]->features = {"sse2", "quantum", "warp-drive"};
  description.code[0]->cpu = "enterprise";
  Artifact artifact = parseModel(std::move(description));
  EXPECT_THAT(errorOf([&] { Code code(artifact); }),
              AllOf(HasSubstr("model.fgb"), HasSubstr("enterprise"),
                    HasSubstr("lacks quantum, warp-drive"),
                    HasSubstr("--cpu NAME"), HasSubstr("test.fg")));
}

TEST(Code, TakesTheFirstThatRuns) {
  schema::ArtifactT description = describeModel();
  auto better = std::make_unique<schema::CodeT>(*description.code[0]);
  better->features = {"quantum"};
  better->cpu = "better";
  description.code.insert(description.code.begin(), std::move(better));
  EXPECT_EQ(selectCode(parseModel(std::move(description))).cpu, "generic");
}

TEST(Code, RefusesOtherArchitecturesAndTargets) {
  schema::ArtifactT other = describeModel();
  other.code[0]->triple = "riscv64-unknown-linux-gnu";
  Artifact foreign = parseModel(std::move(other));
  EXPECT_THAT(errorOf([&] { Code code(foreign); }), HasSubstr("riscv64"));

  schema::ArtifactT gpu = describeModel();
  gpu.code[0]->target = "cuda";
  Artifact cuda = parseModel(std::move(gpu));
  EXPECT_THAT(errorOf([&] { Code code(cuda); }), HasSubstr("cuda"));
}

TEST(Code, RefusesWhatIsNoSharedObject) {
  EXPECT_THAT(errorOf([] { Code code(withCode("")); }), HasSubstr("ELF"));
  EXPECT_THAT(errorOf([] { Code code(withCode(std::string(4096, 'x'))); }),
              HasSubstr("ELF"));
  std::string executable = readBytes(FOREGRAD_TEST_MODEL_F32);
  executable[16] = 2; // e_type: ET_EXEC
  EXPECT_THAT(errorOf([&] { Code code(withCode(executable)); }),
              HasSubstr("shared object"));
  std::string foreign = readBytes(FOREGRAD_TEST_MODEL_F32);
  foreign[18] = static_cast<char>(243); // e_machine: RISC-V
  EXPECT_THAT(errorOf([&] { Code code(withCode(foreign)); }),
              HasSubstr("machine 243"));
}

TEST(Code, RefusesAnObjectThatEndsInItsHeader) {
  std::string code = readBytes(FOREGRAD_TEST_MODEL_F32).substr(0, 100);
  EXPECT_THAT(errorOf([&] { Code loaded(withCode(code)); }),
              HasSubstr("cannot load the code"));
}

TEST(Code, NamesAMissingSymbol) {
  schema::ArtifactT description = describeModel();
  entryOf(description, "step").symbol = "testNothing";
  Artifact artifact = parseModel(std::move(description));
  Code code(artifact);
  EXPECT_THAT(errorOf([&] { code.entry(artifact.entry("step")); }),
              AllOf(HasSubstr("'step'"), HasSubstr("'testNothing'")));
}

} // namespace
} // namespace foregrad::runtime
