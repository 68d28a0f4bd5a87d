//===- random_programs.cpp - Properties of random programs ----------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
//   property_random_programs --programs 100 [--first-seed S] [--backend-every
//   N]
//
// Checks one program for each seed. A program that fails is made smaller as
// long as it fails in the same way, and printed with its seed; `--programs 1
// --first-seed SEED` runs it again. Exit code: 0 all hold, 1 not.
//
//===----------------------------------------------------------------------===//

#include "compiler/rules/Rule.h"
#include "tests/property/ProgramChecks.h"
#include "tests/property/RandomModel.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/PrettyStackTrace.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

using namespace foregrad;
using namespace foregrad::property;

namespace {

llvm::cl::opt<uint64_t> programsOption("programs", llvm::cl::init(100),
                                       llvm::cl::desc("How many programs"));
llvm::cl::opt<uint64_t>
    firstSeedOption("first-seed", llvm::cl::init(1),
                    llvm::cl::desc("Seed of the first program"));
llvm::cl::opt<uint64_t> backendEveryOption(
    "backend-every", llvm::cl::init(10),
    llvm::cl::desc("Compile and run every Nth program; 0: none"));
llvm::cl::opt<unsigned>
    rulesOption("rules", llvm::cl::init(3),
                llvm::cl::desc("Rules tried on each; 0: all"));
llvm::cl::opt<bool> printOption("print", llvm::cl::desc("Print the programs"));

/// After so many the cause is clear.
constexpr unsigned kMostFailures = 3;
/// Steps of making a program smaller.
constexpr unsigned kMostTries = 400;

/// "lg-fg-a:directions=2 fused" and "compiled" are kinds of failures by their
/// first word alone.
std::string kindOf(const Fault &fault) {
  return fault.check.substr(0, fault.check.find_first_of(" :"));
}

/// Leaves out what the fault does not need.
ModelPlan shrink(ModelPlan plan, Fault &fault, CheckOptions options) {
  Counts ignored;
  unsigned tries = 0;
  for (bool smaller = true; smaller && tries < kMostTries;) {
    smaller = false;
    for (const ModelPlan &candidate : smallerModels(plan)) {
      options.batch = batchOf(candidate);
      std::optional<Fault> other =
          checkProgram(writeModel(candidate), options, ignored);
      if (++tries > kMostTries)
        break;
      if (!other || kindOf(*other) != kindOf(fault))
        continue;
      plan = candidate;
      fault = *other;
      smaller = true;
      break;
    }
  }
  return plan;
}

void report(uint64_t seed, const Fault &fault, const std::string &program) {
  llvm::outs() << "FAIL seed " << seed << ": " << fault.check << "\n"
               << fault.text << "\nthe program, made smaller:\n"
               << program << "\n";
  llvm::outs().flush(); // a run may be ended from outside
}

void printCounts(const char *title,
                 const std::map<std::string, size_t> &counts) {
  llvm::outs() << title;
  for (const auto &[name, count] : counts)
    llvm::outs() << " " << name << " " << count;
  llvm::outs() << "\n";
}

/// False if a rule has never been looked at: the programs are then not random
/// enough.
bool coversAllRules(const Counts &counts) {
  bool covers = true;
  for (const compiler::RuleInfo &rule : compiler::allRules())
    if (!counts.applied.contains(rule.name.str())) {
      llvm::outs() << "FAIL the rule " << rule.name
                   << " took none of the programs\n";
      covers = false;
    }
  return covers;
}

/// False if more than one, and more than a tenth, of what was compiled is said
/// to be badly conditioned: more likely all of it is a little wrong.
bool seldomIllConditioned(const Counts &counts) {
  size_t compiled = 0;
  for (const auto &[precision, count] : counts.compiled)
    compiled += count;
  if (counts.illConditioned <= std::max<size_t>(1, compiled / 10))
    return true;
  llvm::outs() << "FAIL so many cannot be badly conditioned\n";
  return false;
}

} // namespace

int main(int argc, char **argv) {
  llvm::sys::PrintStackTraceOnErrorSignal(argv[0]);
  llvm::cl::ParseCommandLineOptions(argc, argv, "Random programs\n");
  // Copies: the linker, which runs in process, resets all options.
  const uint64_t programs = programsOption, firstSeed = firstSeedOption,
                 backendEvery = backendEveryOption;
  const unsigned rules = rulesOption;
  const bool print = printOption;
  llvm::SmallString<128> folder;
  if (llvm::sys::fs::createUniqueDirectory("foregrad-property", folder)) {
    llvm::errs() << "cannot make a folder for temporary files\n";
    return 1;
  }
  Counts counts;
  unsigned failures = 0;
  for (uint64_t i = 0; i < programs && failures < kMostFailures; ++i) {
    uint64_t seed = firstSeed + i;
    llvm::PrettyStackTraceFormat where("random program of seed %llu",
                                       static_cast<unsigned long long>(seed));
    ModelPlan plan = planModel(seed);
    CheckOptions options;
    options.seed = seed;
    options.batch = batchOf(plan);
    options.rules = rules;
    options.runsBackend = backendEvery != 0 && seed % backendEvery == 0;
    options.scratchFolder = folder.str().str();
    std::string program = writeModel(plan);
    if (print)
      llvm::outs() << "// seed " << seed << "\n" << program << "\n";
    std::optional<Fault> fault = checkProgram(program, options, counts);
    if (!fault)
      continue;
    ++failures;
    plan = shrink(plan, *fault, options);
    report(seed, *fault, writeModel(plan));
  }
  llvm::sys::fs::remove_directories(folder);
  llvm::outs() << programs << " programs, " << counts.ops << " ops, "
               << counts.wholeModels
               << " gradients against differences, failures: " << failures
               << "\n";
  printCounts("rules applied:", counts.applied);
  printCounts("rules refused:", counts.refused);
  printCounts("compiled:", counts.compiled);
  llvm::outs() << "badly conditioned: " << counts.illConditioned << "\n";
  bool covers = programs < 100 || coversAllRules(counts);
  bool isConditioned = seldomIllConditioned(counts);
  return failures == 0 && covers && isConditioned ? 0 : 1;
}
