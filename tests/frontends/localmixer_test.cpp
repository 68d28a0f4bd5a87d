//===- localmixer_test.cpp - The LocalMixers are those of the paper -------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Numbers of parameters against the paper's table; losses against the golden
// values, computed by the dialect's f64 reference.
//
//===----------------------------------------------------------------------===//

#include "dialects/fg/Evaluate.h"
#include "tests/frontends/Compile.h"
#include "llvm/Support/JSON.h"
#include <cstring>
#include <gtest/gtest.h>
#include <numeric>

using namespace foregrad;

namespace {

const std::string kSamples = FOREGRAD_SAMPLES;
const std::string kGolden = FOREGRAD_GOLDEN;

std::string readFile(const std::string &path) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  EXPECT_TRUE(bool(buffer)) << path;
  return buffer ? (*buffer)->getBuffer().str() : "";
}

/// The arrays of a safetensors file, as f64. Trusted files only.
fg::Buffers readTensors(const std::string &path) {
  std::string bytes = readFile(path);
  uint64_t headerSize = 0;
  std::memcpy(&headerSize, bytes.data(), sizeof headerSize);
  llvm::Expected<llvm::json::Value> header =
      llvm::json::parse(llvm::StringRef(bytes).substr(8, headerSize));
  fg::Buffers tensors;
  if (!header) {
    ADD_FAILURE() << path << ": " << llvm::toString(header.takeError());
    return tensors;
  }
  for (const auto &[name, value] : *header->getAsObject()) {
    const llvm::json::Object &entry = *value.getAsObject();
    if (name.str() == "__metadata__")
      continue;
    llvm::SmallVector<int64_t> shape;
    for (const llvm::json::Value &size : *entry.getArray("shape"))
      shape.push_back(*size.getAsInteger());
    fg::Tensor tensor(shape);
    const char *data = bytes.data() + 8 + headerSize +
                       *(*entry.getArray("data_offsets"))[0].getAsInteger();
    bool isInteger = *entry.getString("dtype") == "I32";
    for (size_t i = 0; i < tensor.values.size(); ++i) {
      int32_t integer = 0;
      if (isInteger) {
        std::memcpy(&integer, data + 4 * i, 4);
        tensor.values[i] = integer;
      } else {
        std::memcpy(&tensor.values[i], data + 8 * i, 8);
      }
    }
    tensors[name.str()] = std::move(tensor);
  }
  return tensors;
}

double getMean(const fg::Tensor &tensor) {
  return std::accumulate(tensor.values.begin(), tensor.values.end(), 0.0) /
         static_cast<double>(tensor.values.size());
}

class GoldenLosses : public testing::TestWithParam<const char *> {};

TEST_P(GoldenLosses, AreThoseOfTheReference) {
  std::string folder = kGolden + "/" + GetParam();
  llvm::Expected<llvm::json::Value> parsed =
      llvm::json::parse(readFile(folder + "/case.json"));
  ASSERT_TRUE(bool(parsed));
  const llvm::json::Object &shape = *parsed->getAsObject();
  lang::Options options;
  options.precision = lang::ElementType::F64;
  options.batch = *shape.getInteger("batch");
  auto define = [&](const char *name, const char *key) {
    options.defines[name] = std::to_string(*shape.getInteger(key));
  };
  define("depth", "blocks");
  define("patches", "patches");
  define("channels", "channels");
  define("groups", "groups");
  define("height", "size");
  define("width", "size");
  define("colors", "cin");
  define("classes", "classes");
  options.defines["mean"] = "0.5";
  options.defines["std"] = "0.25";
  if (const llvm::json::Object *flags = shape.getObject("flags"))
    for (auto [name, key] : {std::pair("begin_norm", "begin_ln"),
                             std::pair("middle_norm", "middle_ln"),
                             std::pair("inter_norm", "inter_ln"),
                             std::pair("last_norm", "last_layer_ln")})
      options.defines[name] =
          flags->getBoolean(key).value_or(false) ? "true" : "false";

  mlir::MLIRContext context;
  lang::Compiled compiled = lang::compileFile(
      context, kSamples + "/localmixer/localmixer.fg", options);
  ASSERT_TRUE(compiled.result) << compiled.firstError;
  auto model = *compiled.result->module->getOps<fg::ModelOp>().begin();

  fg::Buffers inputs = readTensors(folder + "/inputs.safetensors");
  inputs["class"] = inputs["label"];
  fg::Buffers expected = readTensors(folder + "/lg-bp.safetensors");

  // Paths and shapes are what the golden gradients have.
  size_t numParameters = 0;
  model.walk([&](fg::ParameterOp parameter) {
    ++numParameters;
    std::string path = parameter.getPath().str();
    ASSERT_TRUE(expected.contains(path + ".grad")) << path;
    EXPECT_EQ(fg::arrayType(parameter.getResult()).getShape(),
              llvm::ArrayRef<int64_t>(expected[path + ".grad"].shape))
        << path;
  });
  size_t numGradients = 0;
  for (const auto &[name, tensor] : expected)
    numGradients += llvm::StringRef(name).ends_with(".grad");
  EXPECT_EQ(numParameters, numGradients);

  llvm::Expected<fg::ModelValues> values = fg::evaluateModel(model, inputs);
  ASSERT_TRUE(bool(values)) << llvm::toString(values.takeError());
  constexpr double kTolerance = 1e-12;
  EXPECT_NEAR(getMean(values->losses), expected["loss"].values[0], kTolerance);
  EXPECT_EQ(static_cast<int64_t>(values->blockLosses.size()),
            *shape.getInteger("blocks"));
  for (const auto &[name, losses] : values->blockLosses)
    EXPECT_NEAR(getMean(losses), expected[name + ".loss"].values[0], kTolerance)
        << name;
}

INSTANTIATE_TEST_SUITE_P(Cases, GoldenLosses,
                         testing::Values("mixer", "mixer_norms",
                                         "mixer_single"));

struct NamedModel {
  const char *file;
  int64_t numParameters;
};

class NamedModels : public testing::TestWithParam<NamedModel> {};

TEST_P(NamedModels, HaveThePapersParameters) {
  mlir::MLIRContext context;
  lang::Compiled compiled = lang::compileFile(
      context, kSamples + "/localmixer/" + GetParam().file, {});
  ASSERT_TRUE(compiled.result) << compiled.firstError;
  int64_t total = 0;
  compiled.result->module->walk([&](fg::ParameterOp parameter) {
    total += fg::arrayType(parameter.getResult()).getNumElements();
  });
  EXPECT_EQ(total, GetParam().numParameters);
  const lang::Recipe &recipe = compiled.result->recipe;
  EXPECT_EQ(recipe.getRule(), "lg-fg-a");
  EXPECT_EQ(recipe.getRate(), 0.01);
  EXPECT_EQ(recipe.getNumber("momentum"), 0.9);
  EXPECT_EQ(recipe.getNumber("weight_decay"), 1e-4);
  EXPECT_EQ(recipe.getBatch(), 128);
  EXPECT_EQ(recipe.getEpochs(), 1000);
  EXPECT_EQ(recipe.getSchedule(), "linear");
  EXPECT_EQ(recipe.getLastLayerRate(), 0.1);
}

INSTANTIATE_TEST_SUITE_P(
    Paper, NamedModels,
    testing::Values(NamedModel{"mnist-s-1-1.fg", 271892},
                    NamedModel{"mnist-m-1-16.fg", 429076},
                    NamedModel{"cifar10-m-8-16.fg", 918770},
                    NamedModel{"cifar10-l-8-64.fg", 13074674},
                    // The table's 17.3 million, with 100 classes.
                    NamedModel{"imagenet-l-32-64.fg", 17335796}));

} // namespace
