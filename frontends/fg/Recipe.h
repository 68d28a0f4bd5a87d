//===- Recipe.h - How a model is trained unless told otherwise ------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_FRONTENDS_FG_RECIPE_H
#define FOREGRAD_FRONTENDS_FG_RECIPE_H

#include "dialects/fg/Optimizers.h"
#include "frontends/fg/AST.h"
#include "frontends/fg/Diagnostics.h"
#include "llvm/ADT/StringMap.h"
#include <cstdint>
#include <string>
#include <vector>

namespace foregrad::lang {

/// The entries in the order of `getEntries`, each one with a valid value:
/// numbers are finite and in range, integers whole, choices among those known.
/// Only the rule's name and options are left to be checked, by who knows the
/// rules. The optimizer's numbers are entries too; another optimizer brings its
/// own, with its defaults, in their place.
class Recipe {
public:
  struct Entry {
    std::string key;
    std::string value; // as on the command line
  };

  /// All defaults.
  Recipe();

  llvm::ArrayRef<Entry> getEntries() const { return entries; }

  /// As `--rule` takes it: "lg-fg-a:directions=3,perturbation=rademacher".
  llvm::StringRef getRule() const { return getText("rule"); }
  llvm::StringRef getOptimizer() const { return getText("optimizer"); }
  double getRate() const { return getNumber("rate"); }
  llvm::StringRef getSchedule() const { return getText("schedule"); }
  /// A dataset, or empty.
  llvm::StringRef getData() const { return getText("data"); }
  int64_t getBatch() const { return getInteger("batch"); }
  int64_t getEpochs() const { return getInteger("epochs"); }
  int64_t getSeed() const { return getInteger("seed"); }
  double getLastLayerRate() const { return getNumber("last_layer_rate"); }
  double getHeadRate() const { return getNumber("head_rate"); }

  /// The entry called `key`, which must be one of the recipe's.
  llvm::StringRef getText(llvm::StringRef key) const;
  double getNumber(llvm::StringRef key) const;
  int64_t getInteger(llvm::StringRef key) const;

  /// Sets an entry. Returns what is wrong (with `value` or with `key`), or an
  /// empty string. `help` gets the likely fix, if there is one.
  std::string set(llvm::StringRef key, llvm::StringRef value,
                  std::string &help);

  /// Takes over the entries of a `recipe`: first the optimizer, since it says
  /// which numbers there are, then the others in order.
  void apply(llvm::ArrayRef<ast::RecipeEntry> written,
             Diagnostics &diagnostics);

private:
  using Places = llvm::StringMap<llvm::SMRange>; // where an entry is said

  const fg::OptimizerOptions &optimizer() const;
  void changeOptimizer(const fg::OptimizerOptions &chosen);
  std::string explainUnknown(llvm::StringRef key, std::string &help) const;
  void applyOptimizer(const ast::RecipeEntry &entry, Places &seen,
                      Diagnostics &diagnostics);
  void applyEntry(const ast::RecipeEntry &entry, Diagnostics &diagnostics);
  /// False if `value` or `key` is wrong, which is reported.
  bool setAt(llvm::SMRange keyRange, llvm::SMRange valueRange,
             llvm::StringRef key, llvm::StringRef value,
             Diagnostics &diagnostics);

  std::vector<Entry> entries;
};

} // namespace foregrad::lang

#endif // FOREGRAD_FRONTENDS_FG_RECIPE_H
