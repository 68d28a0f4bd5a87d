//===- fg-frontend.cpp - The frontend alone, for its tests ----------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Compiles a model to fg ops and prints them, or its recipe, or its parameters.
//
//===----------------------------------------------------------------------===//

#include "dialects/fg/Fg.h"
#include "frontends/fg/Frontend.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

namespace cl = llvm::cl;

static cl::opt<std::string> inputFile(cl::Positional, cl::Required,
                                      cl::desc("MODEL.fg"));
static cl::list<std::string> defines("D", cl::Prefix,
                                     cl::desc("name=value of a parameter"));
static cl::list<std::string> recipe("recipe", cl::desc("key=value"));
static cl::opt<int64_t> batch("batch", cl::init(0));
static cl::opt<bool> isDouble("f64");
static cl::opt<bool> printRecipe("print-recipe");
static cl::opt<bool> printParameters("print-parameters");
static cl::opt<bool> printLocations("print-locations");

static void print(const foregrad::lang::Result &result) {
  namespace fg = foregrad::fg;
  if (printRecipe) {
    for (const auto &[key, value] : result.recipe.getEntries())
      llvm::outs() << key << " = " << value << "\n";
    return;
  }
  mlir::ModuleOp module = *result.module;
  if (!printParameters) {
    mlir::OpPrintingFlags flags;
    if (printLocations)
      flags.enableDebugInfo(true, true);
    module.print(llvm::outs(), flags);
    llvm::outs() << "\n";
    return;
  }
  int64_t total = 0;
  module.walk([&](fg::ParameterOp parameter) {
    int64_t size = fg::arrayType(parameter.getResult()).getNumElements();
    llvm::outs() << parameter.getPath() << " " << size << "\n";
    total += size;
  });
  llvm::outs() << "total " << total << "\n";
}

int main(int argc, char **argv) {
  cl::ParseCommandLineOptions(argc, argv, "the frontend alone\n");
  auto buffer = llvm::MemoryBuffer::getFileOrSTDIN(inputFile);
  if (!buffer) {
    llvm::errs() << inputFile << ": " << buffer.getError().message() << "\n";
    return 1;
  }
  foregrad::lang::Options options;
  options.fileName = inputFile;
  options.batch = batch;
  if (isDouble)
    options.precision = foregrad::lang::ElementType::F64;
  for (llvm::StringRef define : defines) {
    auto [name, value] = define.split('=');
    options.defines[name.str()] = value.str();
  }
  for (llvm::StringRef entry : recipe) {
    auto [key, value] = entry.split('=');
    options.recipeOverrides.emplace_back(key.str(), value.str());
  }
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(*buffer), llvm::SMLoc());
  mlir::MLIRContext context;
  auto result = foregrad::lang::compileSource(context, sources, options);
  if (!result)
    return 1;
  print(*result);
  return 0;
}
