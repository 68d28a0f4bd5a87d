//===- robustness_test.cpp - No text makes the frontend fail badly --------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Cut and altered models: each gives a module or an error, never a crash, a
// hang or unbounded memory. What is accepted has passed the dialect's verifier.
//
//===----------------------------------------------------------------------===//

#include "tests/frontends/Compile.h"
#include <gtest/gtest.h>
#include <random>

using namespace foregrad::lang;

namespace {

const std::string kSamples = FOREGRAD_SAMPLES;

const char *const kModels[] = {
    "/localmixer/localmixer.fg",
    "/localmixer/mnist-m-1-16.fg",
    "/two-layer-head/two-layer-head.fg",
    "/conv-net/conv-net.fg",
};

std::string readModel(const std::string &name) {
  auto buffer = llvm::MemoryBuffer::getFile(kSamples + name);
  EXPECT_TRUE(bool(buffer)) << name;
  return buffer ? (*buffer)->getBuffer().str() : "";
}

/// Compiles; the result and the errors must agree.
void check(mlir::MLIRContext &context, const std::string &text,
           const std::string &name) {
  Options options;
  options.fileName = kSamples + name;
  Compiled compiled = compileText(context, text, options);
  EXPECT_EQ(compiled.result.has_value(), compiled.numErrors == 0) << text;
  EXPECT_EQ(compiled.firstError.find("internal error"), std::string::npos)
      << text;
}

TEST(Robustness, Truncations) {
  mlir::MLIRContext context;
  for (const std::string name : kModels) {
    std::string text = readModel(name);
    for (size_t length = 0; length < text.size(); length += 7)
      check(context, text.substr(0, length), name);
  }
}

/// Words of the language and others, to be put where they do not belong.
const char *const kWords[] = {
    "model",      "block",
    "loss",       "predict",
    "repeat",     "recipe",
    "in",         "per",
    "if",         "then",
    "else",       "not",
    "(",          ")",
    "[",          "]",
    "{",          "}",
    ",",          ":",
    "->",         "..",
    "=",          "+",
    "-",          "*",
    "/",          "%",
    "0",          "1",
    "-1",         "1e300",
    "0.5",        "9223372036854775807",
    "token",      "channel",
    "group",      "unit",
    "class",      "x",
    "image",      "linear",
    "norm",       "split",
    "merge",      "mean",
    "relu",       "batch",
    "\"a\"",      "true",
    "[]",         "block0",
    "depth",      "i",
    "\xff",       "\n",
    "//",         "{i}",
    "softmax",    "sum",
    "2147483648",
};

TEST(Robustness, Mutations) {
  mlir::MLIRContext context;
  constexpr int kRounds = 4000;
  std::mt19937 random(1);
  auto pick = [&](size_t count) { return random() % count; };
  for (const std::string name : kModels) {
    const std::string original = readModel(name);
    ASSERT_FALSE(original.empty());
    for (int round = 0; round < kRounds; ++round) {
      std::string text = original;
      for (size_t changes = 1 + pick(3); changes > 0 && !text.empty();
           --changes) {
        size_t at = pick(text.size());
        switch (pick(5)) {
        case 0: // one letter
          text[at] = static_cast<char>(pick(256));
          break;
        case 1: // a piece is lost
          text.erase(at, 1 + pick(12));
          break;
        case 2: { // a piece stands twice
          std::string piece = text.substr(at, 1 + pick(60));
          text.insert(pick(text.size()), piece);
          break;
        }
        default: { // a word for a word
          auto isWord = [&](size_t i) {
            return i < text.size() &&
                   (std::isalnum(static_cast<unsigned char>(text[i])) ||
                    text[i] == '_');
          };
          while (at > 0 && isWord(at - 1))
            --at;
          size_t end = at + 1;
          while (isWord(end))
            ++end;
          text.replace(at, end - at, kWords[pick(std::size(kWords))]);
        }
        }
      }
      check(context, text, name);
    }
  }
}

void expectError(const std::string &text, const std::string &message) {
  mlir::MLIRContext context;
  Compiled compiled = compileText(context, text, {});
  EXPECT_FALSE(compiled.result);
  EXPECT_NE(compiled.firstError.find(message), std::string::npos)
      << compiled.firstError;
}

TEST(Robustness, NoText) {
  using namespace std::string_literals;
  expectError("model A\0 {}"s, "NUL byte");
  expectError("model A { x = \"\xC3\x28\" }", "not valid UTF-8");
  expectError(std::string(kModels[0]) + std::string(2 << 20, ' '),
              "larger than 1 MiB");
}

std::string repeat(const std::string &text, size_t count) {
  std::string result;
  for (size_t i = 0; i < count; ++i)
    result += text;
  return result;
}

TEST(Robustness, Depth) {
  constexpr size_t kMany = 50000;
  for (const char *open :
       {"(", "[", "-", "not ", "relu(", "a: ", "if true then "})
    expectError("model A { x = " + repeat(open, kMany) + " }",
                "nested too deeply");
  for (const char *sign : {" + 1", " * 2", " and true", " == 1"})
    expectError("model A { x = 1" + repeat(sign, kMany) + " }",
                "nested too deeply");
  expectError("model A { " + repeat("repeat i in 0..1 { ", kMany) + " }",
              "nested too deeply");
}

TEST(Robustness, Size) {
  expectError("model A { repeat i in 0..10000 { repeat j in 0..10000 { } } }",
              "too large");
  expectError("model A { input x : f32[a = 65536, b = 65536] }",
              "more than 2^31 elements");
  std::string parameters;
  for (int i = 0; i < 20000; ++i)
    parameters += "p" + std::to_string(i) + " = 1, ";
  expectError("model A(" + parameters + ") { }", "has no input");
}

} // namespace
