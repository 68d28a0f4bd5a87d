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
#include <functional>

namespace foregrad::lang {

using namespace ast;

namespace {

enum class ValueKind {
  Rule,
  Optimizer,
  Choice,
  Text,
  Number,
  Integer,
  Numbers
};

/// An entry: what it may be. A new one is a line here; the numbers of an
/// optimizer stand in dialects/fg/Optimizers.h.
struct KeyInfo {
  llvm::StringLiteral name;
  ValueKind kind;
  llvm::StringLiteral fallback;
  double least = 0, most = 0;
  llvm::StringLiteral choices = "";
};

constexpr double kMaxInteger = 1e15;
constexpr llvm::StringLiteral kOptimizer = "optimizer";

constexpr KeyInfo kKeys[] = {
    {"rule", ValueKind::Rule, "bp"},
    {kOptimizer, ValueKind::Optimizer, "sgd"},
    {"schedule", ValueKind::Choice, "constant", 0, 0,
     "constant,linear,staircase,warmup_cosine"},
    {"decay_epochs", ValueKind::Numbers, "", 0, 1e9},
    {"decay_factor", ValueKind::Number, "0.1", 0, 1},
    {"warmup_epochs", ValueKind::Number, "0", 0, 1e9},
    {"data", ValueKind::Text, ""},
    {"flip", ValueKind::Choice, "off", 0, 0, "off,on"},
    {"crop", ValueKind::Integer, "0", 0, 1 << 20},
    {"batch", ValueKind::Integer, "128", 1, 1 << 20},
    {"epochs", ValueKind::Integer, "10", 0, 1e9},
    {"last_layer_rate", ValueKind::Number, "1", 0, 1e6},
    {"head_rate", ValueKind::Number, "1", 0, 1e6},
    {"seed", ValueKind::Integer, "0", 0, kMaxInteger},
};

std::optional<KeyInfo> findKey(llvm::StringRef name,
                               const fg::OptimizerOptions &optimizer) {
  for (const KeyInfo &info : kKeys)
    if (info.name == name)
      return info;
  if (const fg::HyperInfo *hyper = optimizer.find(name))
    return KeyInfo{hyper->name, ValueKind::Number, "", hyper->least,
                   hyper->most};
  return std::nullopt;
}

/// The optimizers that have a number called `hyper`.
llvm::SmallVector<llvm::StringRef> optimizersWith(llvm::StringRef hyper) {
  llvm::SmallVector<llvm::StringRef> names;
  for (const fg::OptimizerOptions *optimizer : fg::kOptimizers)
    if (optimizer->find(hyper))
      names.push_back(optimizer->name);
  return names;
}

/// Words of which `value` is none: the one that was meant, or all.
std::string helpToChoose(llvm::StringRef value,
                         llvm::ArrayRef<llvm::StringRef> choices) {
  llvm::StringRef similar = findSimilar(value, choices);
  return similar.empty() ? "it is " + joinWords(choices)
                         : ("did you mean '" + similar + "'?").str();
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

/// A list as on the command line: "30,60", each number greater than the last.
std::string checkNumbers(const KeyInfo &info, llvm::StringRef value) {
  llvm::SmallVector<llvm::StringRef> parts;
  value.split(parts, ',');
  double last = -HUGE_VAL;
  llvm::StringRef before;
  for (llvm::StringRef part : parts) {
    if (std::string wrong = checkNumber(info, part); !wrong.empty())
      return wrong;
    double number = 0;
    part.getAsDouble(number);
    if (number <= last)
      return ("'" + info.name + "' must rise; " + part + " comes after " +
              before)
          .str();
    last = number;
    before = part;
  }
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
  changeOptimizer(*fg::kOptimizers[0]);
}

const fg::OptimizerOptions &Recipe::optimizer() const {
  return *fg::findOptimizerOptions(getOptimizer());
}

void Recipe::changeOptimizer(const fg::OptimizerOptions &chosen) {
  const fg::OptimizerOptions &former = optimizer();
  llvm::erase_if(entries,
                 [&](const Entry &entry) { return former.find(entry.key); });
  auto place = llvm::find_if(
      entries, [](const Entry &entry) { return entry.key == kOptimizer; });
  place->value = chosen.name.str();
  std::vector<Entry> numbers;
  for (const fg::HyperInfo &hyper : chosen.hypers)
    numbers.push_back({hyper.name.str(), formatNumber(hyper.value)});
  entries.insert(std::next(place), numbers.begin(), numbers.end());
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

std::string Recipe::explainUnknown(llvm::StringRef key,
                                   std::string &help) const {
  llvm::SmallVector<llvm::StringRef> owners = optimizersWith(key);
  if (!owners.empty()) {
    help = "it is an option of " + joinWords(owners, "and");
    return ("'" + getOptimizer() + "' has no option '" + key + "'").str();
  }
  llvm::SmallVector<llvm::StringRef> names;
  for (const Entry &entry : entries)
    names.push_back(entry.key);
  llvm::StringRef similar = findSimilar(key, names);
  help = similar.empty() ? "its entries are " + joinWords(names, "and")
                         : ("did you mean '" + similar + "'?").str();
  return ("a recipe has no entry '" + key + "'").str();
}

std::string Recipe::set(llvm::StringRef key, llvm::StringRef value,
                        std::string &help) {
  help.clear();
  std::optional<KeyInfo> info = findKey(key, optimizer());
  if (!info)
    return explainUnknown(key, help);
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
  case ValueKind::Optimizer: {
    const fg::OptimizerOptions *chosen = fg::findOptimizerOptions(value);
    if (chosen) {
      if (chosen != &optimizer())
        changeOptimizer(*chosen);
      return "";
    }
    llvm::SmallVector<llvm::StringRef> choices;
    for (const fg::OptimizerOptions *known : fg::kOptimizers)
      choices.push_back(known->name);
    help = helpToChoose(value, choices);
    return ("there is no " + key + " '" + value + "'").str();
  }
  case ValueKind::Choice: {
    llvm::SmallVector<llvm::StringRef> choices;
    llvm::StringRef(info->choices).split(choices, ',');
    if (llvm::is_contained(choices, value))
      break;
    help = helpToChoose(value, choices);
    return ("there is no " + key + " '" + value + "'").str();
  }
  case ValueKind::Text:
    if (value.empty())
      return ("'" + key + "' is empty").str();
    break;
  case ValueKind::Numbers:
    if (std::string wrong = checkNumbers(*info, value); !wrong.empty())
      return wrong;
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

bool Recipe::setAt(llvm::SMRange keyRange, llvm::SMRange valueRange,
                   llvm::StringRef key, llvm::StringRef value,
                   Diagnostics &diagnostics) {
  std::string help;
  std::string wrong = set(key, value, help);
  if (wrong.empty())
    return true;
  diagnostics.error(findKey(key, optimizer()) ? valueRange : keyRange, wrong);
  if (!help.empty())
    diagnostics.help(help);
  return false;
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
  if (value->isList() &&
      llvm::all_of(value->getList(), std::mem_fn(&Constant::isNumeric))) {
    llvm::SmallVector<std::string> numbers;
    for (const Constant &number : value->getList())
      numbers.push_back(number.isInteger() ? number.format()
                                           : formatNumber(number.getNumber()));
    return llvm::join(numbers, ",");
  }
  diagnostics.error(expr.range,
                    "an entry of a recipe is a number or a word; this is " +
                        value->describe());
  return std::nullopt;
}

/// Reports an entry that is there already; otherwise keeps its place.
static bool isFirst(llvm::StringMap<llvm::SMRange> &seen, llvm::StringRef key,
                    llvm::SMRange range, Diagnostics &diagnostics) {
  auto [first, isNew] = seen.try_emplace(key, range);
  if (isNew)
    return true;
  diagnostics.error(range, "the recipe already says its " + key);
  diagnostics.note(first->second, "the first time is here");
  return false;
}

// `sgd(rate = 0.01)`.
void Recipe::applyOptimizer(const RecipeEntry &entry, Places &seen,
                            Diagnostics &diagnostics) {
  // A known key here lacks its value.
  if (findKey(entry.key.text, optimizer()) ||
      !optimizersWith(entry.key.text).empty()) {
    diagnostics.error(entry.key.range,
                      "'" + entry.key.text + "' lacks its value");
    diagnostics.help("write " + entry.key.text + " VALUE");
    return;
  }
  if (!setAt(entry.key.range, entry.key.range, kOptimizer, entry.key.text,
             diagnostics))
    return; // which options there are is not known
  for (const ParameterDeclaration &option : entry.options) {
    std::optional<std::string> value = readValue(*option.value, diagnostics);
    if (!value)
      continue;
    if (optimizer().find(option.name.text)) {
      if (isFirst(seen, option.name.text, option.name.range, diagnostics))
        setAt(option.name.range, option.value->range, option.name.text, *value,
              diagnostics);
      continue;
    }
    diagnostics.error(option.name.range, "'" + entry.key.text +
                                             "' has no option '" +
                                             option.name.text + "'");
    llvm::SmallVector<llvm::StringRef> names;
    for (const fg::HyperInfo &hyper : optimizer().hypers)
      names.push_back(hyper.name);
    llvm::StringRef similar = findSimilar(option.name.text, names);
    diagnostics.help(similar.empty()
                         ? "its options are " + joinWords(names, "and")
                         : ("did you mean '" + similar + "'?").str());
  }
}

void Recipe::applyEntry(const RecipeEntry &entry, Diagnostics &diagnostics) {
  llvm::StringRef key = entry.key.text;
  std::optional<std::string> value = entry.word.text.str();
  llvm::SMRange valueRange = entry.word.range;
  if (entry.value) {
    value = readValue(*entry.value, diagnostics);
    valueRange = entry.value->range;
  }
  if (!value)
    return;
  if (!entry.options.empty() && key != "rule") {
    diagnostics.error(entry.options.front().name.range,
                      "'" + key + "' takes no options");
    return;
  }
  llvm::StringRef separator = ":";
  for (const ParameterDeclaration &option : entry.options) {
    std::optional<std::string> setting = readValue(*option.value, diagnostics);
    if (setting)
      *value += (separator + option.name.text + "=" + *setting).str();
    separator = ",";
  }
  setAt(entry.key.range, valueRange, key, *value, diagnostics);
}

void Recipe::apply(llvm::ArrayRef<RecipeEntry> written,
                   Diagnostics &diagnostics) {
  auto isOptimizer = [](const RecipeEntry &entry) {
    return entry.word.text.empty() && !entry.value;
  };
  Places seen;
  llvm::SmallVector<const RecipeEntry *> others;
  for (const RecipeEntry &entry : written) {
    llvm::StringRef key =
        isOptimizer(entry) ? llvm::StringRef(kOptimizer) : entry.key.text;
    if (!isFirst(seen, key, entry.key.range, diagnostics))
      continue;
    if (isOptimizer(entry))
      applyOptimizer(entry, seen, diagnostics);
    else if (key == kOptimizer)
      applyEntry(entry, diagnostics);
    else
      others.push_back(&entry);
  }
  for (const RecipeEntry *entry : others)
    applyEntry(*entry, diagnostics);
}

} // namespace foregrad::lang
