//===- GradientEntry.h - The entry that a rule writes ---------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_RULES_GRADIENTENTRY_H
#define FOREGRAD_COMPILER_RULES_GRADIENTENTRY_H

#include "compiler/rules/Primal.h"
#include "compiler/rules/Sweep.h"
#include "dialects/fg/Noise.h"
#include "llvm/ADT/MapVector.h"

namespace foregrad::compiler {

/// The law of perturbations.
enum class Perturbation {
  Gaussian,   // the paper's
  Rademacher, // -1 and 1
  Orthogonal, // directions at right angles to one another
};
llvm::StringRef perturbationName(Perturbation law);
std::optional<Perturbation> findPerturbation(llvm::StringRef name);

/// Of the random numbers that perturbations are made from.
fg::NoiseLaw drawnLaw(Perturbation law);

/// Options of all rules; a rule refuses those that mean nothing to it.
struct RuleOptions {
  int64_t directions = 1; // estimates, averaged; the primal is computed once
  Perturbation perturbation = Perturbation::Gaussian;
  /// Off: derivatives take the statistics of norms for constants.
  bool normGradient = true;
  bool externalPerturbation = false; // perturbations are inputs
};

/// What a gradient is for.
enum class Purpose {
  Learn,   // the entry `gradient`, from which `step` is made
  Compare, // the entry `exact`, which estimates are compared with
};

/// One perturbation, as `fg.perturbed` declares it.
struct PerturbedValues {
  std::string name; // as for `GradientEntry::perturb`
  int64_t units;    // its values that act on one copy of the loss
  int64_t acting;   // ... and those of all perturbations
  llvm::StringRef loss;
  bool shared;                                   // by all samples: of weights
  llvm::SmallVector<mlir::Attribute> parameters; // paths of what learns from it
};

/// The entry `gradient` (or `exact`) while a rule writes it.
class GradientEntry {
public:
  /// Adds the entry, `gradient` right behind `model`, and writes the primal
  /// into it. `rule` is its name in error messages.
  static mlir::FailureOr<GradientEntry> begin(fg::ModelOp model,
                                              llvm::StringRef rule,
                                              const RuleOptions &options,
                                              Purpose purpose = Purpose::Learn);

  mlir::OpBuilder &builder() { return opBuilder; }
  Primal &primal() { return primalRecord; }
  const RuleOptions &ruleOptions() const { return options; }
  llvm::StringRef rule() const { return ruleName; }

  /// Adds to what the rule takes for the gradient of a parameter.
  void addGradient(fg::ParameterOp parameter, mlir::Value gradient);

  /// Records what the rule takes for the gradient of parameters, from the
  /// cotangents of their reads; parameters without one are left out. A
  /// parameter that several parts of the model share, collected for each of
  /// them, gets the sum.
  void collect(llvm::ArrayRef<ParameterUse> parameters,
               const DerivativeMap &cotangents);

  /// The perturbation called `name` of an array of type `type`: `directions`
  /// first if there are several. `rows`, for the orthogonal law, are the
  /// directions before their columns get random signs (`fg.orthogonal_rows`).
  /// It is an error at `loc` if it has too many elements.
  mlir::FailureOr<mlir::Value> perturb(llvm::StringRef name, mlir::Location loc,
                                       fg::ArrayType type,
                                       mlir::Value rows = {});

  /// Declares a perturbation in the model. Where sites share a name, and so a
  /// perturbation, their units add up.
  void declarePerturbed(PerturbedValues values);

  /// True if `perturb` takes rows.
  bool wantsRows() const {
    return options.perturbation == Perturbation::Orthogonal &&
           options.directions > 1 && !options.externalPerturbation;
  }

  /// A fixed random array, drawn in `init` with deviation `scale`; one for each
  /// path.
  mlir::Value feedback(const llvm::Twine &path, mlir::Location loc,
                       fg::ArrayType type, double scale);

  /// The exact gradient of a head's own mean loss for its own parameters.
  mlir::LogicalResult learnHead(const Head &head);

  /// A head that takes no part in learning: its gradients are zero.
  void leaveHead(const Head &head);

  /// Writes the losses, the logits and all gradients. It is an error of the
  /// model (at the parameter's line) if a parameter has none under this rule:
  /// `reason` says why. In `exact` such a gradient is zero: another rule learns
  /// from it.
  mlir::LogicalResult finish(llvm::StringRef reason);

private:
  GradientEntry(fg::ModelOp model, llvm::StringRef rule,
                const RuleOptions &options, Purpose purpose);
  void writePerturbationEntry();
  void declareFeedback();
  void writePerturbed();

  fg::ModelOp model;
  llvm::StringRef ruleName;
  RuleOptions options;
  Purpose purpose;
  fg::EntryOp entry;
  mlir::OpBuilder opBuilder;
  Primal primalRecord;
  mlir::Value seed, step;
  llvm::MapVector<mlir::StringAttr, mlir::Value> perturbations; // by name
  std::vector<PerturbedValues> perturbed;
  llvm::DenseMap<mlir::StringAttr, mlir::Value> gradients; // by path
  struct Feedback {
    mlir::Value value;
    double scale;
  };
  llvm::MapVector<mlir::StringAttr, Feedback> feedbacks; // by path
};

/// A perturbation's axis over several directions. No axis of a model begins
/// with '#'.
inline constexpr llvm::StringLiteral kDirectionAxis = "#direction";

/// The largest number of directions.
inline constexpr int64_t kMostDirections = 4096;

/// `type` with the directions' axis in front.
fg::ArrayType withDirections(fg::ArrayType type, int64_t directions);

/// Erases ops of the entry whose results nobody uses.
void eraseDeadOps(fg::EntryOp entry);

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_RULES_GRADIENTENTRY_H
