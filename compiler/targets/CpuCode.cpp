//===- CpuCode.cpp - The LLVM dialect to machine code ---------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/Cpu.h"

#include "compiler/targets/Architecture.h"
#include "compiler/targets/LinkShared.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/IPO/MergeFunctions.h"

#include <mutex>

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
  llvm::PassBuilder passes(&machine, tuning);
  passes.registerModuleAnalyses(modules);
  passes.registerCGSCCAnalyses(components);
  passes.registerFunctionAnalyses(functions);
  passes.registerLoopAnalyses(loops);
  passes.crossRegisterProxies(loops, functions, components, modules);
  llvm::ModulePassManager pipeline;
  // What kernels have in common that were not the same ops before they were
  // lowered: only one of each is worth optimizing.
  pipeline.addPass(llvm::MergeFunctionsPass());
  pipeline.addPass(
      passes.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3));
  pipeline.run(module, modules);
}

/// LLVM ends the process on what it takes for a mistake of its caller. Here it
/// ends the compilation: `work` runs until it returns or fails, and the reason
/// comes back.
class Guarded {
public:
  /// True if `work` ran to its end and reported no error.
  bool run(llvm::LLVMContext &context, llvm::function_ref<void()> work) {
    static std::mutex oneAtATime; // the handler is one for the process
    std::lock_guard<std::mutex> lock(oneAtATime);
    context.setDiagnosticHandlerCallBack(
        [](const llvm::DiagnosticInfo *info, void *self) {
          if (info->getSeverity() != llvm::DS_Error)
            return;
          llvm::raw_string_ostream stream(static_cast<Guarded *>(self)->text);
          llvm::DiagnosticPrinterRawOStream printer(stream);
          stream << '\n';
          info->print(printer);
        },
        this);
    llvm::CrashRecoveryContext::Enable();
    {
      llvm::ScopedFatalErrorHandler handler(
          [](void *self, const char *reason, bool) {
            static_cast<Guarded *>(self)->text.append("\n").append(reason);
          },
          this);
      llvm::CrashRecoveryContext recovery;
      crashed = !recovery.RunSafely(work);
    }
    llvm::CrashRecoveryContext::Disable();
    return !crashed && text.empty();
  }

  std::string text;     // what LLVM had to say
  bool crashed = false; // then what `work` used is not fit for its destructors
};

llvm::Expected<std::string> compile(ModuleOp source,
                                    const TargetDescription &target,
                                    llvm::CodeGenFileType kind) {
  auto machine = createMachine(target);
  if (!machine)
    return machine.takeError();
  auto context = std::make_unique<llvm::LLVMContext>();
  auto module = translate(source, *context);
  if (!module)
    return module.takeError();
  (*module)->setDataLayout((*machine)->createDataLayout());
  (*module)->setTargetTriple(llvm::Triple(target.triple));
  setFunctionAttributes(**module, target);

  llvm::SmallString<0> code;
  bool emits = true;
  Guarded guarded;
  bool done = guarded.run(*context, [&] {
    optimize(**module, **machine);
    llvm::raw_svector_ostream stream(code);
    llvm::legacy::PassManager emission;
    emits = !(*machine)->addPassesToEmitFile(emission, stream, nullptr, kind);
    if (emits)
      emission.run(**module);
  });
  if (!done) {
    if (guarded.crashed) {
      (void)context.release();
      (void)module->release();
      (void)machine->release();
    }
    return llvm::createStringError(
        "cannot generate code for " + target.cpu +
        (guarded.text.empty() ? ": LLVM crashed" : guarded.text));
  }
  if (!emits)
    return llvm::createStringError("cannot generate code for " + target.triple);
  return code.str().str();
}

} // namespace

llvm::Expected<std::string>
compileToSharedObject(ModuleOp module, const TargetDescription &target) {
  llvm::Expected<std::string> object =
      compile(module, target, llvm::CodeGenFileType::ObjectFile);
  if (!object)
    return object.takeError();
  llvm::Expected<std::string> linked = linkShared(*object);
  if (!linked)
    return linked.takeError();
  if (llvm::Error error = checkUndefinedSymbols(*linked))
    return error;
  return linked;
}

llvm::Expected<std::string> compileToAssembly(ModuleOp module,
                                              const TargetDescription &target) {
  return compile(module, target, llvm::CodeGenFileType::AssemblyFile);
}

} // namespace foregrad::compiler
