//===- Frontend.h - The language: text to fg ops --------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// docs/language.md describes the language.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_FRONTENDS_FG_FRONTEND_H
#define FOREGRAD_FRONTENDS_FG_FRONTEND_H

#include "frontends/fg/Recipe.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include <map>
#include <optional>
#include <utility>

namespace foregrad::lang {

enum class ElementType { F32, F64 };

struct Options {
  /// How the main buffer is called in errors and locations; files that it names
  /// are looked for beside it.
  std::string fileName;
  /// Values of the model's parameters: `-D name=value`.
  std::map<std::string, std::string> defines;
  /// Samples of a step; 0: as the recipe says.
  int64_t batch = 0;
  ElementType precision = ElementType::F32;
  /// `--recipe key=value`, in order.
  std::vector<std::pair<std::string, std::string>> recipeOverrides;
};

struct Result {
  /// Holds one `fg.model`.
  mlir::OwningOpRef<mlir::ModuleOp> module;
  /// Resolved; its batch is that of the module.
  Recipe recipe;
  std::string modelName;
  /// Empty where the model gives the number of its classes only.
  std::vector<std::string> classNames;
  /// All files that were read, the main one first: name and text.
  std::vector<std::pair<std::string, std::string>> sources;
};

/// Compiles the main buffer of `sources`. Errors are printed through `sources`;
/// then the result is nothing.
std::optional<Result> compileSource(mlir::MLIRContext &context,
                                    llvm::SourceMgr &sources,
                                    const Options &options);

} // namespace foregrad::lang

#endif // FOREGRAD_FRONTENDS_FG_FRONTEND_H
