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

/// Loads the piece of code that this machine is to run.
Code load(const Artifact &artifact) {
  return Code(artifact, selectCode(artifact));
}

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
  Code code = load(artifact);
  EXPECT_NE(code.entry(artifact.entry("step")), nullptr);
}

/// The dynamic linker knows what is loaded by its name, so names must differ as
/// long as both live.
TEST(Code, LoadsSeveralAtOnce) {
  ModelOptions wide;
  wide.precision = DType::F64;
  Artifact first = parseModel(describeModel());
  Artifact second = parseModel(describeModel(wide));
  Code firstCode = load(first), secondCode = load(second),
       firstAgain = load(first);
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
  EXPECT_THAT(errorOf([&] { load(artifact); }),
              AllOf(HasSubstr("model.fgb"), HasSubstr("enterprise"),
                    HasSubstr("lacks quantum, warp-drive"),
                    HasSubstr("--cpu NAME"), HasSubstr("test.fg")));
}

/// The test model with another piece of code before its own.
schema::ArtifactT withBetter(const std::string &cpu) {
  schema::ArtifactT description = describeModel();
  auto better = std::make_unique<schema::CodeT>(*description.code[0]);
  better->cpu = cpu;
  description.code.insert(description.code.begin(), std::move(better));
  return description;
}

TEST(Code, TakesTheFirstThatRuns) {
  EXPECT_EQ(selectCode(parseModel(withBetter("better"))).cpu, "better");

  schema::ArtifactT tooGood = withBetter("better");
  tooGood.code[0]->features = {"quantum"};
  EXPECT_EQ(selectCode(parseModel(std::move(tooGood))).cpu, "generic");

  schema::ArtifactT foreign = withBetter("generic");
  foreign.code[0]->triple = "riscv64-unknown-linux-gnu";
  EXPECT_EQ(selectCode(parseModel(std::move(foreign))).triple,
            describeModel().code[0]->triple);
}

TEST(Code, SaysOfEachPieceWhyItDoesNotRun) {
  schema::ArtifactT description = withBetter("better");
  description.code[0]->features = {"quantum"};
  description.code[1]->triple = "riscv64-unknown-linux-gnu";
  Artifact artifact = parseModel(std::move(description));
  EXPECT_THAT(errorOf([&] { selectCode(artifact); }),
              AllOf(HasSubstr("code for better: this processor lacks quantum"),
                    HasSubstr("code for generic: it is for riscv64-unknown-"
                              "linux-gnu, this machine is ")));
}

TEST(Code, TakesThePieceThatTheEnvironmentNames) {
  setenv(codeVariable, "generic", 1);
  Artifact artifact = parseModel(withBetter("better"));
  EXPECT_EQ(selectCode(artifact).cpu, "generic");
  setenv(codeVariable, "pentium3", 1);
  EXPECT_THAT(errorOf([&] { selectCode(artifact); }),
              AllOf(HasSubstr("no code for pentium3, which FOREGRAD_CPU"),
                    HasSubstr("it has code for better, generic")));
  setenv(codeVariable, "better", 1);
  schema::ArtifactT tooGood = withBetter("better");
  tooGood.code[0]->features = {"quantum"};
  Artifact cannot = parseModel(std::move(tooGood));
  EXPECT_THAT(errorOf([&] { load(cannot); }),
              HasSubstr("cannot run the code for better: this processor lacks "
                        "quantum"));
  setenv(codeVariable, "", 1);
  EXPECT_EQ(selectCode(artifact).cpu, "better");
  unsetenv(codeVariable);
}

TEST(Code, TakesSymbolsAndSizesOfItsOwnPiece) {
  schema::ArtifactT description = withBetter("better");
  for (auto &entry : description.code[0]->entries)
    entry->symbol = "testNothing";
  description.code[1]->entries[1]->arena_bytes = 32768;
  Artifact artifact = parseModel(std::move(description));
  const EntryInfo &step = artifact.entry("step");
  Code better(artifact, artifact.code[0]), generic(artifact, artifact.code[1]);
  EXPECT_THAT(errorOf([&] { better.entry(step); }), HasSubstr("testNothing"));
  EXPECT_NE(generic.entry(step), nullptr);
  EXPECT_EQ(better.info().entry(step).arenaBytes, 16384u);
  EXPECT_EQ(generic.info().entry(step).arenaBytes, 32768u);
}

TEST(Code, RefusesOtherArchitecturesAndTargets) {
  schema::ArtifactT other = describeModel();
  other.code[0]->triple = "riscv64-unknown-linux-gnu";
  Artifact foreign = parseModel(std::move(other));
  EXPECT_THAT(errorOf([&] { load(foreign); }), HasSubstr("riscv64"));

  schema::ArtifactT gpu = describeModel();
  gpu.code[0]->target = "cuda";
  Artifact cuda = parseModel(std::move(gpu));
  EXPECT_THAT(errorOf([&] { load(cuda); }), HasSubstr("cuda"));
}

TEST(Code, RefusesWhatIsNoSharedObject) {
  EXPECT_THAT(errorOf([] { load(withCode("")); }), HasSubstr("ELF"));
  EXPECT_THAT(errorOf([] { load(withCode(std::string(4096, 'x'))); }),
              HasSubstr("ELF"));
  std::string executable = readBytes(FOREGRAD_TEST_MODEL_F32);
  executable[16] = 2; // e_type: ET_EXEC
  EXPECT_THAT(errorOf([&] { load(withCode(executable)); }),
              HasSubstr("shared object"));
  std::string foreign = readBytes(FOREGRAD_TEST_MODEL_F32);
  foreign[18] = static_cast<char>(243); // e_machine: RISC-V
  EXPECT_THAT(errorOf([&] { load(withCode(foreign)); }),
              HasSubstr("machine 243"));
}

TEST(Code, RefusesAnObjectThatEndsInItsHeader) {
  std::string code = readBytes(FOREGRAD_TEST_MODEL_F32).substr(0, 100);
  EXPECT_THAT(errorOf([&] { load(withCode(code)); }),
              HasSubstr("cannot load the code"));
}

TEST(Code, NamesAMissingSymbol) {
  schema::ArtifactT description = describeModel();
  entryCodeOf(description, "step").symbol = "testNothing";
  Artifact artifact = parseModel(std::move(description));
  Code code = load(artifact);
  EXPECT_THAT(errorOf([&] { code.entry(artifact.entry("step")); }),
              AllOf(HasSubstr("'step'"), HasSubstr("'testNothing'")));
}

} // namespace
} // namespace foregrad::runtime
