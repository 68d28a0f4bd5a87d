//===- TestModel.cpp - A small compiled model, without a compiler ---------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "tests/runtime/model/TestModel.h"

#include "compiler/artifact/ArtifactWriter.h"
#include "runtime/support/Philox.h"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <zlib.h>

namespace foregrad::tests {

using namespace schema;

namespace {

struct NamedBinding {
  std::string_view tensor;
  bool written;
};

class Describer {
public:
  explicit Describer(const ModelOptions &options) : options(options) {}

  ArtifactT describe() {
    describeHead();
    describeTensors();
    describeEntries();
    describeCode();
    return std::move(artifact);
  }

private:
  void describeHead() {
    artifact.compiler_version = "test";
    artifact.flags = {"test.fg", "-o", "test.fgb"};
    artifact.source_name = "test.fg";
    artifact.source = "model Test {}\n";
    artifact.model = "Test";
    artifact.rule = "test-rule";
    artifact.precision = options.precision;
    artifact.batch = modelBatch;
    for (uint32_t k = 0; k < modelClasses; ++k)
      artifact.classes.push_back(std::to_string(k));
    addHyper("rate", 0.5, "learning rate");
    addHyper("momentum", 0.9, "momentum");
    addRecipe("epochs", "3");
    addRecipe("schedule", "linear");
    addRecipe("optimizer", "sgd");
    artifact.estimate = std::make_unique<EstimateT>();
    artifact.estimate->exact_rule = artifact.rule;
  }

  void describeCode() {
    auto code = std::make_unique<CodeT>();
    code->target = "cpu";
#if defined(__x86_64__)
    code->triple = "x86_64-unknown-linux-gnu";
    code->features = {"sse2"};
#else
    code->triple = "aarch64-unknown-linux-gnu";
#endif
    code->cpu = "generic";
    for (const std::string &symbol : symbols) {
      auto entry = std::make_unique<EntryCodeT>();
      entry->symbol = symbol;
      entry->arena_bytes = 16384;
      entry->scratch_bytes_per_worker =
          modelPixels * (options.precision == DType::F64 ? 8 : 4);
      entry->flops = 1e4;
      code->entries.push_back(std::move(entry));
    }
    artifact.code.push_back(std::move(code));
  }

  void describeTensors() {
    add("image", Role::Input, {modelBatch, 8, 8}).source = DType::U8;
    add("label", Role::Label, {modelBatch}).dtype = DType::I32;
    add("linear.weight", Role::Parameter, {modelPixels, modelClasses}).init =
        "uniform(-0.1, 0.1)";
    add("linear.bias", Role::Parameter, {modelClasses}).init = "0";
    add("linear.feedback.weight", Role::Feedback, {modelPixels, modelClasses});
    add("linear.weight.velocity", Role::State, {modelPixels, modelClasses});
    add("rate", Role::Hyper, {});
    add("momentum", Role::Hyper, {});
    add("seed", Role::Seed, {}).dtype = DType::U64;
    add("step", Role::Step, {}).dtype = DType::U64;
    add("loss", Role::Output, {});
    add("block0.loss", Role::Output, {});
    add("logits", Role::Output, {modelBatch, modelClasses});
    add("losses", Role::Output, {modelBatch});
    add("linear.weight.grad", Role::Gradient, {modelPixels, modelClasses});
    add("linear.bias.grad", Role::Gradient, {modelClasses});
    add("linear.perturbation", Role::Perturbation, {modelPixels, modelClasses});
  }

  void describeEntries() {
    addEntry("init", "testInit",
             {{"seed", false},
              {"linear.weight", true},
              {"linear.bias", true},
              {"linear.feedback.weight", true}});
    addEntry("step", "testStep",
             {{"image", false},
              {"label", false},
              {"linear.weight", true},
              {"linear.bias", true},
              {"linear.feedback.weight", false},
              {"linear.weight.velocity", true},
              {"rate", false},
              {"momentum", false},
              {"seed", false},
              {"step", false},
              {"loss", true},
              {"logits", true}});
    if (options.externalPerturbation)
      addEntry("gradient", "testGradientExternal",
               {{"image", false},
                {"label", false},
                {"linear.weight", false},
                {"linear.bias", false},
                {"linear.perturbation", false},
                {"linear.weight.grad", true},
                {"linear.bias.grad", true},
                {"loss", true},
                {"block0.loss", true},
                {"linear.feedback.weight", false}});
    else
      addEntry("gradient", "testGradient",
               {{"image", false},
                {"label", false},
                {"linear.weight", false},
                {"linear.bias", false},
                {"seed", false},
                {"step", false},
                {"linear.weight.grad", true},
                {"linear.bias.grad", true},
                {"loss", true},
                {"block0.loss", true},
                {"linear.feedback.weight", false}});
    if (!options.externalPerturbation)
      addEntry(
          "perturbation", "testPerturbation",
          {{"seed", false}, {"step", false}, {"linear.perturbation", true}});
    addEntry("eval", "testEval",
             {{"image", false},
              {"label", false},
              {"linear.weight", false},
              {"linear.bias", false},
              {"logits", true},
              {"losses", true}});
    addEntry("predict", "testPredict",
             {{"image", false},
              {"linear.weight", false},
              {"linear.bias", false},
              {"logits", true}});
  }

  TensorT &add(const std::string &name, Role role,
               std::vector<uint32_t> shape) {
    auto tensor = std::make_unique<TensorT>();
    tensor->name = name;
    tensor->role = role;
    tensor->dtype = options.precision;
    for (size_t i = 0; i < shape.size(); ++i)
      tensor->axes.push_back("axis" + std::to_string(i));
    tensor->shape = std::move(shape);
    artifact.tensors.push_back(std::move(tensor));
    return *artifact.tensors.back();
  }

  void addEntry(const std::string &name, const std::string &symbol,
                std::initializer_list<NamedBinding> bindings) {
    auto entry = std::make_unique<EntryT>();
    entry->name = name;
    symbols.push_back(symbol);
    for (NamedBinding binding : bindings) {
      for (uint32_t i = 0; i < artifact.tensors.size(); ++i)
        if (artifact.tensors[i]->name == binding.tensor)
          entry->bindings.push_back(i);
      entry->writes.push_back(binding.written);
    }
    artifact.entries.push_back(std::move(entry));
  }

  void addHyper(const std::string &name, double value,
                const std::string &help) {
    auto hyper = std::make_unique<HyperT>();
    hyper->name = name;
    hyper->value = value;
    hyper->help = help;
    hyper->least = 0;
    if (name == "momentum")
      hyper->most = 2; // above 1 a run diverges after some epochs
    artifact.hypers.push_back(std::move(hyper));
  }

  void addRecipe(const std::string &key, const std::string &value) {
    auto pair = std::make_unique<KeyValueT>();
    pair->key = key;
    pair->value = value;
    artifact.recipe.push_back(std::move(pair));
  }

  ModelOptions options;
  ArtifactT artifact;
  std::vector<std::string> symbols; ///< of the entries
};

void appendBigEndian(std::string &bytes, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8)
    bytes += static_cast<char>(value >> shift);
}

} // namespace

ArtifactT describeModel(const ModelOptions &options) {
  return Describer(options).describe();
}

std::string serializeModel(ArtifactT description) {
  std::string code =
      readBytes(description.precision == DType::F64 ? FOREGRAD_TEST_MODEL_F64
                                                    : FOREGRAD_TEST_MODEL_F32);
  compiler::SegmentPayload payload = {"cpu", code};
  return compiler::serializeArtifact(description, {&payload, 1});
}

TensorT &tensorOf(ArtifactT &description, std::string_view name) {
  for (auto &tensor : description.tensors)
    if (tensor->name == name)
      return *tensor;
  std::abort();
}

EntryCodeT &entryCodeOf(ArtifactT &description, std::string_view name) {
  for (size_t i = 0; i < description.entries.size(); ++i)
    if (description.entries[i]->name == name)
      return *description.code.front()->entries[i];
  std::abort();
}

EntryT &entryOf(ArtifactT &description, std::string_view name) {
  for (auto &entry : description.entries)
    if (entry->name == name)
      return *entry;
  std::abort();
}

std::string readBytes(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

void writeBytes(const std::string &path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

runtime::AlignedBytes alignedCopy(std::string_view bytes) {
  runtime::AlignedBytes copy(bytes.size(), /*zeroed=*/false);
  if (!bytes.empty())
    std::memcpy(copy.data(), bytes.data(), bytes.size());
  return copy;
}

std::string idxBytes(uint32_t magic, std::initializer_list<uint32_t> dimensions,
                     std::string_view data) {
  std::string bytes;
  appendBigEndian(bytes, magic);
  for (uint32_t size : dimensions)
    appendBigEndian(bytes, size);
  return bytes.append(data);
}

std::string gzipBytes(std::string_view bytes) {
  z_stream stream = {};
  deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, bytes.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef *>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

void writeDataset(const std::string &folder, uint32_t train, uint32_t test,
                  bool packed) {
  std::filesystem::create_directories(folder);
  auto write = [&](const std::string &name, const std::string &bytes) {
    if (packed)
      writeBytes(folder + "/" + name + ".gz", gzipBytes(bytes));
    else
      writeBytes(folder + "/" + name, bytes);
  };
  // An image is its class's pattern, mixed with noise.
  uint64_t sample = 0;
  for (auto [name, count] :
       {std::pair("train", train), std::pair("t10k", test)}) {
    std::string images, labels;
    for (uint32_t n = 0; n < count; ++n, ++sample) {
      uint64_t label = runtime::philox64(7, 0, sample) % modelClasses;
      labels += static_cast<char>(label);
      for (uint32_t p = 0; p < modelPixels; ++p) {
        uint64_t pattern = runtime::philox64(7, 1 + label, p) & 127;
        uint64_t noise = runtime::philox64(7, 100 + sample, p) & 127;
        images += static_cast<char>(pattern + noise);
      }
    }
    std::string prefix = name;
    write(prefix + "-images-idx3-ubyte",
          idxBytes(0x803, {count, 8, 8}, images));
    write(prefix + "-labels-idx1-ubyte", idxBytes(0x801, {count}, labels));
  }
}

TemporaryFolder::TemporaryFolder() {
  std::string name =
      (std::filesystem::temp_directory_path() / "foregrad-XXXXXX").string();
  if (!mkdtemp(name.data()))
    std::abort();
  path = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

} // namespace foregrad::tests
