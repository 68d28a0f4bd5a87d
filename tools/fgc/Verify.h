//===- Verify.h - Compiled code against the reference ---------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// What `fgc --verify` does: one step of the artifact and one of the f64
// reference, on the same random numbers, compared gradient by gradient.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_TOOLS_FGC_VERIFY_H
#define FOREGRAD_TOOLS_FGC_VERIFY_H

#include "dialects/fg/Evaluate.h"
#include "mlir/IR/BuiltinOps.h"
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace foregrad::compiler {
struct RuleInfo;
} // namespace foregrad::compiler

namespace foregrad::fgc {

/// An array that the step computes.
struct Difference {
  std::string name; // a parameter's path, or `loss`, `BLOCK.loss`, `logits`
  bool isGradient = false;
  double error = 0; // the largest, relative; infinite if one is no number
  /// By how much rounding the numbers that products multiply changes the array,
  /// relative like `error`; 0 where nothing is rounded.
  double rounding = 0;
};

/// The largest error that is not one, of code whose precision has `tolerance`.
/// In a deep model few numbers that round to the other side have consequences
/// of nearly the size that all rounding has: an array may be off by half of
/// what rounding changes it by.
inline double allowedError(const Difference &difference, double tolerance) {
  return std::max(tolerance, difference.rounding / 2);
}

/// A gradient this small beside the largest one is zero but for rounding.
inline constexpr double kNegligible = 1e-12;

/// Compares what the entry `gradient` writes with the reference, in its order.
/// An error is relative to the largest number of its array; but where that is
/// less than the share `negligible` of the largest gradient of all, what is
/// left of the array is mostly rounding, and its error is relative to the
/// latter.
std::vector<Difference> compareSteps(fg::EntryOp gradient,
                                     const fg::Buffers &reference,
                                     const fg::Buffers &found,
                                     double negligible = kNegligible);

/// One piece of code of the artifact.
struct CodeVerification {
  std::string cpu;
  std::string whyNot; // why it cannot run on this machine, in words, or empty
  std::vector<Difference> differences;
};

struct Verification {
  const char *precision = "f32";
  /// Of the precision (1e-9 for f64, 1e-4 for f32, 2e-2 for bf16), times what
  /// the rule makes of rounding.
  double tolerance = 0;
  int64_t batch = 0;
  std::vector<CodeVerification> codes; // at least one of them ran
  int64_t nearKinks = 0; // sites at which rounding may change a gradient

  /// What is off by more than is allowed, and the code that computed it.
  using Failure = std::pair<const CodeVerification *, const Difference *>;
  std::vector<Failure> failures() const;
};

struct VerifyOptions {
  /// The code's products are of bf16 numbers: let those of the reference be so
  /// too. What is left are roundings that fall to the other side.
  bool roundsProducts = false;
  double negligible = kNegligible; // as for compareSteps
  double memory = 0; // bytes that the reference may use; 0: the machine's
  /// Told before a long wait how many seconds it will be.
  llvm::function_ref<void(double seconds)> announce = nullptr;
};

/// Runs one step of the artifact at `path` and of `program`, the same entries
/// before fusion as `rule` wrote them; replicated losses are taken copy by
/// copy. Each piece of code that runs on this machine is compared.
llvm::Expected<Verification> verifyArtifact(mlir::ModuleOp program,
                                            const compiler::RuleInfo &rule,
                                            const std::string &path,
                                            const VerifyOptions &options = {});

/// `verifyArtifact` for users: prints the errors, and returns the exit code. An
/// artifact that is wrong is removed.
int verifyAndPrint(mlir::ModuleOp program, const compiler::RuleInfo &rule,
                   const std::string &path, bool roundsProducts);

} // namespace foregrad::fgc

#endif // FOREGRAD_TOOLS_FGC_VERIFY_H
