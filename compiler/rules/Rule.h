//===- Rule.h - Learning rules as passes ----------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// A learning rule is a pass over a module with one `fg.model`: it adds the
// entry `gradient`, which computes the losses and what the rule takes for the
// gradient of each parameter. One file a rule; a new one is added to `allRules`
// and nowhere else.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_RULES_RULE_H
#define FOREGRAD_COMPILER_RULES_RULE_H

#include "compiler/rules/Primal.h"
#include "compiler/rules/Sweep.h"
#include "mlir/Pass/Pass.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace foregrad::compiler {

/// Options of all rules; a rule refuses those that mean nothing to it.
struct RuleOptions {
  int64_t directions = 1; // independent estimates, averaged
  fg::Law perturbation = fg::Law::Gaussian;
  bool externalPerturbation = false; // perturbations are inputs
};

struct RuleInfo {
  llvm::StringRef name; // as in --rule
  llvm::StringRef summary;
  bool perturbs; // takes directions and perturbation
  std::unique_ptr<mlir::Pass> (*create)(const RuleOptions &);
};

/// All rules, in the order of the paper's Table 3.
llvm::ArrayRef<RuleInfo> allRules();

/// A rule and its options as `--rule` takes them: `lg-fg-a:directions=4,
/// perturbation=rademacher` (`_` may stand for `-` in the name).
struct RuleChoice {
  const RuleInfo *info = nullptr;
  RuleOptions options;
  /// The full text, options included, from which it can be parsed again.
  std::string text() const;
};
llvm::Expected<RuleChoice> parseRule(llvm::StringRef text);

/// Registers every rule as `--fg-rule-NAME`.
void registerRulePasses();

/// The entry `gradient` while a rule writes it.
class GradientEntry {
public:
  /// Adds the entry behind `model` and writes the primal into it.
  static mlir::FailureOr<GradientEntry> begin(fg::ModelOp model,
                                              const RuleOptions &options);

  mlir::OpBuilder &builder() { return opBuilder; }
  Primal &primal() { return primalRecord; }

  /// Records what the rule takes for the gradient of parameters, from the
  /// cotangents of their reads; parameters without one are left out. A
  /// parameter that several parts of the model share, collected for each of
  /// them, gets the sum.
  void collect(llvm::ArrayRef<ParameterUse> parameters,
               const DerivativeMap &cotangents);

  /// The perturbation of a site, for its operand's elements: `directions` first
  /// if there are several. It is an error at the site if it has too many
  /// elements.
  mlir::FailureOr<mlir::Value> perturb(fg::SiteOpInterface site);

  /// The exact gradient of a head's own mean loss for its own parameters.
  mlir::LogicalResult learnHead(const Head &head);

  /// A head that takes no part in learning: its gradients are zero.
  void leaveHead(const Head &head);

  /// Writes the losses, the logits and all gradients. It is an error of the
  /// model (at the parameter's line) if a parameter has none under this rule:
  /// `reason` says why.
  mlir::LogicalResult finish(llvm::StringRef rule, llvm::StringRef reason);

private:
  GradientEntry(fg::ModelOp model, const RuleOptions &options);

  fg::ModelOp model;
  RuleOptions options;
  fg::EntryOp entry;
  mlir::OpBuilder opBuilder;
  Primal primalRecord;
  mlir::Value seed, step;
  llvm::MapVector<mlir::StringAttr, mlir::Value> perturbations; // by site
  llvm::DenseMap<mlir::StringAttr, mlir::Value> gradients;      // by path
};

/// A perturbation's axis over several directions. No axis of a model begins
/// with '#'.
inline constexpr llvm::StringLiteral kDirectionAxis = "#direction";

/// The largest number of directions.
inline constexpr int64_t kMostDirections = 4096;

/// Erases ops of the entry whose results nobody uses.
void eraseDeadOps(fg::EntryOp entry);

// One for each rule's file.
extern const RuleInfo bpRule;
extern const RuleInfo lgFgARule;

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_RULES_RULE_H
