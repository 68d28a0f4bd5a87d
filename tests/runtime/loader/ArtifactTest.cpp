//===- ArtifactTest.cpp - What is read, and what is refused ---------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/loader/Artifact.h"

#include "runtime/abi/foregrad_abi.h"
#include "runtime/schema/Container.h"
#include "tests/runtime/model/TestModel.h"

#include <cmath>
#include <cstring>
#include <functional>
#include <ostream>

#include <gmock/gmock.h>

namespace foregrad::runtime {
namespace {

using namespace tests;
using testing::AllOf;
using testing::HasSubstr;

constexpr char fileName[] = "model.fgb";

std::string parseError(std::string_view bytes) {
  return errorOf([&] { Artifact::parse(fileName, alignedCopy(bytes)); });
}

uint32_t descriptionSize(const std::string &bytes) {
  uint32_t size;
  std::memcpy(&size, bytes.data() + 12, sizeof(size));
  return size;
}

/// Makes the checksum of an altered description right again, so that the checks
/// behind it are reached.
void sealDescription(std::string &bytes) {
  uint64_t hash = schema::hashBytes(bytes.data() + schema::containerHeaderSize,
                                    descriptionSize(bytes));
  std::memcpy(bytes.data() + 24, &hash, sizeof(hash));
}

TEST(Artifact, ReadsWhatTheWriterWrote) {
  std::string bytes = serializeModel(describeModel());
  Artifact artifact = Artifact::parse(fileName, alignedCopy(bytes));
  EXPECT_EQ(artifact.model, "Test");
  EXPECT_EQ(artifact.rule, "test-rule");
  EXPECT_EQ(artifact.batch, modelBatch);
  EXPECT_EQ(artifact.classes.size(), modelClasses);
  EXPECT_EQ(artifact.source, "model Test {}\n");
  EXPECT_EQ(artifact.precision, DType::F32);
  EXPECT_EQ(artifact.fileSize(), bytes.size());
  EXPECT_FALSE(artifact.takesPerturbations());

  const TensorInfo *weight = artifact.findTensor("linear.weight");
  ASSERT_NE(weight, nullptr);
  EXPECT_EQ(weight->role, Role::Parameter);
  EXPECT_EQ(weight->elements, modelPixels * modelClasses);
  EXPECT_EQ(weight->bytes, modelPixels * modelClasses * 4);
  EXPECT_EQ(artifact.findTensor("nothing"), nullptr);
  EXPECT_EQ(artifact.input().name, "image");
  EXPECT_EQ(artifact.entry("step").bindings.size(), 12u);
  EXPECT_EQ(*artifact.findRecipe("schedule"), "linear");

  std::string code = readBytes(FOREGRAD_TEST_MODEL_F32);
  auto segment = artifact.segmentBytes(0);
  EXPECT_EQ(std::string(segment.begin(), segment.end()), code);
}

TEST(Artifact, WritesTheSameBytesAgain) {
  EXPECT_EQ(serializeModel(describeModel()), serializeModel(describeModel()));
}

TEST(Artifact, TellsWhetherPerturbationsAreInputs) {
  ModelOptions options;
  options.externalPerturbation = true;
  Artifact artifact = Artifact::parse(
      fileName, alignedCopy(serializeModel(describeModel(options))));
  EXPECT_TRUE(artifact.takesPerturbations());
}

TEST(Artifact, RefusesEveryTruncation) {
  std::string bytes = serializeModel(describeModel());
  // All lengths through the description, then every 61st.
  size_t dense = schema::containerHeaderSize + descriptionSize(bytes) + 200;
  for (size_t size = 0; size < bytes.size(); size += size < dense ? 1 : 61)
    EXPECT_THAT(parseError(bytes.substr(0, size)), HasSubstr("model.fgb"))
        << size;
}

TEST(Artifact, RefusesEveryBitFlipInHeaderAndDescription) {
  std::string bytes = serializeModel(describeModel());
  size_t end = schema::containerHeaderSize + descriptionSize(bytes) + 64;
  for (size_t i = 0; i < end; ++i) {
    std::string altered = bytes;
    altered[i] = static_cast<char>(altered[i] ^ (1 << (i % 8)));
    EXPECT_THAT(parseError(altered), HasSubstr("model.fgb")) << "byte " << i;
  }
}

TEST(Artifact, RefusesBitFlipsInTheCode) {
  std::string bytes = serializeModel(describeModel());
  size_t start = schema::containerHeaderSize + descriptionSize(bytes);
  for (size_t i = start; i < bytes.size(); i += 97) {
    std::string altered = bytes;
    altered[i] = static_cast<char>(altered[i] ^ 0x10);
    EXPECT_THAT(parseError(altered), HasSubstr("damaged")) << "byte " << i;
  }
}

/// Behind a right checksum the structural and semantic checks stand alone:
/// whatever they let through must be usable, and nothing may crash.
TEST(Artifact, SurvivesAlteredDescriptionsWithRightChecksums) {
  std::string bytes = serializeModel(describeModel());
  size_t refused = 0, size = descriptionSize(bytes);
  for (size_t i = 0; i < size; ++i)
    for (int value : {0x00, 0x01, 0x7F, 0x80, 0xFF}) {
      std::string altered = bytes;
      altered[schema::containerHeaderSize + i] = static_cast<char>(value);
      sealDescription(altered);
      refused += !parseError(altered).empty();
    }
  EXPECT_GT(refused, size);
}

TEST(Artifact, RefusesTrailingBytes) {
  std::string bytes = serializeModel(describeModel());
  EXPECT_THAT(parseError(bytes + "x"), HasSubstr("too long"));
}

TEST(Artifact, RefusesForeignFiles) {
  EXPECT_THAT(parseError(""), HasSubstr("0 bytes"));
  EXPECT_THAT(parseError(std::string(1000, '\0')), HasSubstr("FOREGRAD"));
  EXPECT_THAT(parseError(readBytes(FOREGRAD_TEST_MODEL_F32)),
              HasSubstr("FOREGRAD"));
  EXPECT_THAT(errorOf([] { Artifact::load("/nonexistent/model.fgb"); }),
              AllOf(HasSubstr("/nonexistent/model.fgb"), HasSubstr("No such")));
  EXPECT_THAT(errorOf([] { Artifact::load("/"); }), HasSubstr("folder"));
  EXPECT_THAT(errorOf([] { Artifact::load("/dev/zero"); }),
              HasSubstr("something else"));
}

TEST(Artifact, NamesBothSchemaVersions) {
  std::string bytes = serializeModel(describeModel());
  bytes[8] = 42;
  EXPECT_THAT(parseError(bytes), AllOf(HasSubstr("schema version 42"),
                                       HasSubstr("reads version 3"),
                                       HasSubstr("compile the model again")));
}

TEST(Artifact, NamesBothAbiVersions) {
  // The writer sets the version, so it is changed in what was written.
  AlignedBytes copy = alignedCopy(serializeModel(describeModel()));
  auto *table = flatbuffers::GetMutableRoot<flatbuffers::Table>(
      copy.data() + schema::containerHeaderSize);
  table->SetField<uint32_t>(schema::Artifact::VT_ABI_VERSION, 9, 0);
  std::string altered(reinterpret_cast<const char *>(copy.data()), copy.size());
  sealDescription(altered);
  EXPECT_THAT(
      parseError(altered),
      AllOf(HasSubstr("ABI version 9"),
            HasSubstr("reads version " + std::to_string(FG_ABI_VERSION))));
}

/// Of a tensor that the entry `step` takes in panels.
void addPanels(schema::ArtifactT &description, uint32_t tensor, uint32_t depth,
               std::vector<uint32_t> widths) {
  auto panels = std::make_unique<schema::PanelsT>();
  panels->tensor = tensor;
  panels->depth = depth;
  panels->widths = std::move(widths);
  entryCodeOf(description, "step").panels.push_back(std::move(panels));
}

/// The entry `exact`, of what the test model's gradient is said to estimate:
/// without perturbations and feedback, it writes the same.
schema::EstimateT &addEstimate(schema::ArtifactT &description) {
  auto exact =
      std::make_unique<schema::EntryT>(entryOf(description, "gradient"));
  exact->name = "exact";
  for (size_t i = exact->bindings.size(); i-- > 0;) {
    schema::Role role = description.tensors[exact->bindings[i]]->role;
    if (role != schema::Role::Seed && role != schema::Role::Step)
      continue;
    exact->bindings.erase(exact->bindings.begin() + static_cast<ptrdiff_t>(i));
    exact->writes.erase(exact->writes.begin() + static_cast<ptrdiff_t>(i));
  }
  description.entries.push_back(std::move(exact));
  auto &code = description.code[0]->entries;
  code.push_back(std::make_unique<schema::EntryCodeT>(*code[2]));
  auto perturbed = std::make_unique<schema::PerturbedT>();
  perturbed->name = "linear";
  perturbed->units = 10;
  perturbed->acting = 20;
  perturbed->loss = "readout";
  perturbed->parameters = {2, 3}; // linear.weight, linear.bias
  description.estimate->exact_rule = "bp";
  description.estimate->directions = 4;
  description.estimate->law = schema::Law::Rademacher;
  description.estimate->perturbed.push_back(std::move(perturbed));
  return *description.estimate;
}

TEST(Artifact, SaysWhatItEstimates) {
  schema::ArtifactT description = describeModel();
  addEstimate(description);
  const Artifact artifact = Artifact::parse(
      fileName, alignedCopy(serializeModel(std::move(description))));
  EXPECT_EQ(artifact.estimate.exactRule, "bp");
  EXPECT_EQ(artifact.estimate.directions, 4u);
  EXPECT_EQ(artifact.estimate.law, schema::Law::Rademacher);
  ASSERT_EQ(artifact.estimate.perturbed.size(), 1u);
  const PerturbedInfo &perturbed = artifact.estimate.perturbed.front();
  EXPECT_EQ(perturbed.name, "linear");
  EXPECT_EQ(perturbed.units, 10u);
  EXPECT_EQ(perturbed.acting, 20u);
  EXPECT_EQ(perturbed.loss, "readout");
  EXPECT_FALSE(perturbed.shared);
  EXPECT_THAT(perturbed.parameters, testing::ElementsAre(2u, 3u));
}

/// An artifact need not hold it: fgc --entries.
TEST(Artifact, DoesWithoutWhatItEstimates) {
  schema::ArtifactT description = describeModel();
  addEstimate(description);
  description.entries.pop_back();
  description.code[0]->entries.pop_back();
  const Artifact artifact = Artifact::parse(
      fileName, alignedCopy(serializeModel(std::move(description))));
  EXPECT_EQ(artifact.estimate.exactRule, "bp");
  EXPECT_EQ(artifact.findEntry("exact"), nullptr);
}

/// The input's bytes, beside its numbers.
schema::TensorT &addBytes(schema::ArtifactT &description) {
  auto bytes =
      std::make_unique<schema::TensorT>(tensorOf(description, "image"));
  bytes->name = "image.bytes";
  bytes->dtype = DType::U8;
  description.tensors.push_back(std::move(bytes));
  return *description.tensors.back();
}

TEST(Artifact, HasAnInputOfNumbersAndOfBytes) {
  schema::ArtifactT description = describeModel();
  addBytes(description);
  std::swap(description.tensors[0], description.tensors.back());
  for (auto &entry : description.entries)
    for (uint32_t &tensor : entry->bindings)
      if (tensor == 0)
        tensor = static_cast<uint32_t>(description.tensors.size()) - 1;
  const Artifact artifact = Artifact::parse(
      fileName, alignedCopy(serializeModel(std::move(description))));
  EXPECT_EQ(artifact.input().name, "image");
  EXPECT_EQ(artifact.tensors.front().dtype, DType::U8);
}

struct Mistake {
  std::string name;
  std::function<void(schema::ArtifactT &)> make;
  std::string message;
};

/// Names the test in the list of tests.
void PrintTo(const Mistake &mistake, std::ostream *stream) {
  *stream << mistake.name;
}

class ArtifactMistake : public testing::TestWithParam<Mistake> {};

TEST_P(ArtifactMistake, IsRefused) {
  schema::ArtifactT description = describeModel();
  GetParam().make(description);
  EXPECT_THAT(parseError(serializeModel(std::move(description))),
              AllOf(HasSubstr("model.fgb: "), HasSubstr(GetParam().message)));
}

using Description = schema::ArtifactT;

std::vector<Mistake> mistakes() {
  return {
      {"BatchZero", [](Description &d) { d.batch = 0; }, "batch of 1 or more"},
      {"NoClasses", [](Description &d) { d.classes.clear(); }, "one class"},
      {"IntegerPrecision", [](Description &d) { d.precision = DType::I32; },
       "precision"},
      {"NoCode", [](Description &d) { d.code.clear(); }, "native code"},
      {"NoModelName", [](Description &d) { d.model.clear(); }, "model"},
      {"ControlCharacter",
       [](Description &d) { d.tensors[0]->name = "a\x1b[2J"; }, "control"},
      {"NotUtf8", [](Description &d) { d.source = "\xC0\x80"; }, "UTF-8"},
      {"SurrogateInUtf8", [](Description &d) { d.source = "\xED\xA0\x80"; },
       "UTF-8"},
      {"TensorTwice", [](Description &d) { d.tensors[12]->name = "loss"; },
       "'loss' twice"},
      {"EntryTwice", [](Description &d) { d.entries[1]->name = "init"; },
       "'init' twice"},
      {"RecipeKeyTwice", [](Description &d) { d.recipe[1]->key = "epochs"; },
       "'epochs' twice"},
      {"AxisWithoutName",
       [](Description &d) { tensorOf(d, "linear.weight").axes.pop_back(); },
       "a name for each of the 2 axes"},
      {"SizeZero",
       [](Description &d) { tensorOf(d, "linear.weight").shape[0] = 0; },
       "sizes of 1 or more"},
      {"ShapeOverflows",
       [](Description &d) {
         tensorOf(d, "linear.bias").shape = {1u << 31, 1u << 31, 1u << 31};
         tensorOf(d, "linear.bias").axes = {"a", "b", "c"};
       },
       "at most 1099511627776 bytes"},
      {"ShapeTooLarge",
       [](Description &d) {
         tensorOf(d, "linear.bias").shape = {1u << 31, 1u << 10};
         tensorOf(d, "linear.bias").axes = {"a", "b"};
       },
       "at most 1099511627776 bytes"},
      {"TooManyAxes",
       [](Description &d) {
         tensorOf(d, "linear.bias").shape.assign(17, 1);
         tensorOf(d, "linear.bias").axes.assign(17, "a");
       },
       "at most 16 axes"},
      {"UnknownRole",
       [](Description &d) { d.tensors[0]->role = static_cast<Role>(99); },
       "role"},
      {"UnknownType",
       [](Description &d) { d.tensors[0]->dtype = static_cast<DType>(6); },
       "type"},
      {"IntegerParameter",
       [](Description &d) { tensorOf(d, "linear.bias").dtype = DType::I32; },
       "floating"},
      {"InputOfOtherBatch",
       [](Description &d) { tensorOf(d, "image").shape[0] = 8; },
       "batch of 16"},
      {"LabelOfOtherType",
       [](Description &d) { tensorOf(d, "label").dtype = DType::U8; }, "I32"},
      {"TwoInputs",
       [](Description &d) {
         tensorOf(d, "losses").role = Role::Input;
         tensorOf(d, "losses").shape = {16, 2};
         tensorOf(d, "losses").axes = {"a", "b"};
       },
       "one for bytes at most, found 'image' and 'losses'"},
      {"NoInput",
       [](Description &d) { tensorOf(d, "image").role = Role::Output; },
       "a tensor of role Input, found none"},
      {"LimitThatReads",
       [](Description &d) {
         auto limit = std::make_unique<schema::EntryT>(entryOf(d, "predict"));
         limit->name = "limit";
         d.entries.push_back(std::move(limit));
         auto &code = d.code[0]->entries;
         code.push_back(std::make_unique<schema::EntryCodeT>(*code.back()));
       },
       "entry 'limit': expected not to read 'image'"},
      {"BytesOfOtherShape",
       [](Description &d) { addBytes(d).shape = {16, 8, 4}; }, "[16, 8, 8]"},
      {"BytesOfNumbers",
       [](Description &d) {
         addBytes(d);
         tensorOf(d, "image").source = DType::F32;
       },
       "raw data of type U8"},
      {"BytesFromNumbers",
       [](Description &d) { addBytes(d).source = DType::F32; },
       "raw data of type U8"},
      {"SeedOfOtherType",
       [](Description &d) { tensorOf(d, "seed").dtype = DType::I32; }, "U64"},
      {"LogitsOfOtherShape",
       [](Description &d) { tensorOf(d, "logits").shape[1] = 11; }, "[16, 10]"},
      {"GradientOfNothing",
       [](Description &d) { tensorOf(d, "linear.bias.grad").name = "x.grad"; },
       "the name of a parameter"},
      {"GradientOfOtherShape",
       [](Description &d) { tensorOf(d, "linear.bias.grad").shape[0] = 9; },
       "[10]"},
      {"HyperWithoutTensor",
       [](Description &d) { d.hypers[0]->name = "speed"; }, "hyper 'speed'"},
      {"TensorWithoutHyper", [](Description &d) { d.hypers.pop_back(); },
       "'momentum'"},
      {"HyperNotFinite", [](Description &d) { d.hypers[0]->value = INFINITY; },
       "finite"},
      {"HyperBelowItsLeast", [](Description &d) { d.hypers[1]->least = 0.95; },
       "hyper 'momentum': expected a number from 0.95 to 2, found 0.9"},
      {"HyperWithoutLimit",
       [](Description &d) { d.hypers[1]->most = INFINITY; }, "to inf"},
      {"UnknownEntry", [](Description &d) { d.entries[0]->name = "start"; },
       "entry 'start'"},
      {"SymbolEmpty",
       [](Description &d) { entryCodeOf(d, "init").symbol.clear(); },
       "code 0: entry 'init': symbol"},
      {"BindingOutOfRange",
       [](Description &d) { entryOf(d, "step").bindings[3] = 17; },
       "one of the 17 tensors, found 17"},
      {"BindingTwice",
       [](Description &d) { entryOf(d, "step").bindings[3] = 2; }, "twice"},
      {"WriteFlagMissing",
       [](Description &d) { entryOf(d, "step").writes.pop_back(); },
       "a write flag for each"},
      {"WriteFlagOfTwo",
       [](Description &d) { entryOf(d, "step").writes[2] = 2; }, "0 or 1"},
      {"StepWritesInput",
       [](Description &d) { entryOf(d, "step").writes[0] = 1; },
       "not to write 'image'"},
      {"EvalWritesParameter",
       [](Description &d) { entryOf(d, "eval").writes[2] = 1; },
       "not to write 'linear.weight'"},
      {"PredictReadsLabel",
       [](Description &d) { entryOf(d, "predict").bindings[1] = 1; },
       "not to read 'label'"},
      {"StepWithoutLoss",
       [](Description &d) {
         entryOf(d, "step").bindings.erase(entryOf(d, "step").bindings.end() -
                                           2);
         entryOf(d, "step").writes.pop_back();
       },
       "expected to write 'loss'"},
      {"InitForgetsParameter",
       [](Description &d) {
         entryOf(d, "init").bindings.pop_back();
         entryOf(d, "init").writes.pop_back();
       },
       "expected to write 'linear.feedback.weight'"},
      {"ArenaTooLarge",
       [](Description &d) { entryCodeOf(d, "init").arena_bytes = UINT64_MAX; },
       "code 0: entry 'init': expected at most 1099511627776 bytes of memory, "
       "found an arena of"},
      {"FlopsNegative",
       [](Description &d) { entryCodeOf(d, "step").flops = -1; },
       "code 0: entry 'step': expected a number of operations, found -1"},
      {"KernelNeverCalled",
       [](Description &d) {
         auto kernel = std::make_unique<schema::KernelT>();
         kernel->trips = 0;
         entryCodeOf(d, "step").kernels.push_back(std::move(kernel));
       },
       "code 0: entry 'step': expected a kernel's operations"},
      {"PanelsOfWhatIsNotBound",
       [](Description &d) { addPanels(d, 14, 64, {4, 6}); },
       "code 0: entry 'step': expected panels of a tensor that the entry "
       "binds, "
       "found tensor 14"},
      {"PanelsTwice",
       [](Description &d) {
         addPanels(d, 2, 64, {4, 6});
         addPanels(d, 2, 64, {6, 4});
       },
       "expected panels of each tensor once, found tensor 2 twice"},
      {"PanelsOfPartsOfMatrices",
       [](Description &d) { addPanels(d, 2, 64, {4, 5}); },
       "expected panels of whole matrices of 'linear.weight', which has 640 "
       "elements, found 64 rows of 4 + 5 columns"},
      {"PanelsOfNothing", [](Description &d) { addPanels(d, 2, 64, {}); },
       "expected panels of whole matrices"},
      {"PanelsOfNoRows", [](Description &d) { addPanels(d, 2, 0, {4, 6}); },
       "expected panels of whole matrices"},
      {"PanelsOfNoColumns",
       [](Description &d) { addPanels(d, 2, 64, {10, 0}); },
       "expected panels of whole matrices"},
      {"PanelsBeyondCounting",
       [](Description &d) {
         addPanels(d, 2, 1u << 31, std::vector<uint32_t>(64, 1u << 31));
       },
       "expected panels of whole matrices"},
      {"ExactOfAnExactRule",
       [](Description &d) { addEstimate(d).exact_rule = d.rule; },
       "stands in for no other: expected no entry 'exact', found one"},
      {"ExactReadsSeed",
       [](Description &d) {
         addEstimate(d);
         d.entries.back()->bindings.push_back(8);
         d.entries.back()->writes.push_back(0);
       },
       "entry 'exact': expected not to read 'seed'"},
      {"ExactForgetsGradient",
       [](Description &d) {
         addEstimate(d);
         schema::EntryT &exact = *d.entries.back();
         auto weight = std::ranges::find(exact.bindings, 14u);
         exact.writes.erase(exact.writes.begin() +
                            (weight - exact.bindings.begin()));
         exact.bindings.erase(weight);
       },
       "entry 'exact': expected to write 'linear.weight.grad'"},
      {"DirectionsOfNothing",
       [](Description &d) { addEstimate(d).perturbed.clear(); },
       "found 0 for 4"},
      {"PerturbedWithoutDirections",
       [](Description &d) { addEstimate(d).directions = 0; }, "found 1 for 0"},
      {"UnknownLaw",
       [](Description &d) { addEstimate(d).law = static_cast<schema::Law>(3); },
       "law of perturbations"},
      {"PerturbedTwice",
       [](Description &d) {
         auto &perturbed = addEstimate(d).perturbed;
         perturbed.push_back(
             std::make_unique<schema::PerturbedT>(*perturbed.front()));
       },
       "names of perturbations, found 'linear' twice"},
      {"PerturbedWithoutUnits",
       [](Description &d) { addEstimate(d).perturbed[0]->units = 0; },
       "1 or more units"},
      {"MoreUnitsThanAct",
       [](Description &d) { addEstimate(d).perturbed[0]->units = 21; },
       "no more than the 20 that act together, found 21"},
      {"PerturbedParameterOutOfRange",
       [](Description &d) { addEstimate(d).perturbed[0]->parameters[0] = 17; },
       "one of the 17 tensors, found 17"},
      {"PerturbedParameterTwice",
       [](Description &d) { addEstimate(d).perturbed[0]->parameters[0] = 3; },
       "found 'linear.bias' twice"},
      {"PerturbedInput",
       [](Description &d) { addEstimate(d).perturbed[0]->parameters[0] = 0; },
       "found 'image'"},
      {"CodeWithoutSegment", [](Description &d) { d.code[0]->segment = 1; },
       "code 0: expected one of the 1 segments, found 1"},
      {"CodeForFewerEntries",
       [](Description &d) { d.code[0]->entries.pop_back(); },
       "code 0: expected each of the 6 entries, found 5"},
      {"SecondCodeForMoreEntries",
       [](Description &d) {
         auto second = std::make_unique<schema::CodeT>(*d.code[0]);
         second->entries.push_back(
             std::make_unique<schema::EntryCodeT>(*second->entries[0]));
         d.code.push_back(std::move(second));
       },
       "code 1: expected each of the 6 entries, found 7"},
      {"TwoCodesForOneProcessor",
       [](Description &d) {
         d.code.push_back(std::make_unique<schema::CodeT>(*d.code[0]));
       },
       "expected one piece of code for a processor, found two for generic"},
  };
}

INSTANTIATE_TEST_SUITE_P(All, ArtifactMistake, testing::ValuesIn(mistakes()),
                         [](const auto &info) { return info.param.name; });

/// One string that many fields share takes little room in a file and would take
/// very much when copied out.
TEST(Artifact, RefusesTextThatGrowsWhenRead) {
  flatbuffers::FlatBufferBuilder builder;
  auto text = builder.CreateString(std::string(1u << 20, 'x'));
  std::vector<flatbuffers::Offset<flatbuffers::String>> many(4096, text);
  auto texts = builder.CreateVector(many);
  auto none = builder.CreateVector(
      std::vector<flatbuffers::Offset<flatbuffers::String>>());
  auto empty = builder.CreateString("e");
  auto noTables =
      builder.CreateVector(std::vector<flatbuffers::Offset<void>>());
  auto estimate = schema::CreateEstimate(
      builder, empty, 0, schema::Law::Gaussian,
      builder.CreateVector(
          std::vector<flatbuffers::Offset<schema::Perturbed>>()));
  using schema::Artifact;
  flatbuffers::uoffset_t start = builder.StartTable();
  builder.AddElement<uint32_t>(Artifact::VT_SCHEMA_VERSION,
                               schema::schemaVersion, 0);
  builder.AddElement<uint32_t>(Artifact::VT_ABI_VERSION, FG_ABI_VERSION, 0);
  for (auto field :
       {Artifact::VT_COMPILER_VERSION, Artifact::VT_SOURCE_NAME,
        Artifact::VT_SOURCE, Artifact::VT_MODEL, Artifact::VT_RULE})
    builder.AddOffset(field, empty);
  builder.AddOffset(Artifact::VT_FLAGS, texts);
  builder.AddOffset(Artifact::VT_ESTIMATE, estimate);
  builder.AddOffset(Artifact::VT_CLASSES, none);
  builder.AddOffset(Artifact::VT_REMARKS, none);
  for (auto field :
       {Artifact::VT_TENSORS, Artifact::VT_ENTRIES, Artifact::VT_HYPERS,
        Artifact::VT_RECIPE, Artifact::VT_CODE, Artifact::VT_SEGMENTS})
    builder.AddOffset(field, noTables);
  flatbuffers::Offset<Artifact> root(builder.EndTable(start));
  schema::FinishArtifactBuffer(builder, root);

  schema::ContainerHeader header = {
      schema::schemaVersion, builder.GetSize(),
      schema::alignToContainer(schema::containerHeaderSize + builder.GetSize()),
      schema::hashBytes(builder.GetBufferPointer(), builder.GetSize())};
  std::string bytes = "FOREGRAD";
  bytes.append(reinterpret_cast<const char *>(&header), sizeof(header));
  bytes.append(reinterpret_cast<const char *>(builder.GetBufferPointer()),
               builder.GetSize());
  bytes.resize(header.fileSize);
  EXPECT_THAT(parseError(bytes),
              HasSubstr("expected a description of at most"));
}

} // namespace
} // namespace foregrad::runtime
