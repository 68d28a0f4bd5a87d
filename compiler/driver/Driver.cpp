//===- Driver.cpp - From a model's file to an artifact --------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/driver/Driver.h"
#include "compiler/artifact/ArtifactWriter.h"
#include "compiler/driver/Describe.h"
#include "compiler/driver/PhaseOutput.h"
#include "compiler/driver/Phases.h"
#include "compiler/driver/TargetCode.h"
#include "compiler/lowering/linalg/LowerToLinalg.h"
#include "compiler/targets/Cpu.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/FileSystem.h"
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
        handler(sources, &context),
        output(options.dumpPhases, options.stopAfter) {
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
  static int fail(llvm::Error error) {
    std::string message = llvm::toString(std::move(error));
    return message.empty() ? 1 : fail(message);
  }
  /// For what was reported at its line.
  static llvm::Error reported() { return llvm::createStringError(""); }
  LogicalResult noteRemark(Diagnostic &diagnostic);
  /// Drops the entries that `--entries` does not name.
  llvm::Error keepEntries(ModuleOp module);
  /// How each processor multiplies bf16 numbers.
  void remarkOnProducts(ModuleOp module);
  bool readSource();
  bool chooseRule(const lang::Recipe &recipe);
  /// Fills `targets`, the best first: the runtime takes the first that runs.
  llvm::Error describeTargets();
  /// The phases that are the same for every processor; true if the next one is
  /// wanted.
  llvm::Expected<bool> runPhases(ModuleOp module);
  /// The others, once for each processor, and the artifact.
  llvm::Error compileTargets(ModuleOp module);

  const CompileOptions &options;
  const ArtifactCheck &check;
  llvm::SourceMgr sources;
  MLIRContext context;
  SourceMgrDiagnosticHandler handler;
  PhaseOutput output;
  PhaseOptions phases; // but for the target
  std::vector<TargetDescription> targets;
  const OptimizerInfo *optimizer = nullptr;
  schema::ArtifactT artifact;
  OwningOpRef<ModuleOp> unfused; // for the check
  bool isWritten = false;
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
  if (llvm::is_contained(artifact.remarks, text))
    return success(); // of another entry or processor
  artifact.remarks.push_back(text);
  return success(!options.remarks);
}

void Driver::remarkOnProducts(ModuleOp module) {
  Location model = (*module.getOps<fg::ModelOp>().begin()).getLoc();
  for (const TargetDescription &target : targets)
    emitRemark(model) << "bf16 on " << target.cpu << ": " << target.bf16Reason;
}

llvm::Error Driver::keepEntries(ModuleOp module) {
  if (options.entries.empty())
    return llvm::Error::success();
  SmallVector<fg::EntryOp> entries(module.getOps<fg::EntryOp>());
  std::vector<std::string> names;
  for (fg::EntryOp entry : entries)
    names.push_back(entry.getName().str());
  for (const std::string &wanted : options.entries)
    if (!llvm::is_contained(names, wanted))
      return llvm::createStringError("--entries " + wanted + ": the rule " +
                                     phases.rule.text() + " has " +
                                     llvm::join(names, ", "));
  for (fg::EntryOp entry : entries)
    if (entry.getName() != "init" &&
        !llvm::is_contained(options.entries, entry.getName()))
      entry.erase();
  return llvm::Error::success();
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
  if (options.precision == "bf16" && rule->info->roundingGain > 1) {
    fail("--precision bf16: the rule '" + rule->info->name +
         "' takes steps that bf16 rounds away; use f32 or f64");
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
  phases.isDouble = options.precision == "f64";
  phases.roundProducts = options.precision == "bf16";
  return true;
}

llvm::Error Driver::describeTargets() {
  for (const std::string &name : options.cpus) {
    llvm::Expected<TargetDescription> target = describeCpu(name);
    if (!target)
      return llvm::createStringError("--cpu " + name + ": " +
                                     llvm::toString(target.takeError()));
    for (const TargetDescription &other : targets)
      if (other.cpu == target->cpu && other.triple == target->triple)
        return llvm::createStringError("--cpu " + name + ": the processor " +
                                       target->cpu + " is named twice");
    targets.insert(llvm::upper_bound(targets, *target, isBetter), *target);
  }
  return llvm::Error::success();
}

llvm::Expected<bool> Driver::runPhases(ModuleOp module) {
  llvm::Expected<bool> goesOn = output.finish("frontend", module);
  if (!goesOn || !*goesOn)
    return goesOn;
  if (failed(checkNames(module, *optimizer)))
    return reported();
  for (StringRef phase : programPhases()) {
    if (phase == "linalg")
      if (llvm::Error error = describeEntries(module, artifact))
        return error;
    if (failed(runPhase(phase, module, phases))) {
      // A user's mistake was reported at its line by the rule. All else is
      // ours.
      if (phase == "rule" || phase == "fusion")
        return reported();
      return internalError(phase);
    }
    if (phase == "rule") {
      if (check)
        unfused = module.clone();
      if (llvm::Error error = keepEntries(module))
        return error;
    }
    goesOn = output.finish(phase, module);
    if (!goesOn || !*goesOn)
      return goesOn;
  }
  return true;
}

llvm::Error Driver::compileTargets(ModuleOp module) {
  std::vector<std::string> objects;
  for (const TargetDescription &target : targets) {
    TargetCodeOptions code;
    code.phases = phases;
    code.phases.target = target;
    code.batch = artifact.batch;
    code.memoryLimit = options.memoryLimit;
    auto finish = [&](StringRef phase, ModuleOp program) {
      return output.finish(phase, program,
                           targets.size() > 1 ? target.cpu : "");
    };
    code.finish = finish;
    llvm::Expected<std::optional<CompiledModule>> compiled =
        compileForTarget(module, code);
    if (!compiled)
      return compiled.takeError();
    if (!*compiled)
      continue; // each was to stop there
    if (llvm::Error error =
            describeCode(**compiled, target,
                         static_cast<uint32_t>(objects.size()), artifact))
      return error;
    objects.push_back(std::move((*compiled)->sharedObject));
  }
  if (objects.empty())
    return llvm::Error::success();
  std::vector<SegmentPayload> segments;
  for (auto [target, object] : llvm::zip_equal(targets, objects))
    segments.push_back({"cpu " + target.cpu, object});
  std::string error = writeArtifact(options.output, artifact, segments);
  if (!error.empty())
    return llvm::createStringError(error);
  isWritten = true;
  return llvm::Error::success();
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
  if (llvm::Error error = describeTargets())
    return fail(std::move(error));
  describeModel(*model, options, phases.rule, *optimizer, artifact);

  if (phases.roundProducts)
    remarkOnProducts(*model->module);
  llvm::Expected<bool> goesOn = runPhases(*model->module);
  if (!goesOn)
    return fail(goesOn.takeError());
  if (!*goesOn)
    return 0;
  if (llvm::Error error = compileTargets(*model->module))
    return fail(std::move(error));
  return isWritten && check ? check(*unfused, *phases.rule.info) : 0;
}

} // namespace

int compileModel(const CompileOptions &options, const ArtifactCheck &check) {
  return Driver(options, check).run();
}

} // namespace foregrad::compiler
