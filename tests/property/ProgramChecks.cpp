//===- ProgramChecks.cpp - What must hold for every program ---------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "tests/property/ProgramChecks.h"
#include "compiler/driver/Driver.h"
#include "compiler/driver/Phases.h"
#include "frontends/fg/Frontend.h"
#include "mlir/IR/Diagnostics.h"
#include "tests/property/OpChecks.h"
#include "tools/fgc/DrawInputs.h"
#include "tools/fgc/Verify.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <random>

using namespace mlir;

namespace foregrad::property {

namespace {

/// Of the whole model's differences.
constexpr double kStep = 1e-4;
constexpr double kGradientTolerance = 1e-5;
/// Sums in another order, in f64.
constexpr double kFusionTolerance = 1e-9;
/// Random models are badly conditioned at times (norms of nearly equal
/// numbers): small gradients are what large ones leave over.
constexpr double kNegligible = 1e-2;
/// Nor do f32 and bf16 keep to their usual tolerances in them. How badly a
/// program is conditioned its own code in f64 tells: other code may be off by
/// so many times as much, in units of its own rounding. (Two runs seldom come
/// equally near to the worst that their errors can add up to.)
constexpr double kConditioning = 10;
/// That code must keep to so small a share of f64's usual tolerance: where it
/// does not, it is wrong, or nobody could tell whether other code is.
constexpr double kConditioned = 1e-2;
/// In f64's.
constexpr double kFloatRounding = 0x1p29;
constexpr double kBf16Rounding = 0x1p45;

class Checks {
public:
  Checks(const std::string &text, const CheckOptions &checkOptions,
         Counts &allCounts)
      : program(text), options(checkOptions), counts(allCounts),
        random(checkOptions.seed) {}

  std::optional<Fault> run();

private:
  bool compile();
  /// The program with the entries of the rule; null if it was refused.
  OwningOpRef<ModuleOp> applyRule(const std::string &rule);
  std::string randomRule(const compiler::RuleInfo &info);
  std::optional<Fault> checkOps();
  std::optional<Fault> checkGradient();
  std::optional<Fault> checkRules();
  std::optional<Fault> checkRule(const std::string &rule, ModuleOp ruled);
  std::optional<Fault> checkCompiled(const compiler::RuleInfo &info,
                                     const std::string &rule);
  llvm::Expected<fgc::Verification>
  compileAndVerify(const compiler::CompileOptions &options);
  /// A fault that shows the smallest of the arrays that differ, if any does.
  std::optional<Fault> compare(const std::string &check, fg::EntryOp gradient,
                               const fg::Buffers &expected,
                               const fg::Buffers &found);
  std::optional<Fault> compareFusion(const std::string &rule, ModuleOp ruled,
                                     bool fuse, const fg::Buffers &inputs,
                                     const fg::Buffers &expected);

  const std::string &program;
  const CheckOptions &options;
  Counts &counts;
  std::mt19937_64 random;
  MLIRContext context{MLIRContext::Threading::DISABLED};
  std::optional<lang::Result> model;
  std::string firstError;
};

} // namespace

bool Checks::compile() {
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(
      llvm::MemoryBuffer::getMemBufferCopy(program, "model.fg"), llvm::SMLoc());
  sources.setDiagHandler(
      [](const llvm::SMDiagnostic &diagnostic, void *error) {
        auto &first = *static_cast<std::string *>(error);
        if (first.empty())
          first = (llvm::Twine(diagnostic.getLineNo()) + ": " +
                   diagnostic.getMessage())
                      .str();
      },
      &firstError);
  lang::Options language;
  language.fileName = "model.fg";
  language.batch = options.batch;
  language.precision = lang::ElementType::F64;
  model = lang::compileSource(context, sources, language);
  return model.has_value();
}

OwningOpRef<ModuleOp> Checks::applyRule(const std::string &rule) {
  firstError.clear();
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    if (firstError.empty() &&
        diagnostic.getSeverity() == DiagnosticSeverity::Error)
      firstError = diagnostic.str();
    return success();
  });
  llvm::Expected<compiler::RuleChoice> choice = compiler::parseRule(rule);
  if (!choice) {
    firstError = llvm::toString(choice.takeError());
    return {};
  }
  compiler::PhaseOptions phases;
  phases.rule = *choice;
  phases.optimizer = "sgd";
  OwningOpRef<ModuleOp> ruled(model->module->clone());
  if (failed(compiler::runPhase("rule", *ruled, phases)))
    return {};
  return ruled;
}

/// With options, where the rule has some.
std::string Checks::randomRule(const compiler::RuleInfo &info) {
  SmallVector<std::string> chosen;
  if (info.perturbs) {
    static const char *const laws[] = {"gaussian", "rademacher", "orthogonal"};
    chosen.push_back("directions=" + std::to_string(1 + random() % 3));
    chosen.push_back(std::string("perturbation=") +
                     laws[random() % std::size(laws)]);
  }
  if (random() % 6 == 0)
    chosen.push_back("norm_gradient=off");
  return info.name.str() + (chosen.empty() ? "" : ":") +
         llvm::join(chosen, ",");
}

std::optional<Fault> Checks::checkOps() {
  std::optional<Fault> fault;
  model->module->walk([&](fg::DifferentiableOpInterface op) {
    ++counts.ops;
    std::string text = checkOp(op, random());
    if (text.empty())
      return WalkResult::advance();
    fault = {"op", text};
    return WalkResult::interrupt();
  });
  return fault;
}

/// The mean loss of the entry `eval` with the parameters moved by `steps` along
/// `direction`.
static double movedLoss(fg::EntryOp eval, const fg::Buffers &inputs,
                        const fg::Buffers &direction, double steps) {
  fg::Buffers moved = inputs;
  for (const auto &[name, tensor] : direction)
    for (auto [x, d] : llvm::zip_equal(moved[name].values, tensor.values))
      x += steps * d;
  llvm::Expected<fg::Buffers> values = fg::evaluateEntry(eval, moved);
  if (!values) {
    llvm::consumeError(values.takeError());
    return NAN;
  }
  double sum = 0;
  for (double loss : (*values)["losses"].values)
    sum += loss;
  return sum / static_cast<double>((*values)["losses"].size());
}

std::optional<Fault> Checks::checkGradient() {
  OwningOpRef<ModuleOp> ruled = applyRule("bp");
  if (!ruled)
    return Fault{"gradient", "bp refuses the program: " + firstError};
  llvm::Expected<fgc::DrawnInputs> inputs =
      fgc::drawInputs(*ruled, {.seed = options.seed, .margin = 5e-3});
  if (!inputs)
    return Fault{"gradient", llvm::toString(inputs.takeError())};
  llvm::Expected<fg::Buffers> gradient =
      fg::evaluateEntry(fgc::findEntry(*ruled, "gradient"), inputs->buffers);
  if (!gradient)
    return Fault{"gradient", llvm::toString(gradient.takeError())};
  fg::Buffers direction;
  std::normal_distribution<double> normal;
  double slope = 0, squares = 0;
  for (const auto &[name, tensor] : *gradient) {
    llvm::StringRef path = name;
    if (!path.consume_back(".grad"))
      continue;
    fg::Tensor &along = direction[path.str()] = fg::Tensor(tensor.shape);
    for (auto [d, g] : llvm::zip_equal(along.values, tensor.values)) {
      d = normal(random);
      slope += d * g;
      squares += g * g;
    }
  }
  if (inputs->nearKinks > 0)
    return std::nullopt; // a difference would look across a kink
  fg::EntryOp eval = fgc::findEntry(*ruled, "eval");
  auto difference = [&](double step) {
    auto at = [&](double steps) {
      return movedLoss(eval, inputs->buffers, direction, steps * step);
    };
    return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * step);
  };
  double coarse = difference(kStep), fine = difference(kStep / 4);
  double scale = std::max(std::sqrt(squares), 1e-3);
  // Where a model is curved too sharply for both steps they tell nothing.
  if (!(std::abs(coarse - fine) <= 0.1 * kGradientTolerance * scale))
    return std::nullopt;
  ++counts.wholeModels;
  if (std::abs(fine - slope) <= kGradientTolerance * scale)
    return std::nullopt;
  return Fault{"gradient",
               llvm::formatv("bp along a random direction: the loss changes "
                             "by {0:E9}, the gradient says {1:E9}",
                             fine, slope)
                   .str()};
}

std::optional<Fault> Checks::compare(const std::string &check,
                                     fg::EntryOp gradient,
                                     const fg::Buffers &expected,
                                     const fg::Buffers &found) {
  auto nameInStep = [](const fgc::Difference &difference) {
    return difference.name + (difference.isGradient ? ".grad" : "");
  };
  std::string smallest, all;
  size_t fewest = SIZE_MAX;
  for (const fgc::Difference &difference :
       fgc::compareSteps(gradient, expected, found, kNegligible)) {
    if (difference.error <= kFusionTolerance)
      continue;
    std::string name = nameInStep(difference);
    all +=
        llvm::formatv("  {0}: relative error {1:E2}\n", name, difference.error);
    const fg::Tensor &tensor = expected.find(name)->second;
    if (tensor.values.size() < fewest) {
      fewest = tensor.values.size();
      smallest = name;
    }
  }
  if (smallest.empty())
    return std::nullopt;
  auto numbers = [&](const fg::Buffers &buffers) {
    std::string text;
    auto array = buffers.find(smallest);
    if (array != buffers.end())
      for (double value : array->second.values)
        text += llvm::formatv(" {0:E9}", value);
    return text;
  };
  return Fault{check, "arrays that differ:\n" + all + "the smallest, " +
                          smallest + "\n  expected" + numbers(expected) +
                          "\n  found   " + numbers(found)};
}

std::optional<Fault> Checks::compareFusion(const std::string &rule,
                                           ModuleOp ruled, bool fuse,
                                           const fg::Buffers &inputs,
                                           const fg::Buffers &expected) {
  std::string check = rule + (fuse ? " fused" : " with all copies written out");
  OwningOpRef<ModuleOp> other(ruled.clone());
  compiler::PhaseOptions phases;
  phases.fuse = fuse;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    firstError = diagnostic.str();
    return success();
  });
  if (failed(compiler::runPhase("fusion", *other, phases)))
    return Fault{check, "the fusion phase fails: " + firstError};
  llvm::Expected<fg::Buffers> found =
      fg::evaluateEntry(fgc::findEntry(*other, "gradient"), inputs);
  if (!found)
    return Fault{check, llvm::toString(found.takeError())};
  return compare(check, fgc::findEntry(ruled, "gradient"), expected, *found);
}

std::optional<Fault> Checks::checkRule(const std::string &rule,
                                       ModuleOp ruled) {
  llvm::Expected<fgc::DrawnInputs> inputs =
      fgc::drawInputs(ruled, {.seed = options.seed, .margin = 1e-9});
  if (!inputs)
    return Fault{rule, llvm::toString(inputs.takeError())};
  llvm::Expected<fg::Buffers> expected =
      fg::evaluateEntry(fgc::findEntry(ruled, "gradient"), inputs->buffers);
  if (!expected)
    return Fault{rule, llvm::toString(expected.takeError())};
  for (bool fuse : {true, false})
    if (std::optional<Fault> fault =
            compareFusion(rule, ruled, fuse, inputs->buffers, *expected))
      return fault;
  return std::nullopt;
}

llvm::Expected<fgc::Verification>
Checks::compileAndVerify(const compiler::CompileOptions &compile) {
  ++counts.compiled[compile.precision];
  std::optional<llvm::Expected<fgc::Verification>> result;
  auto verify = [&](ModuleOp unfused, const compiler::RuleInfo &info) {
    result.emplace(
        fgc::verifyArtifact(unfused, info, compile.output,
                            {.roundsProducts = compile.precision == "bf16",
                             .negligible = kNegligible}));
    return 0;
  };
  int status = compiler::compileModel(compile, verify);
  if (result && status == 0)
    return std::move(*result);
  if (result)
    llvm::consumeError(result->takeError());
  return llvm::createStringError(
      "the compiler fails (its message stands above)");
}

/// The largest error of any array.
static double largestError(const fgc::Verification &verification) {
  double largest = 0;
  for (const fgc::CodeVerification &code : verification.codes)
    for (const fgc::Difference &difference : code.differences)
      largest = std::max(largest, difference.error);
  return largest;
}

static std::string describeFailures(const fgc::Verification &verification) {
  std::string text;
  for (auto [code, difference] : verification.failures())
    text += llvm::formatv("  {0}: relative error {1:E2}\n", difference->name,
                          difference->error);
  return text;
}

std::optional<Fault> Checks::checkCompiled(const compiler::RuleInfo &info,
                                           const std::string &rule) {
  compiler::CompileOptions compile;
  compile.input = options.scratchFolder + "/random.fg";
  compile.output = options.scratchFolder + "/random.fgb";
  compile.rule = rule;
  compile.batch = options.batch;
  const uint64_t draw = random();
  compile.precision = draw % 2 ? "f64" : "f32";
  if (draw % 6 == 0 && info.roundingGain == 1)
    compile.precision = "bf16";
  compile.fuse = random() % 4 != 0;
  std::error_code error;
  llvm::raw_fd_ostream file(compile.input, error);
  file << program;
  file.close();
  if (error || file.has_error()) {
    file.clear_error();
    return Fault{"compiled", "cannot write " + compile.input};
  }
  auto fault = [&](const std::string &text) {
    return Fault{"compiled " + rule + " " + compile.precision +
                     (compile.fuse ? "" : " --no-fuse"),
                 text};
  };
  llvm::Expected<fgc::Verification> found = compileAndVerify(compile);
  if (!found)
    return fault(llvm::toString(found.takeError()));
  if (found->failures().empty())
    return std::nullopt;
  if (compile.precision != "f64") {
    const std::string precision = std::exchange(compile.precision, "f64");
    llvm::Expected<fgc::Verification> exact = compileAndVerify(compile);
    if (!exact)
      return fault(llvm::toString(exact.takeError()));
    exact->tolerance *= kConditioned;
    if (!exact->failures().empty())
      return fault("not for want of precision: in f64 it is off, too\n" +
                   describeFailures(*exact));
    double unit = precision == "bf16" ? kBf16Rounding : kFloatRounding;
    found->tolerance =
        std::max(found->tolerance, kConditioning * unit * largestError(*exact));
    if (found->failures().empty()) {
      ++counts.illConditioned;
      return std::nullopt;
    }
    compile.precision = precision;
  }
  return fault(describeFailures(*found));
}

std::optional<Fault> Checks::checkRules() {
  std::vector<const compiler::RuleInfo *> rules;
  for (const compiler::RuleInfo &info : compiler::allRules())
    rules.push_back(&info);
  std::shuffle(rules.begin(), rules.end(), random);
  size_t tried = 0;
  const compiler::RuleInfo *applied = nullptr;
  std::string lastRule;
  for (const compiler::RuleInfo *info : rules) {
    if (options.rules != 0 && tried == options.rules)
      break;
    std::string rule = randomRule(*info);
    OwningOpRef<ModuleOp> ruled = applyRule(rule);
    if (!ruled) {
      ++counts.refused[info->name.str()];
      if (firstError.empty())
        return Fault{rule, "is refused without a word"};
      continue;
    }
    ++tried;
    ++counts.applied[info->name.str()];
    if (std::optional<Fault> fault = checkRule(rule, *ruled))
      return fault;
    applied = info;
    lastRule = rule;
  }
  if (options.runsBackend && applied)
    return checkCompiled(*applied, lastRule);
  return std::nullopt;
}

std::optional<Fault> Checks::run() {
  if (!compile())
    return Fault{"compile", "the frontend refuses the program: " + firstError};
  if (std::optional<Fault> fault = checkOps())
    return fault;
  if (std::optional<Fault> fault = checkGradient())
    return fault;
  return checkRules();
}

std::optional<Fault> checkProgram(const std::string &program,
                                  const CheckOptions &options, Counts &counts) {
  return Checks(program, options, counts).run();
}

} // namespace foregrad::property
