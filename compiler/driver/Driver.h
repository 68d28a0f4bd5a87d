//===- Driver.h - From a model's file to an artifact ----------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// All that `fgc` does, as a function: tools and tests call it. The order of the
// phases stands in Phases.h.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_DRIVER_DRIVER_H
#define FOREGRAD_COMPILER_DRIVER_DRIVER_H

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace mlir {
class ModuleOp;
} // namespace mlir

namespace foregrad::compiler {

struct RuleInfo;

struct CompileOptions {
  std::string input;                          // MODEL.fg
  std::string output;                         // OUT.fgb
  std::map<std::string, std::string> defines; // -D name=value
  std::string rule;                           // --rule; empty: the recipe's
  std::vector<std::pair<std::string, std::string>> recipe; // --recipe key=value
  int64_t batch = 0;                                       // 0: the recipe's
  /// Each gets code of its own; see describeCpu for the names.
  std::vector<std::string> cpus = {"host"};
  /// What the artifact is to do, besides `init`; empty: all of it.
  std::vector<std::string> entries;
  std::string precision = "f32"; // f32, f64 or bf16
  bool fuse = true;
  int64_t tile = 0; // samples that go through a step together; 0: by the caches
  bool externalPerturbation = false;
  bool remarks = false;                 // print remarks
  uint64_t memoryLimit = 0;             // bytes; 0: none
  std::string dumpPhases;               // folder; empty: none
  std::string stopAfter;                // phase; prints its IR
  std::vector<std::string> commandLine; // kept in the artifact
};

/// Looks at what was compiled and returns the exit code: `program` holds the
/// entries as the rule and the optimizer wrote them, before fusion; the
/// artifact lies at CompileOptions::output.
using ArtifactCheck =
    std::function<int(mlir::ModuleOp program, const RuleInfo &rule)>;

/// Compiles; diagnostics go to standard error. Returns 0, or 1 if the input is
/// at fault or the artifact cannot be written. Nothing is written then.
/// `check`, if there is one, has the last word.
int compileModel(const CompileOptions &options,
                 const ArtifactCheck &check = nullptr);

/// Names of the phases, in order: for --stop-after and its help.
std::vector<std::string> phaseNames();

/// "0.1.0 (LLVM 22.1.8)"
std::string compilerVersion();

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_DRIVER_DRIVER_H
