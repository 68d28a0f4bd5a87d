//===- Recipe.cpp - How a model is trained unless told otherwise ----------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "frontends/fg/Recipe.h"
#include "frontends/fg/Semantic.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

namespace foregrad::lang {

using namespace ast;

namespace {

enum class ValueKind { Rule, Choice, Text, Number, Integer };

/// An entry: what it may be. A new one is a line here.
struct KeyInfo {
  llvm::StringLiteral name;
  ValueKind kind;
  llvm::StringLiteral fallback;
  double least = 0, most = 0;
  llvm::StringLiteral choices = "";
};

constexpr double kMaxInteger = 1e15;

constexpr KeyInfo kKeys[] = {
    {"rule", ValueKind::Rule, "bp"},
    {"optimizer", ValueKind::Choice, "sgd", 0, 0, "sgd"},
    {"rate", ValueKind::Number, "0.01", 0, 1e6},
    {"momentum", ValueKind::Number, "0", 0, 1},
    {"weight_decay", ValueKind::Number, "0", 0, 1e6},
    {"schedule", ValueKind::Choice, "constant", 0, 0, "constant,linear"},
    {"data", ValueKind::Text, ""},
    {"batch", ValueKind::Integer, "128", 1, 1 << 20},
    {"epochs", ValueKind::Integer, "10", 0, 1e9},
    {"last_layer_rate", ValueKind::Number, "1", 0, 1e6},
    {"head_rate", ValueKind::Number, "1", 0, 1e6},
    {"seed", ValueKind::Integer, "0", 0, kMaxInteger},
};

/// What may stand in the parentheses of an optimizer.
constexpr llvm::StringLiteral kOptimizerOptions[] = {"rate", "momentum",
                                                     "weight_decay"};

const KeyInfo *findKey(llvm::StringRef name) {
  for (const KeyInfo &info : kKeys)
    if (info.name == name)
      return &info;
  return nullptr;
}

std::string formatNumber(double value) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.17g", value);
  // The shortest form that reads back as the same number.
  for (int digits = 1; digits < 17; ++digits) {
    std::string shorter;
    llvm::raw_string_ostream(shorter) << llvm::format("%.*g", digits, value);
    double back = 0;
    if (!llvm::StringRef(shorter).getAsDouble(back) && back == value)
      return shorter;
  }
  return text;
}

std::string checkNumber(const KeyInfo &info, llvm::StringRef value) {
  double number = 0;
  if (value.getAsDouble(number) || !std::isfinite(number))
    return ("'" + info.name + "' must be a number; this is '" + value + "'")
        .str();
  int64_t integer = 0;
  if (info.kind == ValueKind::Integer && value.getAsInteger(10, integer))
    return ("'" + info.name + "' must be an integer; this is '" + value + "'")
        .str();
  if (number < info.least || number > info.most)
    return ("'" + info.name + "' must lie between " + formatNumber(info.least) +
            " and " + formatNumber(info.most) + "; this is " + value)
        .str();
  return "";
}

// NAME or NAME:option=value,...; words of letters, digits, '-', '_', '.'.
bool isRule(llvm::StringRef value) {
  auto isWord = [](llvm::StringRef word) {
    return !word.empty() && llvm::all_of(word, [](char c) {
      return llvm::isAlnum(c) || c == '-' || c == '_' || c == '.' || c == '+';
    });
  };
  auto [name, options] = value.split(':');
  if (!isWord(name))
    return false;
  if (options.empty())
    return !value.ends_with(":");
  llvm::SmallVector<llvm::StringRef> parts;
  options.split(parts, ',');
  return llvm::all_of(parts, [&](llvm::StringRef part) {
    auto [key, setting] = part.split('=');
    return isWord(key) && isWord(setting);
  });
}

} // namespace

Recipe::Recipe() {
  for (const KeyInfo &info : kKeys)
    entries.push_back({info.name.str(), info.fallback.str()});
}

llvm::StringRef Recipe::getText(llvm::StringRef key) const {
  for (const Entry &entry : entries)
    if (entry.key == key)
      return entry.value;
  return "";
}

double Recipe::getNumber(llvm::StringRef key) const {
  double value = 0;
  getText(key).getAsDouble(value);
  return value;
}

int64_t Recipe::getInteger(llvm::StringRef key) const {
  int64_t value = 0;
  getText(key).getAsInteger(10, value);
  return value;
}

std::string Recipe::set(llvm::StringRef key, llvm::StringRef value,
                        std::string &help) {
  help.clear();
  const KeyInfo *info = findKey(key);
  if (!info) {
    llvm::SmallVector<llvm::StringRef> names;
    for (const KeyInfo &known : kKeys)
      names.push_back(known.name);
    llvm::StringRef similar = findSimilar(key, names);
    help = similar.empty() ? "its entries are " + joinWords(names, "and")
                           : ("did you mean '" + similar + "'?").str();
    return ("a recipe has no entry '" + key + "'").str();
  }
  std::string text = value.str();
  switch (info->kind) {
  case ValueKind::Rule: {
    // Names of rules are written with dashes; a model may write underscores.
    auto [name, options] = value.split(':');
    text = name.str();
    std::replace(text.begin(), text.end(), '_', '-');
    if (value.contains(':'))
      text += (":" + options).str();
    if (!isRule(text)) {
      help = "it is written lg-fg-a or "
             "lg-fg-a:directions=4,perturbation=rademacher";
      return ("'" + value + "' is no rule").str();
    }
    break;
  }
  case ValueKind::Choice: {
    llvm::SmallVector<llvm::StringRef> choices;
    llvm::StringRef(info->choices).split(choices, ',');
    if (llvm::is_contained(choices, value))
      break;
    llvm::StringRef similar = findSimilar(value, choices);
    help = similar.empty() ? "it is " + joinWords(choices)
                           : ("did you mean '" + similar + "'?").str();
    return ("there is no " + key + " '" + value + "'").str();
  }
  case ValueKind::Text:
    if (value.empty())
      return ("'" + key + "' is empty").str();
    break;
  case ValueKind::Number:
  case ValueKind::Integer:
    if (std::string wrong = checkNumber(*info, value); !wrong.empty())
      return wrong;
    break;
  }
  for (Entry &entry : entries)
    if (entry.key == key)
      entry.value = text;
  return "";
}

void Recipe::setAt(llvm::SMRange keyRange, llvm::SMRange valueRange,
                   llvm::StringRef key, llvm::StringRef value,
                   Diagnostics &diagnostics) {
  std::string help;
  std::string wrong = set(key, value, help);
  if (wrong.empty())
    return;
  diagnostics.error(findKey(key) ? valueRange : keyRange, wrong);
  if (!help.empty())
    diagnostics.help(help);
}

// The value of an option, as on the command line; words stand for themselves.
static std::optional<std::string> readValue(const Expr &expr,
                                            Diagnostics &diagnostics) {
  if (const auto *name = llvm::dyn_cast<NameExpr>(&expr))
    return name->name.str();
  std::optional<Constant> value = evaluateSetting(expr, diagnostics);
  if (!value)
    return std::nullopt;
  if (value->isText())
    return value->getText().str();
  if (value->isInteger() || value->isBoolean())
    return value->format();
  if (value->isNumeric())
    return formatNumber(value->getNumber());
  diagnostics.error(expr.range,
                    "an entry of a recipe is a number or a word; this is " +
                        value->describe());
  return std::nullopt;
}

void Recipe::applyOptions(const RecipeEntry &entry, Diagnostics &diagnostics) {
  for (const ParameterDeclaration &option : entry.options) {
    std::optional<std::string> value = readValue(*option.value, diagnostics);
    if (!value)
      continue;
    if (!llvm::is_contained(kOptimizerOptions, option.name.text)) {
      diagnostics.error(option.name.range, "'" + entry.key.text +
                                               "' has no option '" +
                                               option.name.text + "'");
      llvm::SmallVector<llvm::StringRef> names(std::begin(kOptimizerOptions),
                                               std::end(kOptimizerOptions));
      llvm::StringRef similar = findSimilar(option.name.text, names);
      diagnostics.help(similar.empty()
                           ? "its options are " + joinWords(names, "and")
                           : ("did you mean '" + similar + "'?").str());
      continue;
    }
    setAt(option.name.range, option.value->range, option.name.text, *value,
          diagnostics);
  }
}

void Recipe::apply(llvm::ArrayRef<RecipeEntry> written,
                   Diagnostics &diagnostics) {
  llvm::StringMap<llvm::SMRange> seen;
  for (const RecipeEntry &entry : written) {
    bool isOptimizer = entry.word.text.empty() && !entry.value;
    llvm::StringRef key = isOptimizer ? "optimizer" : entry.key.text;
    auto [first, isNew] = seen.try_emplace(key, entry.key.range);
    if (!isNew) {
      diagnostics.error(entry.key.range, "the recipe already says its " + key);
      diagnostics.note(first->second, "the first time is here");
      continue;
    }
    if (isOptimizer) {
      // `sgd(rate = 0.01)`; a known key here lacks its value.
      if (findKey(entry.key.text)) {
        diagnostics.error(entry.key.range,
                          "'" + entry.key.text + "' lacks its value");
        diagnostics.help("write " + entry.key.text + " VALUE");
        continue;
      }
      setAt(entry.key.range, entry.key.range, key, entry.key.text, diagnostics);
      applyOptions(entry, diagnostics);
      continue;
    }
    std::optional<std::string> value = entry.word.text.str();
    llvm::SMRange valueRange = entry.word.range;
    if (entry.value) {
      value = readValue(*entry.value, diagnostics);
      valueRange = entry.value->range;
    }
    if (!value)
      continue;
    if (!entry.options.empty() && key != "rule") {
      diagnostics.error(entry.options.front().name.range,
                        "'" + entry.key.text + "' takes no options");
      continue;
    }
    llvm::StringRef separator = ":";
    for (const ParameterDeclaration &option : entry.options) {
      std::optional<std::string> setting =
          readValue(*option.value, diagnostics);
      if (setting)
        *value += (separator + option.name.text + "=" + *setting).str();
      separator = ",";
    }
    setAt(entry.key.range, valueRange, key, *value, diagnostics);
  }
}

} // namespace foregrad::lang
