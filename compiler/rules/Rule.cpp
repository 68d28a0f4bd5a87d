//===- Rule.cpp - The list of rules, and how --rule is read ---------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/rules/Rule.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace foregrad::compiler {

ArrayRef<RuleInfo> allRules() {
  static const RuleInfo rules[] = {bpRule, lgFgARule};
  return rules;
}

static llvm::Error ruleError(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

static const RuleInfo *findRule(StringRef name) {
  std::string dashed = name.str();
  llvm::replace(dashed, '_', '-');
  for (const RuleInfo &rule : allRules())
    if (rule.name == dashed)
      return &rule;
  return nullptr;
}

static std::string listRules() {
  return llvm::join(
      llvm::map_range(allRules(),
                      [](const RuleInfo &rule) { return rule.name; }),
      ", ");
}

static llvm::Error setOption(RuleChoice &choice, StringRef key,
                             StringRef value) {
  if (!choice.info->perturbs)
    return ruleError("rule '" + choice.info->name + "' has no option '" + key +
                     "': it perturbs nothing");
  if (key == "directions") {
    if (value.getAsInteger(10, choice.options.directions) ||
        choice.options.directions < 1 ||
        choice.options.directions > kMostDirections)
      return ruleError("rule option directions=" + value +
                       ": expected a whole number from 1 to " +
                       llvm::Twine(kMostDirections));
    return llvm::Error::success();
  }
  if (key == "perturbation") {
    std::optional<fg::Law> law = fg::symbolizeLaw(value);
    if (!law)
      return ruleError("rule option perturbation=" + value +
                       ": expected gaussian or rademacher");
    choice.options.perturbation = *law;
    return llvm::Error::success();
  }
  return ruleError("rule '" + choice.info->name + "' has no option '" + key +
                   "': expected directions or perturbation");
}

llvm::Expected<RuleChoice> parseRule(StringRef text) {
  auto [name, options] = text.split(':');
  RuleChoice choice;
  choice.info = findRule(name);
  if (!choice.info)
    return ruleError("unknown rule '" + name + "': expected one of " +
                     listRules());
  SmallVector<StringRef> parts;
  options.split(parts, ',', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  for (StringRef part : parts) {
    auto [key, value] = part.split('=');
    if (llvm::Error error = setOption(choice, key.trim(), value.trim()))
      return std::move(error);
  }
  return choice;
}

std::string RuleChoice::text() const {
  std::string result = info->name.str();
  if (info->perturbs)
    result +=
        llvm::formatv(":directions={0},perturbation={1}", options.directions,
                      fg::stringifyLaw(options.perturbation));
  return result;
}

void registerRulePasses() {
  for (const RuleInfo &rule : allRules())
    ::mlir::registerPass([&rule] { return rule.create(RuleOptions()); });
}

} // namespace foregrad::compiler
