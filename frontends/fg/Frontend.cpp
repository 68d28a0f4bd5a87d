//===- Frontend.cpp - The language: text to fg ops ------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "frontends/fg/Frontend.h"
#include "frontends/fg/Emit.h"
#include "frontends/fg/Parser.h"
#include "frontends/fg/Semantic.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

namespace foregrad::lang {

namespace {

constexpr unsigned kMaxFiles = 8; // in a chain of derived models

class Compilation {
public:
  Compilation(llvm::SourceMgr &sources, const Options &options)
      : sources(sources), options(options), diagnostics(sources) {}

  std::optional<Result> run(mlir::MLIRContext &context);

private:
  bool load();
  bool addFile(unsigned buffer, const std::string &name);
  bool openBase();
  std::optional<unsigned> fail(llvm::SMRange range,
                               const llvm::Twine &message) {
    diagnostics.error(range, message);
    return std::nullopt;
  }
  std::optional<unsigned> openFile(const ast::Identifier &name,
                                   std::string &path);
  void applyRecipes();
  void collectSettings();
  llvm::StringRef addCommandLine(llvm::StringRef option, llvm::StringRef text,
                                 llvm::SMRange &range);

  llvm::SourceMgr &sources;
  const Options &options;
  Diagnostics diagnostics;

  struct LoadedFile {
    std::string name;
    ast::File tree;
  };
  std::vector<LoadedFile> files; // each one derives from the next
  std::vector<std::string> realPaths;
  Recipe recipe;
  std::vector<Setting> settings;
};

bool Compilation::addFile(unsigned buffer, const std::string &name) {
  llvm::StringRef text = sources.getMemoryBuffer(buffer)->getBuffer();
  ast::File tree = parseFile(text, diagnostics);
  if (diagnostics.hasErrors())
    return false;
  if (!tree.model) {
    llvm::SMLoc start = llvm::SMLoc::getFromPointer(text.data());
    diagnostics.error({start, start}, "the file holds no model");
    diagnostics.help("a model is written: model NAME { ... }");
    return false;
  }
  files.push_back({name, std::move(tree)});
  return true;
}

// Only plain files of a sane size are read.
std::optional<unsigned> Compilation::openFile(const ast::Identifier &name,
                                              std::string &path) {
  if (name.text.empty())
    return fail(name.range, "the name of the file is empty");
  llvm::SmallString<256> joined;
  if (!llvm::sys::path::is_absolute(name.text))
    joined = llvm::sys::path::parent_path(files.back().name);
  llvm::sys::path::append(joined, name.text);
  path = joined.str().str();
  llvm::sys::fs::file_status status;
  if (std::error_code error = llvm::sys::fs::status(joined, status)) {
    fail(name.range, "cannot read '" + name.text + "': " + error.message());
    diagnostics.help("files are looked for beside the one that names them: " +
                     path);
    return std::nullopt;
  }
  if (!llvm::sys::fs::is_regular_file(status))
    return fail(name.range, "'" + name.text + "' is no file");
  if (status.getSize() > kMaxFileSize)
    return fail(name.range,
                "'" + name.text + "' is larger than 1 MiB; this is no model");
  llvm::SmallString<256> real;
  if (!llvm::sys::fs::real_path(joined, real)) {
    if (llvm::is_contained(realPaths, real.str()))
      return fail(name.range,
                  "'" + name.text + "' derives its model from itself");
    realPaths.push_back(real.str().str());
  }
  auto buffer = llvm::MemoryBuffer::getFile(joined, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/true,
                                            /*IsVolatile=*/true);
  if (!buffer)
    return fail(name.range, "cannot read '" + name.text +
                                "': " + buffer.getError().message());
  return sources.AddNewSourceBuffer(std::move(*buffer), name.range.Start);
}

bool Compilation::openBase() {
  const ast::Model &model = *files.back().tree.model;
  if (files.size() == kMaxFiles) {
    diagnostics.error(model.file.range,
                      "models derive from one another over more than " +
                          llvm::Twine(kMaxFiles) + " files");
    return false;
  }
  ast::Identifier wanted = model.base;
  std::string path;
  std::optional<unsigned> buffer = openFile(model.file, path);
  if (!buffer || !addFile(*buffer, path))
    return false;
  const ast::Identifier &found = files.back().tree.model->name;
  if (found.text == wanted.text)
    return true;
  diagnostics.error(wanted.range,
                    "the file holds no model '" + wanted.text + "'");
  diagnostics.note(found.range, "it holds '" + found.text + "'");
  return false;
}

bool Compilation::load() {
  unsigned buffer = sources.getMainFileID();
  llvm::SmallString<256> real;
  if (!llvm::sys::fs::real_path(options.fileName, real))
    realPaths.push_back(real.str().str());
  if (!addFile(buffer, options.fileName))
    return false;
  while (files.back().tree.model->isDerived)
    if (!openBase())
      return false;
  return true;
}

// Makes a setting of the command line a text of its own, so that errors in it
// can point into it. Returns the text; `range` is all of it.
llvm::StringRef Compilation::addCommandLine(llvm::StringRef option,
                                            llvm::StringRef text,
                                            llvm::SMRange &range) {
  unsigned buffer = sources.AddNewSourceBuffer(
      llvm::MemoryBuffer::getMemBufferCopy((option + " " + text).str(),
                                           "<command line>"),
      llvm::SMLoc());
  llvm::StringRef copy =
      sources.getMemoryBuffer(buffer)->getBuffer().drop_front(option.size() +
                                                              1);
  range = {llvm::SMLoc::getFromPointer(copy.begin()),
           llvm::SMLoc::getFromPointer(copy.end())};
  return copy;
}

void Compilation::applyRecipes() {
  for (const LoadedFile &file : llvm::reverse(files))
    recipe.apply(file.tree.recipe, diagnostics);
  auto isOptimizer = [](const auto &entry) {
    return entry.first == "optimizer";
  };
  auto set = [&](llvm::StringRef key, llvm::StringRef value) {
    std::string help;
    std::string wrong = recipe.set(key, value, help);
    if (wrong.empty())
      return;
    llvm::SMRange range;
    addCommandLine("--recipe", (key + "=" + value).str(), range);
    diagnostics.error(range, wrong);
    if (!help.empty())
      diagnostics.help(help);
  };
  // The optimizer first, since it says which numbers there are.
  for (const auto &entry : options.recipeOverrides)
    if (isOptimizer(entry))
      set(entry.first, entry.second);
  for (const auto &entry : options.recipeOverrides)
    if (!isOptimizer(entry))
      set(entry.first, entry.second);
  if (options.batch != 0) {
    std::string help;
    std::string batch = std::to_string(options.batch);
    if (std::string wrong = recipe.set("batch", batch, help); !wrong.empty()) {
      llvm::SMRange range;
      addCommandLine("--batch", batch, range);
      diagnostics.error(range, wrong);
    }
  }
}

// Base first, the command line last: later ones win.
void Compilation::collectSettings() {
  for (const LoadedFile &file : llvm::reverse(files))
    for (const ast::ParameterDeclaration &setting : file.tree.model->settings)
      if (std::optional<Constant> value =
              evaluateSetting(*setting.value, diagnostics))
        settings.push_back({setting.name, std::move(*value)});
  for (const auto &[name, value] : options.defines) {
    llvm::SMRange range;
    llvm::StringRef text = addCommandLine("-D", name + "=" + value, range);
    std::optional<ast::ParameterDeclaration> setting =
        parseSetting(text, diagnostics);
    if (!setting)
      continue;
    if (std::optional<Constant> constant =
            evaluateSetting(*setting->value, diagnostics))
      settings.push_back({setting->name, std::move(*constant)});
  }
}

std::optional<Result> Compilation::run(mlir::MLIRContext &context) {
  if (!load())
    return std::nullopt;
  applyRecipes();
  collectSettings();
  if (diagnostics.hasErrors())
    return std::nullopt;
  ElaborationOptions elaboration;
  elaboration.settings = settings;
  elaboration.batch = recipe.getBatch();
  std::optional<Graph> graph =
      elaborate(*files.back().tree.model, elaboration, diagnostics);
  if (!graph)
    return std::nullopt;
  graph->name = files.front().tree.model->name.text.str();

  Result result;
  EmitOptions emission;
  emission.batch = recipe.getBatch();
  emission.isDouble = options.precision == ElementType::F64;
  result.module = emit(context, *graph, emission, sources);
  if (mlir::failed(mlir::verify(*result.module))) {
    // What was checked here and what the dialect checks must agree.
    diagnostics.error(graph->range,
                      "internal error: this model was accepted, but the code "
                      "for it is wrong; please report it");
    return std::nullopt;
  }
  result.recipe = std::move(recipe);
  result.modelName = graph->name;
  result.classNames = graph->classNames;
  for (unsigned i = 0; i < files.size(); ++i)
    result.sources.emplace_back(
        files[i].name, sources.getMemoryBuffer(sources.getMainFileID() + i)
                           ->getBuffer()
                           .str());
  return result;
}

} // namespace

std::optional<Result> compileSource(mlir::MLIRContext &context,
                                    llvm::SourceMgr &sources,
                                    const Options &options) {
  return Compilation(sources, options).run(context);
}

} // namespace foregrad::lang
