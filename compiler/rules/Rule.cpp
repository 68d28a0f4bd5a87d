//===- Rule.cpp - The list of rules, and how --rule is read ---------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/rules/Rule.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace foregrad::compiler {

ArrayRef<RuleInfo> allRules() {
  static const RuleInfo rules[] = {
      bpRule,    lBpRule,  lgBpRule, faRule,          lFaRule,
      lgFaRule,  dfaRule,  fgWRule,  fgARule,         lgFgWRule,
      lgFgARule, lgPWRule, lgPARule, bpCheckpointRule};
  return rules;
}

static llvm::Error ruleError(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

const RuleInfo *findRule(StringRef name) {
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

static constexpr StringLiteral kLaws = "gaussian, rademacher or orthogonal";

static llvm::Error setOption(RuleChoice &choice, StringRef key,
                             StringRef value) {
  RuleOptions &options = choice.options;
  bool ofPerturbations = key == "directions" || key == "perturbation";
  if (ofPerturbations && !choice.info->perturbs)
    return ruleError("rule '" + choice.info->name + "' has no option '" + key +
                     "': it perturbs nothing");
  if (key == "directions") {
    if (value.getAsInteger(10, options.directions) || options.directions < 1 ||
        options.directions > kMostDirections)
      return ruleError("rule option directions=" + value +
                       ": expected a whole number from 1 to " +
                       llvm::Twine(kMostDirections));
    return llvm::Error::success();
  }
  if (key == "perturbation") {
    std::optional<Perturbation> law = findPerturbation(value);
    if (!law)
      return ruleError("rule option perturbation=" + value + ": expected " +
                       kLaws);
    options.perturbation = *law;
    return llvm::Error::success();
  }
  // Dashes and underscores are the same in names.
  if (key == "norm_gradient" || key == "norm-gradient") {
    if (value != "on" && value != "off")
      return ruleError("rule option norm_gradient=" + value +
                       ": expected on or off");
    options.normGradient = value == "on";
    return llvm::Error::success();
  }
  return ruleError("rule '" + choice.info->name + "' has no option '" + key +
                   "': expected " +
                   (choice.info->perturbs
                        ? "directions, perturbation or norm_gradient"
                        : "norm_gradient"));
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

std::optional<RuleChoice> exactCounterpart(const RuleChoice &rule) {
  const RuleInfo *exact = findRule(rule.info->estimates);
  if (!exact)
    return std::nullopt;
  return RuleChoice{exact, {.normGradient = rule.options.normGradient}};
}

std::string RuleChoice::text() const {
  SmallVector<std::string> parts;
  if (info->perturbs) {
    parts.push_back("directions=" + std::to_string(options.directions));
    parts.push_back(
        ("perturbation=" + perturbationName(options.perturbation)).str());
  }
  if (!options.normGradient)
    parts.push_back("norm_gradient=off");
  return info->name.str() + (parts.empty() ? "" : ":") + llvm::join(parts, ",");
}

namespace {

/// A rule as a pass over all models of a module.
struct RulePass : PassWrapper<RulePass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(RulePass)

  RulePass(const RuleInfo &rule, const RuleOptions &defaults, Purpose purpose)
      : info(rule), argument(("fg-rule-" + rule.name).str()) {
    directions = defaults.directions;
    perturbation = perturbationName(defaults.perturbation).str();
    normGradient = defaults.normGradient;
    external = defaults.externalPerturbation;
    exact = purpose == Purpose::Compare;
  }
  RulePass(const RulePass &other)
      : PassWrapper(other), info(other.info), argument(other.argument) {
    copyOptionValuesFrom(&other);
  }

  StringRef getArgument() const override { return argument; }
  StringRef getDescription() const override { return info.summary; }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<fg::FgDialect>();
  }

  void runOnOperation() override {
    RuleOptions options;
    options.directions = directions;
    options.normGradient = normGradient;
    options.externalPerturbation = external;
    std::optional<Perturbation> law = findPerturbation(perturbation);
    if (!law || directions < 1 || directions > kMostDirections) {
      getOperation().emitError(argument)
          << ": expected directions from 1 to " << kMostDirections
          << " and perturbation " << kLaws;
      return signalPassFailure();
    }
    options.perturbation = *law;
    if (exact && !info.estimates.empty()) {
      getOperation().emitError(argument)
          << ": is no exact rule, it stands in for " << info.estimates;
      return signalPassFailure();
    }
    Purpose purpose = exact ? Purpose::Compare : Purpose::Learn;
    for (auto model : llvm::to_vector(getOperation().getOps<fg::ModelOp>())) {
      FailureOr<GradientEntry> entry =
          GradientEntry::begin(model, info.name, options, purpose);
      if (failed(entry) || failed(info.apply(*entry)))
        return signalPassFailure();
    }
  }

  const RuleInfo &info;
  std::string argument;
  Option<int64_t> directions{*this, "directions",
                             llvm::cl::desc("estimates, averaged"),
                             llvm::cl::init(1)};
  Option<std::string> perturbation{*this, "perturbation", llvm::cl::desc(kLaws),
                                   llvm::cl::init("gaussian")};
  Option<bool> normGradient{
      *this, "norm-gradient",
      llvm::cl::desc("derivatives go through the statistics of norms"),
      llvm::cl::init(true)};
  Option<bool> external{*this, "external-perturbation",
                        llvm::cl::desc("read perturbations from buffers"),
                        llvm::cl::init(false)};
  Option<bool> exact{*this, "exact",
                     llvm::cl::desc("write the entry `exact`, which estimates "
                                    "are compared with"),
                     llvm::cl::init(false)};
};

} // namespace

std::unique_ptr<Pass> createRulePass(const RuleInfo &rule,
                                     const RuleOptions &options,
                                     Purpose purpose) {
  return std::make_unique<RulePass>(rule, options, purpose);
}

void registerRulePasses() {
  for (const RuleInfo &rule : allRules())
    ::mlir::registerPass([&rule] { return createRulePass(rule); });
}

} // namespace foregrad::compiler
