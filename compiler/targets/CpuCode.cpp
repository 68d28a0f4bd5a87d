//===- CpuCode.cpp - The LLVM dialect to machine code ---------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/Cpu.h"

#include "compiler/targets/Architecture.h"
#include "compiler/targets/FailureGuard.h"
#include "compiler/targets/LinkShared.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Threading.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/IPO/MergeFunctions.h"
#include "llvm/Transforms/Utils/SplitModule.h"

#include <algorithm>

using namespace mlir;

namespace foregrad::compiler {

namespace {

/// Translates; the diagnostics become the error.
llvm::Expected<std::unique_ptr<llvm::Module>>
translate(ModuleOp module, llvm::LLVMContext &context) {
  DialectRegistry registry;
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  module.getContext()->appendDialectRegistry(registry);

  std::string text;
  llvm::raw_string_ostream stream(text);
  ScopedDiagnosticHandler collect(
      module.getContext(), [&](Diagnostic &diagnostic) {
        stream << '\n' << diagnostic.getLocation() << ": " << diagnostic;
      });
  auto translated = translateModuleToLLVMIR(module, context, "foregrad");
  if (!translated)
    return llvm::createStringError("cannot translate to LLVM IR" + text);
  return translated;
}

llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createMachine(const TargetDescription &target) {
  initializeCodeGeneration();
  llvm::Triple triple(target.triple);
  std::string reason;
  const llvm::Target *backend =
      llvm::TargetRegistry::lookupTarget(triple, reason);
  if (!backend)
    return llvm::createStringError("cannot compile for " + target.triple +
                                   ": " + reason);
  std::unique_ptr<llvm::TargetMachine> machine(backend->createTargetMachine(
      triple, target.instructionsOf, llvm::join(target.features, ","),
      llvm::TargetOptions(), llvm::Reloc::PIC_, std::nullopt,
      llvm::CodeGenOptLevel::Aggressive));
  if (!machine)
    return llvm::createStringError("cannot compile for " + target.triple);
  return machine;
}

void setFunctionAttributes(llvm::Module &module,
                           const TargetDescription &target) {
  std::string features = llvm::join(target.features, ",");
  std::string width = std::to_string(target.vectorBytes * 8);
  for (llvm::Function &function : module) {
    function.addFnAttr(llvm::Attribute::NoUnwind);
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", target.instructionsOf);
    function.addFnAttr("tune-cpu", target.tunedFor);
    function.addFnAttr("target-features", features);
    function.addFnAttr("prefer-vector-width", width);
    function.addFnAttr("frame-pointer", "none");
  }
}

void optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = tuning.LoopInterleaving = true;
  tuning.SLPVectorization = true;
  // The lowering writes out the loops that it pays for. LLVM would go on with
  // those around them, for a quarter of its time and of the code.
  tuning.LoopUnrolling = false;
  llvm::PassBuilder passes(&machine, tuning);
  passes.registerModuleAnalyses(modules);
  passes.registerCGSCCAnalyses(components);
  passes.registerFunctionAnalyses(functions);
  passes.registerLoopAnalyses(loops);
  passes.crossRegisterProxies(loops, functions, components, modules);
  passes.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3)
      .run(module, modules);
}

using Bytes = llvm::SmallString<0>;

/// A module and all that compiling it touches: several can be compiled at the
/// same time. Where one of its works fails, `failure` says why, and those after
/// it do nothing.
class Part {
public:
  explicit Part(std::unique_ptr<llvm::TargetMachine> targetMachine)
      : machine(std::move(targetMachine)) {}

  llvm::LLVMContext &inContext() { return *context; }
  llvm::TargetMachine &forMachine() { return *machine; }
  /// The whole module, or a part as bitcode.
  void take(std::unique_ptr<llvm::Module> whole) { module = std::move(whole); }
  void take(Bytes bitcode) { serialized = std::move(bitcode); }

  /// Leaves one of each of the functions that became the same when they were
  /// lowered.
  void mergeFunctions(const FailureGuard &guard);
  /// The bitcode of parts of the module, of which functions of one may call
  /// those of another; none where one thread can do it all.
  std::vector<Bytes> split(const FailureGuard &guard);
  /// Optimizes, and writes code.
  void compile(const FailureGuard &guard, llvm::CodeGenFileType kind);

  std::string failure; // why there is no code, or ""
  Bytes code;

private:
  void run(const FailureGuard &guard, llvm::function_ref<void()> work);

  std::unique_ptr<llvm::LLVMContext> context =
      std::make_unique<llvm::LLVMContext>();
  std::unique_ptr<llvm::TargetMachine> machine;
  std::unique_ptr<llvm::Module> module;
  Bytes serialized;
};

void Part::run(const FailureGuard &guard, llvm::function_ref<void()> work) {
  if (!failure.empty())
    return;
  context->setDiagnosticHandlerCallBack(
      [](const llvm::DiagnosticInfo *info, void *to) {
        if (info->getSeverity() != llvm::DS_Error)
          return;
        llvm::raw_string_ostream stream(*static_cast<std::string *>(to));
        llvm::DiagnosticPrinterRawOStream printer(stream);
        stream << '\n';
        info->print(printer);
      },
      &failure);
  if (guard.run(failure, work))
    return;
  if (failure.empty())
    failure = ": LLVM crashed";
  (void)module.release();
  (void)machine.release();
  (void)context.release();
}

void Part::mergeFunctions(const FailureGuard &guard) {
  run(guard, [&] { llvm::MergeFunctionsPass::runOnModule(*module); });
}

std::vector<Bytes> Part::split(const FailureGuard &guard) {
  // From about as many instructions on, a part is worth its thread. How many
  // parts there are depends on nothing else: all machines write the same code.
  constexpr unsigned instructionsOfPart = 8192, mostParts = 16;
  std::vector<Bytes> parts;
  run(guard, [&] {
    unsigned count =
        std::min(module->getInstructionCount() / instructionsOfPart, mostParts);
    if (count < 2)
      return;
    parts.reserve(count);
    // Dealt out one by one, the largest first, so that parts are of a size.
    module->getFunctionList().sort(
        [](const llvm::Function &a, const llvm::Function &b) {
          return a.getInstructionCount() > b.getInstructionCount();
        });
    llvm::SplitModule(
        *module, count,
        [&](std::unique_ptr<llvm::Module> part) {
          llvm::raw_svector_ostream stream(parts.emplace_back());
          llvm::WriteBitcodeToFile(*part, stream);
        },
        /*PreserveLocals=*/false, /*RoundRobin=*/true);
  });
  return parts;
}

void Part::compile(const FailureGuard &guard, llvm::CodeGenFileType kind) {
  run(guard, [&] {
    if (!module)
      module = llvm::cantFail(llvm::parseBitcodeFile(
          llvm::MemoryBufferRef(serialized, "part"), *context));
    optimize(*module, *machine);
    llvm::raw_svector_ostream stream(code);
    llvm::legacy::PassManager emission;
    if (machine->addPassesToEmitFile(emission, stream, nullptr, kind)) {
      failure = ": the target has no such files";
      return;
    }
    emission.run(*module);
    // Other parts may have a while to go.
    module.reset();
    serialized.clear();
  });
}

/// The object files of `source`, or one file of assembly.
llvm::Expected<std::vector<std::string>>
compile(ModuleOp source, const TargetDescription &target,
        llvm::CodeGenFileType kind) {
  std::vector<Part> parts;
  auto addPart = [&]() -> llvm::Error {
    auto machine = createMachine(target);
    if (machine)
      parts.emplace_back(std::move(*machine));
    return machine.takeError();
  };
  auto errorOf = [&](const Part &part) {
    return llvm::createStringError("cannot generate code for " + target.cpu +
                                   part.failure);
  };
  if (llvm::Error error = addPart())
    return error;
  auto module = translate(source, parts[0].inContext());
  if (!module)
    return module.takeError();
  (*module)->setDataLayout(parts[0].forMachine().createDataLayout());
  (*module)->setTargetTriple(llvm::Triple(target.triple));
  setFunctionAttributes(**module, target);
  parts[0].take(std::move(*module));

  FailureGuard guard;
  parts[0].mergeFunctions(guard);
  std::vector<Bytes> pieces;
  if (kind == llvm::CodeGenFileType::ObjectFile)
    pieces = parts[0].split(guard);
  if (!parts[0].failure.empty())
    return errorOf(parts[0]);
  if (!pieces.empty()) {
    parts.clear();
    for (Bytes &piece : pieces) {
      if (llvm::Error error = addPart())
        return error;
      parts.back().take(std::move(piece));
    }
  }
  parallelForEach(source.getContext(), parts,
                  [&](Part &part) { part.compile(guard, kind); });

  std::vector<std::string> files;
  for (Part &part : parts) {
    if (!part.failure.empty())
      return errorOf(part);
    files.push_back(part.code.str().str());
  }
  return files;
}

} // namespace

llvm::Expected<std::string>
compileToSharedObject(ModuleOp module, const TargetDescription &target) {
  llvm::Expected<std::vector<std::string>> objects =
      compile(module, target, llvm::CodeGenFileType::ObjectFile);
  if (!objects)
    return objects.takeError();
  llvm::Expected<std::string> linked = linkShared(*objects);
  if (!linked)
    return linked.takeError();
  if (llvm::Error error = checkUndefinedSymbols(*linked))
    return error;
  return linked;
}

llvm::Expected<std::string> compileToAssembly(ModuleOp module,
                                              const TargetDescription &target) {
  llvm::Expected<std::vector<std::string>> files =
      compile(module, target, llvm::CodeGenFileType::AssemblyFile);
  if (!files)
    return files.takeError();
  return std::move(files->front());
}

} // namespace foregrad::compiler
