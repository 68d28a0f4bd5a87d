//===- Driver.cpp - From a model's file to an artifact --------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/driver/Driver.h"
#include "compiler/artifact/ArtifactWriter.h"
#include "compiler/driver/Describe.h"
#include "compiler/driver/Phases.h"
#include "compiler/lowering/Backend.h"
#include "compiler/lowering/linalg/LowerToLinalg.h"
#include "compiler/targets/Cpu.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/bit.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace foregrad::compiler {

std::vector<std::string> phaseNames() {
  return {phaseOrder().begin(), phaseOrder().end()};
}

std::string compilerVersion() {
  return FOREGRAD_VERSION " (LLVM " LLVM_VERSION_STRING ")";
}

namespace {

class Driver {
public:
  Driver(const CompileOptions &compileOptions,
         const ArtifactCheck &artifactCheck)
      : options(compileOptions), check(artifactCheck), context(makeRegistry()),
        handler(sources, &context) {
    context.loadDialect<fg::FgDialect>();
    context.printOpOnDiagnostic(false); // users see their own line
    context.getDiagEngine().registerHandler(
        [this](Diagnostic &diagnostic) { return noteRemark(diagnostic); });
  }

  int run();

private:
  static DialectRegistry makeRegistry();
  static int fail(const llvm::Twine &message) {
    llvm::errs() << "fgc: error: " << message << "\n";
    return 1;
  }
  LogicalResult noteRemark(Diagnostic &diagnostic);
  bool readSource();
  bool chooseRule(const lang::Recipe &recipe);
  /// Runs and dumps the phases up to `kernels`; true if the next one is wanted.
  bool runPhases(ModuleOp module, bool &failed);
  bool finishPhase(StringRef phase, ModuleOp module);
  bool dump(StringRef phase, ModuleOp module);
  bool fitTiles(ModuleOp module);
  int writeCode(CompiledModule code);

  const CompileOptions &options;
  const ArtifactCheck &check;
  llvm::SourceMgr sources;
  MLIRContext context;
  SourceMgrDiagnosticHandler handler;
  PhaseOptions phases;
  const OptimizerInfo *optimizer = nullptr;
  schema::ArtifactT artifact;
  OwningOpRef<ModuleOp> unfused; // for the check
  bool dumpFailed = false;
};

DialectRegistry Driver::makeRegistry() {
  DialectRegistry registry;
  registry.insert<fg::FgDialect>();
  registerLinalgDialects(registry);
  return registry;
}

/// Remarks are kept for the artifact, and shown only if asked for.
LogicalResult Driver::noteRemark(Diagnostic &diagnostic) {
  if (diagnostic.getSeverity() != DiagnosticSeverity::Remark)
    return failure(); // the next handler prints it
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (auto loc = dyn_cast<FileLineColLoc>(diagnostic.getLocation()))
    stream << llvm::sys::path::filename(loc.getFilename().getValue()) << ":"
           << loc.getLine() << ":" << loc.getColumn() << ": ";
  stream << diagnostic;
  if (!llvm::is_contained(artifact.remarks, text))
    artifact.remarks.push_back(text);
  return success(!options.remarks);
}

bool Driver::readSource() {
  // A device has no end.
  llvm::sys::fs::file_status status;
  if (!llvm::sys::fs::status(options.input, status) &&
      (status.type() == llvm::sys::fs::file_type::character_file ||
       status.type() == llvm::sys::fs::file_type::block_file)) {
    fail(options.input + ": not a file");
    return false;
  }
  auto file = llvm::MemoryBuffer::getFile(options.input, /*IsText=*/false,
                                          /*RequiresNullTerminator=*/true);
  if (!file) {
    fail(options.input + ": " + file.getError().message());
    return false;
  }
  sources.AddNewSourceBuffer(std::move(*file), llvm::SMLoc());
  return true;
}

bool Driver::chooseRule(const lang::Recipe &recipe) {
  std::string text =
      options.rule.empty() ? recipe.getRule().str() : options.rule;
  if (text.empty()) {
    fail("no learning rule: neither --rule nor the model's recipe names one");
    return false;
  }
  llvm::Expected<RuleChoice> rule = parseRule(text);
  if (!rule) {
    fail(llvm::toString(rule.takeError()));
    return false;
  }
  phases.rule = *rule;
  if (options.externalPerturbation && !rule->info->perturbs) {
    fail("--external-perturbation: the rule '" + rule->info->name +
         "' perturbs nothing");
    return false;
  }
  phases.rule.options.externalPerturbation = options.externalPerturbation;
  optimizer = findOptimizer(recipe.getOptimizer());
  if (!optimizer) {
    fail("unknown optimizer '" + recipe.getOptimizer() + "'");
    return false;
  }
  phases.optimizer = optimizer->options.name.str();
  phases.fuse = options.fuse;
  phases.tile = options.tile;
  return true;
}

bool Driver::dump(StringRef phase, ModuleOp module) {
  if (options.dumpPhases.empty())
    return true;
  auto number = llvm::find(phaseOrder(), phase) - phaseOrder().begin() + 1;
  SmallString<128> path(options.dumpPhases);
  llvm::sys::path::append(path,
                          llvm::formatv("{0:2}-{1}.mlir", number, phase).str());
  std::error_code error = llvm::sys::fs::create_directories(options.dumpPhases);
  if (!error) {
    llvm::raw_fd_ostream stream(path, error);
    if (!error) {
      module.print(stream, OpPrintingFlags().enableDebugInfo(false));
      stream << "\n";
      stream.close();
      error = stream.error();
      stream.clear_error();
    }
  }
  if (error)
    fail(path + ": " + error.message());
  return !error;
}

/// Dumps; prints the module where the user wanted to stop. False: go no
/// further.
bool Driver::finishPhase(StringRef phase, ModuleOp module) {
  if (!dump(phase, module)) {
    dumpFailed = true;
    return false;
  }
  if (options.stopAfter != phase)
    return true;
  module.print(llvm::outs());
  llvm::outs() << "\n";
  llvm::outs().flush();
  if (llvm::outs().has_error()) {
    fail("standard output: " + llvm::outs().error().message());
    llvm::outs().clear_error();
    dumpFailed = true;
  }
  return false;
}

bool Driver::runPhases(ModuleOp module, bool &failed) {
  failed = false;
  if (!finishPhase("frontend", module))
    return false;
  if (mlir::failed(checkNames(module, *optimizer))) {
    failed = true;
    return false;
  }
  for (StringRef phase : modulePhases()) {
    if (phase == "linalg") {
      if (llvm::Error error = describeEntries(module, artifact)) {
        fail(llvm::toString(std::move(error)));
        failed = true;
        return false;
      }
    }
    if (phase == "tiles" && !fitTiles(module)) {
      failed = true;
      return false;
    }
    if (mlir::failed(runPhase(phase, module, phases))) {
      // A user's mistake was reported at its line by the rule. All else is
      // ours.
      if (phase != "rule" && phase != "fusion")
        fail("internal error in the phase '" + phase +
             "'; please report it with the model and `--dump-phases DIR`");
      failed = true;
      return false;
    }
    if (phase == "rule" && check)
      unfused = module.clone();
    if (!finishPhase(phase, module))
      return false;
  }
  return true;
}

/// The most bytes that an entry of training needs for temporaries.
static uint64_t temporaries(llvm::ArrayRef<EntryCode> entries) {
  uint64_t largest = 0;
  for (const EntryCode &entry : entries)
    if (entry.name != "exact") // no part of training
      largest = std::max(largest, entry.arenaBytes);
  return largest;
}

/// Makes tiles smaller until the temporaries of `module`, as the phase
/// `buffers` left it, keep the limit; reports it where even single samples do
/// not.
bool Driver::fitTiles(ModuleOp module) {
  if (options.memoryLimit == 0)
    return true;
  SmallVector<int64_t> tiles = {options.tile};
  if (options.tile == 0) // as chosen by itself, then ever smaller ones
    for (uint64_t tile = llvm::bit_floor(uint64_t(artifact.batch)); tile > 0;
         tile /= 2)
      tiles.push_back(static_cast<int64_t>(tile));
  ScopedDiagnosticHandler silence(&context, [](Diagnostic &) {
    return success(); // what the tries say is said again by the phases
  });
  uint64_t needed = 0;
  for (int64_t tile : tiles) {
    PhaseOptions tried = phases;
    tried.tile = tile;
    OwningOpRef<ModuleOp> copy = module.clone();
    if (mlir::failed(runPhase("tiles", *copy, tried)) ||
        mlir::failed(runPhase("kernels", *copy, tried)))
      return true; // the phases themselves will report it
    if (llvm::Error error = outlineEntries(*copy)) {
      llvm::consumeError(std::move(error));
      return true;
    }
    needed = temporaries(plannedEntries(*copy));
    if (needed <= options.memoryLimit) {
      phases.tile = tile;
      return true;
    }
  }
  bool single = tiles.back() == 1;
  fail(llvm::formatv("--memory-limit {0}: the step needs {1} bytes of "
                     "temporaries at batch {2} with {3} at a time{4}",
                     options.memoryLimit, needed, artifact.batch,
                     single ? std::string("one sample")
                            : std::to_string(tiles.back()) + " samples",
                     single ? "" : "; a smaller --tile needs less"));
  return false;
}

int Driver::writeCode(CompiledModule code) {
  for (const EntryCode &compiled : code.entries) {
    auto entry = llvm::find_if(artifact.entries, [&](const auto &candidate) {
      return candidate->name == compiled.name;
    });
    if (entry == artifact.entries.end())
      return fail("internal error: code without entry '" + compiled.name + "'");
    (*entry)->symbol = compiled.symbol;
    (*entry)->arena_bytes = compiled.arenaBytes;
    (*entry)->scratch_bytes_per_worker = compiled.scratchBytes;
    (*entry)->flops = compiled.flops;
    for (const KernelCode &kernel : compiled.kernels) {
      auto described = std::make_unique<schema::KernelT>();
      described->what = kernel.what;
      described->where = kernel.where;
      described->flops = kernel.flops;
      described->bytes = kernel.bytes;
      described->loop = kernel.loop;
      described->trips = kernel.trips;
      (*entry)->kernels.push_back(std::move(described));
    }
  }
  auto cpu = std::make_unique<schema::CodeT>();
  cpu->target = "cpu";
  cpu->triple = phases.target.triple;
  cpu->cpu = phases.target.cpu;
  cpu->features = requiredFeatures(phases.target);
  cpu->segment = 0;
  artifact.code.push_back(std::move(cpu));
  SegmentPayload payload{"cpu", code.sharedObject};
  std::string error = writeArtifact(options.output, artifact, {&payload, 1});
  return error.empty() ? 0 : fail(error);
}

int Driver::run() {
  if (!readSource())
    return 1;
  lang::Options language;
  language.fileName = options.input;
  language.defines = options.defines;
  language.batch = options.batch;
  language.precision = options.precision == "f64" ? lang::ElementType::F64
                                                  : lang::ElementType::F32;
  language.recipeOverrides = options.recipe;
  std::optional<lang::Result> model =
      lang::compileSource(context, sources, language);
  if (!model)
    return 1; // reported
  if (!chooseRule(model->recipe))
    return 1;
  llvm::Expected<TargetDescription> target = describeCpu(options.cpu);
  if (!target)
    return fail("--cpu " + options.cpu + ": " +
                llvm::toString(target.takeError()));
  phases.target = *target;
  describeModel(*model, options, phases.rule, *optimizer, artifact);

  ModuleOp module = *model->module;
  bool failed = false;
  if (!runPhases(module, failed))
    return failed || dumpFailed ? 1 : 0;
  bool stopped = false;
  auto observer = [&](StringRef stage, ModuleOp stageModule) {
    if (!stopped && !finishPhase(stage, stageModule))
      stopped = true;
  };
  llvm::Expected<CompiledModule> code =
      compileEntries(module, phases.target, observer);
  if (!code)
    return fail("internal error in code generation: " +
                llvm::toString(code.takeError()));
  if (stopped)
    return dumpFailed ? 1 : 0;
  if (int status = writeCode(std::move(*code)))
    return status;
  return check ? check(*unfused, *phases.rule.info) : 0;
}

} // namespace

int compileModel(const CompileOptions &options, const ArtifactCheck &check) {
  return Driver(options, check).run();
}

} // namespace foregrad::compiler
