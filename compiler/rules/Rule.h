//===- Rule.h - Learning rules as passes ----------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// A learning rule adds to a module with one `fg.model` the entry `gradient`,
// which computes the losses and what the rule takes for the gradient of each
// parameter. One file a rule; a new one is added to `allRules` and nowhere
// else. Where that gradient stands in for another rule's, the other one is
// written too, as the entry `exact`.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_RULES_RULE_H
#define FOREGRAD_COMPILER_RULES_RULE_H

#include "compiler/rules/GradientEntry.h"
#include "mlir/Pass/Pass.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace foregrad::compiler {

struct RuleInfo {
  llvm::StringRef name; // as in --rule
  llvm::StringRef summary;
  bool perturbs; // takes directions and perturbation
  /// The rule whose gradient this one stands in for: what its mean over
  /// perturbations is compared with, or its alignment. Empty if it is exact.
  llvm::StringRef estimates;
  /// Writes the gradients; `entry` holds the primal. Errors are reported at the
  /// model's lines.
  mlir::LogicalResult (*apply)(GradientEntry &entry);
  /// How much larger than itself a rounding error of a loss may come out in a
  /// gradient: what comparisons of precisions must allow for.
  double roundingGain = 1.0;
};

/// All rules, in the order of the paper's Table 3, then those beyond it.
llvm::ArrayRef<RuleInfo> allRules();

/// The rule called `name` (`_` may stand for `-`), or null.
const RuleInfo *findRule(llvm::StringRef name);

/// A rule and its options as `--rule` takes them: `lg-fg-a:directions=4,
/// perturbation=rademacher` (`_` may stand for `-` in the name).
struct RuleChoice {
  const RuleInfo *info = nullptr;
  RuleOptions options;
  /// The full text, options included, from which it can be parsed again.
  std::string text() const;
};
llvm::Expected<RuleChoice> parseRule(llvm::StringRef text);

/// The rule that this one stands in for, with the options that both have;
/// nothing if it is exact.
std::optional<RuleChoice> exactCounterpart(const RuleChoice &rule);

/// The pass `--fg-rule-NAME` of a rule. Only a rule that is exact can be there
/// to compare with.
std::unique_ptr<mlir::Pass> createRulePass(const RuleInfo &rule,
                                           const RuleOptions &options = {},
                                           Purpose purpose = Purpose::Learn);

/// Registers every rule as `--fg-rule-NAME`.
void registerRulePasses();

// One for each rule's file.
extern const RuleInfo bpRule;
extern const RuleInfo lBpRule;
extern const RuleInfo lgBpRule;
extern const RuleInfo faRule;
extern const RuleInfo lFaRule;
extern const RuleInfo lgFaRule;
extern const RuleInfo dfaRule;
extern const RuleInfo fgWRule;
extern const RuleInfo fgARule;
extern const RuleInfo lgFgWRule;
extern const RuleInfo lgFgARule;
extern const RuleInfo lgPWRule;
extern const RuleInfo lgPARule;
extern const RuleInfo bpCheckpointRule;

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_RULES_RULE_H
