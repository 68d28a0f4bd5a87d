//===- Verify.cpp - Compiled code against the reference -------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "tools/fgc/Verify.h"
#include "compiler/fusion/Fusion.h"
#include "compiler/rules/Rule.h"
#include "mlir/Pass/PassManager.h"
#include "tools/fgc/DrawInputs.h"
#include "tools/fgc/RunCompiled.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <limits>

using namespace mlir;

namespace foregrad::fgc {

/// What the evaluation of a product and of another element takes, in seconds.
static constexpr double kSecondsPerProduct = 1.2e-9;
static constexpr double kSecondsPerElement = 2.5e-8;
/// A shorter wait is not worth a line.
static constexpr double kLongWait = 10.0;

static double largest(const fg::Tensor &tensor) {
  double result = 0;
  for (double value : tensor.values)
    result = std::max(result, std::abs(value));
  return result;
}

/// Infinite where one of them is no number, or where they differ in size.
static double largestDifference(const fg::Tensor &a, const fg::Tensor &b) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (a.values.size() != b.values.size())
    return kInfinity;
  double result = 0;
  for (auto [x, y] : llvm::zip_equal(a.values, b.values)) {
    double difference = std::abs(x - y);
    if (!std::isfinite(difference))
      return kInfinity;
    result = std::max(result, difference);
  }
  return result;
}

std::vector<Difference> compareSteps(fg::EntryOp gradient,
                                     const fg::Buffers &reference,
                                     const fg::Buffers &found,
                                     double negligible) {
  auto writes = llvm::to_vector(gradient.getBody().getOps<fg::WriteOp>());
  double largestGradient = 0;
  for (fg::WriteOp write : writes)
    if (write.getRole() == fg::Role::Gradient)
      largestGradient = std::max(
          largestGradient, largest(reference.find(write.getName())->second));
  std::vector<Difference> differences;
  for (fg::WriteOp write : writes) {
    Difference difference;
    llvm::StringRef name = write.getName();
    difference.isGradient = write.getRole() == fg::Role::Gradient;
    const fg::Tensor &expected = reference.find(name)->second;
    if (difference.isGradient)
      name.consume_back(".grad");
    difference.name = name.str();
    double scale = largest(expected);
    if (scale < negligible * largestGradient)
      scale = largestGradient;
    auto other = found.find(write.getName());
    difference.error = largestDifference(
        expected, other == found.end() ? fg::Tensor() : other->second);
    if (scale > 0)
      difference.error /= scale;
    differences.push_back(std::move(difference));
  }
  return differences;
}

std::vector<Verification::Failure> Verification::failures() const {
  std::vector<Failure> result;
  for (const CodeVerification &code : codes)
    for (const Difference &difference : code.differences)
      // NaN fails too
      if (!(difference.error <= allowedError(difference, tolerance)))
        result.push_back({&code, &difference});
  return result;
}

static bool isSinglePrecision(fg::EntryOp gradient) {
  for (auto write : gradient.getBody().getOps<fg::WriteOp>())
    if (!fg::arrayType(write.getValue()).getElementType().isF64())
      return true;
  return false;
}

/// `program` with products of rounded numbers.
static OwningOpRef<ModuleOp> roundProducts(ModuleOp program) {
  OwningOpRef<ModuleOp> copy = program.clone();
  PassManager manager(program.getContext());
  manager.addNestedPass<fg::EntryOp>(compiler::createRoundProductsPass());
  if (failed(manager.run(*copy)))
    return {};
  return copy;
}

/// `exact`: the program whose products are not rounded, where those of
/// `program` are; else null.
static llvm::Expected<Verification>
compareWithReference(ModuleOp program, ModuleOp exact,
                     const compiler::RuleInfo &rule, const std::string &path,
                     const VerifyOptions &options) {
  fg::EntryOp gradient = findEntry(program, "gradient");
  if (!gradient)
    return llvm::createStringError("there is no entry 'gradient'");
  bool isSingle = isSinglePrecision(gradient);
  Verification result;
  result.precision = options.roundsProducts ? "bf16" : isSingle ? "f32" : "f64";
  result.tolerance = (options.roundsProducts ? 2e-2
                      : isSingle             ? 1e-4
                                             : 1e-9) *
                     rule.roundingGain;
  for (auto read : gradient.getBody().getOps<fg::ReadOp>())
    if (read.getRole() == fg::Role::Input)
      result.batch = fg::arrayType(read.getResult()).getShape().front();

  fg::EvaluationCost cost = fg::evaluationCost(gradient);
  double memory = options.memory > 0 ? options.memory
                                     : static_cast<double>(memoryOfMachine());
  if (cost.bytes > memory)
    return llvm::createStringError(
        llvm::formatv("the reference of a batch of {0} needs about {1:F1} GB "
                      "of memory, there are {2:F1}: compile with a smaller "
                      "--batch to verify",
                      result.batch, cost.bytes * 1e-9, memory * 1e-9)
            .str());
  double seconds = (exact ? 2 : 1) * (kSecondsPerProduct * cost.products +
                                      kSecondsPerElement * cost.elements);
  if (options.announce && seconds > kLongWait)
    options.announce(seconds);

  DrawOptions draw;
  draw.roundToFloat = isSingle;
  draw.margin = options.roundsProducts ? 1e-3 : isSingle ? 3e-6 : 1e-11;
  llvm::Expected<DrawnInputs> inputs = drawInputs(program, draw);
  if (!inputs)
    return inputs.takeError();
  result.nearKinks = inputs->nearKinks;
  llvm::Expected<fg::Buffers> reference =
      fg::evaluateEntry(gradient, inputs->buffers);
  if (!reference)
    return reference.takeError();
  std::vector<Difference> roundings;
  if (exact) {
    llvm::Expected<fg::Buffers> unrounded =
        fg::evaluateEntry(findEntry(exact, "gradient"), inputs->buffers);
    if (!unrounded)
      return unrounded.takeError();
    roundings =
        compareSteps(gradient, *reference, *unrounded, options.negligible);
  }
  std::vector<CompiledStep> steps;
  std::string error = runGradients(path, inputs->buffers, steps);
  if (!error.empty())
    return llvm::createStringError(error);
  for (CompiledStep &step : steps) {
    CodeVerification &code = result.codes.emplace_back();
    code.cpu = std::move(step.cpu);
    code.whyNot = std::move(step.whyNot);
    if (!code.whyNot.empty())
      continue;
    code.differences =
        compareSteps(gradient, *reference, step.outputs, options.negligible);
    for (auto [difference, rounding] : llvm::zip(code.differences, roundings))
      difference.rounding = rounding.error;
  }
  return result;
}

llvm::Expected<Verification> verifyArtifact(ModuleOp program,
                                            const compiler::RuleInfo &rule,
                                            const std::string &path,
                                            const VerifyOptions &options) {
  if (!options.roundsProducts)
    return compareWithReference(program, {}, rule, path, options);
  OwningOpRef<ModuleOp> rounded = roundProducts(program);
  if (!rounded)
    return llvm::createStringError("the products cannot be rounded");
  return compareWithReference(*rounded, program, rule, path, options);
}

static void printDifferences(const Verification &verification) {
  for (const CodeVerification &code : verification.codes) {
    if (verification.codes.size() > 1)
      llvm::outs() << "code for " << code.cpu
                   << (code.whyNot.empty()
                           ? ":\n"
                           : " was not run: " + code.whyNot + "\n");
    for (const Difference &difference : code.differences) {
      llvm::outs() << llvm::formatv("  {0:E1}  {1}", difference.error,
                                    difference.name);
      if (allowedError(difference, verification.tolerance) >
          verification.tolerance)
        llvm::outs() << llvm::formatv("  (rounding changes it by {0:E1})",
                                      difference.rounding);
      llvm::outs() << "\n";
    }
  }
}

int verifyAndPrint(ModuleOp program, const compiler::RuleInfo &rule,
                   const std::string &path, bool roundsProducts) {
  auto fail = [&](const llvm::Twine &message) {
    llvm::errs() << "fgc: error: --verify: " << message << "\n";
    (void)llvm::sys::fs::remove(path);
    return 1;
  };
  auto announce = [](double seconds) {
    llvm::errs() << llvm::formatv("fgc: --verify: the reference takes about "
                                  "{0:F0} s; a smaller --batch takes less\n",
                                  seconds);
  };
  llvm::Expected<Verification> verification =
      verifyArtifact(program, rule, path,
                     {.roundsProducts = roundsProducts, .announce = announce});
  if (!verification)
    return fail(llvm::toString(verification.takeError()));
  const char *precision = verification->precision;
  llvm::outs() << llvm::formatv(
      "one step at batch {0} against the f64 reference: largest relative "
      "errors ({1} may have {2:E0}{3})\n",
      verification->batch, precision, verification->tolerance,
      roundsProducts ? ", or half of what rounding changes" : "");
  printDifferences(*verification);
  if (verification->nearKinks)
    llvm::outs() << llvm::formatv(
        "{0} activations lie so near to a kink that {1} may take another side "
        "of it\n",
        verification->nearKinks, precision);
  llvm::outs().flush();
  if (llvm::outs().has_error()) {
    std::string message = llvm::outs().error().message();
    llvm::outs().clear_error();
    return fail("standard output: " + message);
  }
  std::vector<Verification::Failure> failures = verification->failures();
  if (failures.empty())
    return 0;
  for (auto [code, difference] : failures)
    llvm::errs() << llvm::formatv(
        "fgc: error: --verify: {0} '{1}'{2} is off by {3:E1} of its largest "
        "number; {4} may be off by {5:E0}\n",
        difference->isGradient ? "the gradient of" : "the output",
        difference->name,
        verification->codes.size() > 1 ? " in the code for " + code->cpu : "",
        difference->error, precision,
        allowedError(*difference, verification->tolerance));
  (void)llvm::sys::fs::remove(path);
  return 1;
}

} // namespace foregrad::fgc
