//===- CommandLine.cpp - The command line of fgc --------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "tools/fgc/CommandLine.h"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>

namespace foregrad::fgc {

namespace {

constexpr const char *kExamples = R"(Examples:
  fgc model.fg -o model.fgb
      compiles with the rule and numbers of the model's recipe, for this machine
  fgc localmixer.fg -D patches=8 -D groups=16 --rule bp --batch 64 -o bp.fgb
      other sizes, backpropagation, batches of 64
  fgc model.fg --rule lg-fg-a:directions=4,perturbation=rademacher -o k4.fgb
      the mean of four directions of random signs
  fgc model.fg --cpu x86-64-v4,x86-64-v3,aarch64 -o model.fgb
      code for several processors in one artifact
  fgc model.fg --stop-after fusion
      prints the learning step as the compiler sees it
  fgc model.fg --rule lg-fg-a --batch 8 --verify -o model.fgb
      compiles, and proves one step of the code against the reference
  fgc model.fg -o model.fgb --report model.html
      also writes what a step will take at least, kernel by kernel, and memory

Exit codes: 0 done, 1 the input is at fault, 2 wrong usage.)";

/// `name=value` pairs; throws what CLI11 reports as wrong usage.
std::pair<std::string, std::string> splitPair(const std::string &option,
                                              const std::string &text) {
  size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    throw CLI::ValidationError(option,
                               "expected name=value, found '" + text + "'");
  return {text.substr(0, equals), text.substr(equals + 1)};
}

/// What the command line promises but this version cannot do.
struct Later {
  bool executable = false;
  std::string target = "cpu", gpu;

  /// A line that says so, or nothing.
  std::string refusal() const {
    if (target == "cuda" || !gpu.empty())
      return "--target cuda is not there yet: this version compiles for CPUs";
    if (executable)
      return "--executable is not there yet: run the .fgb with fgrun";
    return "";
  }
};

/// Whether writing one replaces the other; neither needs to be there.
bool isSameFile(const std::string &a, const std::string &b) {
  std::error_code error;
  std::filesystem::path first = std::filesystem::weakly_canonical(a, error);
  return !error && first == std::filesystem::weakly_canonical(b, error) &&
         !error;
}

/// Throws what CLI11 reports as wrong usage.
void checkReport(const Command &command) {
  if (command.report.empty())
    throw CLI::ValidationError("--report", "needs the name of a file");
  if (!command.options.stopAfter.empty())
    throw CLI::ExcludesError("--report", "--stop-after");
  for (const std::string &other :
       {command.options.input, command.options.output})
    if (isSameFile(command.report, other))
      throw CLI::ValidationError("--report", "would overwrite " + other);
}

} // namespace

std::optional<int> parseCommandLine(int argc, const char *const *argv,
                                    Command &command) {
  compiler::CompileOptions &options = command.options;
  CLI::App app("fgc: compiles a model and a learning rule into a trainer "
               "(.fgb), which fgrun runs.",
               "fgc");
  app.footer(kExamples);
  app.set_version_flag("--version", "fgc " + compiler::compilerVersion());
  std::vector<std::string> defines, recipe;
  Later later;
  bool noFuse = false;

  app.add_option("MODEL", options.input, "the model, a .fg file")->required();
  app.add_option("-o,--output", options.output, "the artifact to write (.fgb)");
  app.add_option("-D", defines, "sets a parameter of the model: name=value")
      ->allow_extra_args(false);
  app.add_option(
      "--rule", options.rule,
      "learning rule, with options: bp, lg-fg-a[:directions=K,"
      "perturbation=gaussian|rademacher|orthogonal]; default: the recipe's");
  app.add_option("--recipe", recipe,
                 "sets a number or name of the recipe: "
                 "key=value")
      ->allow_extra_args(false);
  app.add_option("--batch", options.batch,
                 "samples of a batch; default: the "
                 "recipe's")
      ->check(CLI::Range(1, 1 << 20));
  app.add_option("--target", later.target, "cpu or cuda")
      ->check(CLI::IsMember({"cpu", "cuda"}))
      ->capture_default_str();
  app.add_option("--cpu", options.cpus,
                 "processors to compile for: host, or names such as x86-64-v3, "
                 "skylake-avx512, aarch64 or neoverse-n1; with several, "
                 "NAME,NAME, the artifact holds code for each, and fgrun takes "
                 "the best that runs")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->default_str("host");
  app.add_option("--gpu", later.gpu, "GPU to compile for: sm_NN");
  app.add_option("--precision", options.precision,
                 "f32; f64; or bf16, which rounds what products multiply, and "
                 "sums in f32")
      ->check(CLI::IsMember({"f32", "f64", "bf16"}))
      ->capture_default_str();
  app.add_flag("--no-fuse", noFuse,
               "writes out all copies of replicated losses and keeps zero "
               "tangents: the same numbers, slower");
  app.add_option("--entries", options.entries,
                 "what the artifact is to do, NAME,NAME of step, gradient, "
                 "exact, perturbation, eval, predict: a small one to predict "
                 "with has --entries predict; default: all")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option("--tile", options.tile,
                 "samples that go through a step together, from the input to "
                 "the gradients; default: as many as suit the caches")
      ->check(CLI::Range(1, 1 << 20));
  app.add_option("--memory-limit", options.memoryLimit,
                 "most bytes of temporaries that an entry may use, with a "
                 "thread on each core: tiles are made small enough");
  app.add_flag("--external-perturbation", options.externalPerturbation,
               "the step takes its perturbations as inputs");
  app.add_flag("--remarks", options.remarks,
               "says what was not fused or is slow, at the model's line");
  const CLI::Option *report = app.add_option(
      "--report", command.report,
      "writes a page (.html): what each kernel of a step takes at the limit of "
      "this machine, which is measured, the plan of the memory and all "
      "remarks");
  app.add_option("--dump-phases", options.dumpPhases,
                 "folder for the program after each phase (02-rule.mlir, ...)");
  app.add_option("--stop-after", options.stopAfter,
                 "prints the program after a phase and stops")
      ->check(CLI::IsMember(compiler::phaseNames()));
  app.add_flag("--executable", later.executable, "writes one trainer program");
  app.add_flag("--verify", command.verify,
               "runs one step on random numbers and compares every gradient "
               "with the f64 reference of the unfused model (slow for big "
               "models and batches)");
  try {
    app.parse(argc, argv);
    for (const std::string &define : defines)
      options.defines.insert_or_assign(splitPair("-D", define).first,
                                       splitPair("-D", define).second);
    for (const std::string &entry : recipe)
      options.recipe.push_back(splitPair("--recipe", entry));
    if (options.output.empty() && options.stopAfter.empty())
      throw CLI::RequiredError("-o OUT.fgb");
    if (command.verify && !options.stopAfter.empty())
      throw CLI::ExcludesError("--verify", "--stop-after");
    if (report->count() > 0)
      checkReport(command);
    if (command.verify && !options.entries.empty() &&
        std::find(options.entries.begin(), options.entries.end(), "gradient") ==
            options.entries.end())
      throw CLI::ValidationError("--verify", "needs --entries gradient");
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  std::string refusal = later.refusal();
  if (!refusal.empty()) {
    std::cerr << "fgc: error: " << refusal << "\n";
    return 1;
  }
  options.fuse = !noFuse;
  options.commandLine.assign(argv + 1, argv + argc);
  return std::nullopt;
}

} // namespace foregrad::fgc
