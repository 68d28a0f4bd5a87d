//===- Backend.cpp - From kernels to machine code -------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/Backend.h"

#include "compiler/lowering/LowerToLLVM.h"
#include "compiler/lowering/RunVerified.h"
#include "compiler/lowering/abi/OutlineKernels.h"
#include "compiler/lowering/gemm/Panels.h"
#include "compiler/lowering/memory/PlanMemory.h"
#include "compiler/targets/Cpu.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;

namespace foregrad::compiler {

namespace {

/// Runs `build`'s passes on `module`; the diagnostics become the error.
llvm::Error runPasses(ModuleOp module, StringRef what,
                      llvm::function_ref<void(PassManager &)> build) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  ScopedDiagnosticHandler collect(
      module.getContext(), [&](Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
          return failure(); // remarks and warnings go to who else listens
        stream << '\n' << diagnostic.getLocation() << ": " << diagnostic;
        for (Diagnostic &note : diagnostic.getNotes())
          stream << '\n' << note.getLocation() << ": note: " << note;
        return success();
      });
  PassManager passes(module.getContext());
  build(passes);
  if (succeeded(runVerified(passes, module)))
    return llvm::Error::success();
  return llvm::createStringError("cannot " + what + text);
}

std::vector<KernelCode> kernelsOf(LLVM::LLVMFuncOp entry) {
  std::vector<KernelCode> kernels;
  auto list = entry->getAttrOfType<ArrayAttr>(kernelsAttr);
  if (!list)
    return kernels;
  for (auto kernel : list.getAsRange<DictionaryAttr>()) {
    auto text = [&](StringRef name) {
      return kernel.getAs<StringAttr>(name).getValue().str();
    };
    auto number = [&](StringRef name) {
      return kernel.getAs<FloatAttr>(name).getValueAsDouble();
    };
    auto count = [&](StringRef name) {
      return kernel.getAs<IntegerAttr>(name).getInt();
    };
    kernels.push_back({text("what"), text("where"), number("flops"),
                       number("bytes"), static_cast<uint32_t>(count("loop")),
                       static_cast<uint64_t>(count("trips")),
                       static_cast<uint32_t>(count("chain")),
                       static_cast<uint64_t>(count("draws"))});
  }
  return kernels;
}

std::vector<PanelsCode> panelsOf(LLVM::LLVMFuncOp entry) {
  std::vector<PanelsCode> all;
  if (auto list = entry->getAttrOfType<ArrayAttr>(panelsAttr))
    for (auto panels : list.getAsRange<DictionaryAttr>())
      all.push_back(
          {panels.getAs<StringAttr>("name").str(), Panels::from(panels)});
  return all;
}

} // namespace

llvm::Error outlineEntries(ModuleOp module) {
  return runPasses(module, "plan memory and kernels", [](PassManager &passes) {
    passes.addNestedPass<func::FuncOp>(createPlanMemoryPass());
    passes.addPass(createOutlineKernelsPass());
  });
}

std::vector<EntryCode> plannedEntries(ModuleOp module) {
  std::vector<EntryCode> entries;
  for (auto function : module.getOps<LLVM::LLVMFuncOp>()) {
    auto name = function->getAttrOfType<StringAttr>(entryAttr);
    if (!name)
      continue;
    auto bytes = [&](StringRef attribute) -> uint64_t {
      auto value = function->getAttrOfType<IntegerAttr>(attribute);
      return value ? static_cast<uint64_t>(value.getInt()) : 0;
    };
    auto flops = function->getAttrOfType<FloatAttr>(flopsAttr);
    entries.push_back({name.str(), function.getSymName().str(),
                       bytes(arenaBytesAttr), bytes(scratchBytesAttr),
                       flops ? flops.getValueAsDouble() : 0,
                       kernelsOf(function), panelsOf(function)});
  }
  return entries;
}

llvm::Error lowerEntries(ModuleOp module, const TargetDescription &target) {
  return runPasses(module, "lower kernels", [&](PassManager &passes) {
    buildLowerToLLVMPipeline(passes, target);
  });
}

llvm::Expected<CompiledModule> compileEntries(ModuleOp module,
                                              const TargetDescription &target) {
  if (llvm::Error error = outlineEntries(module))
    return error;
  CompiledModule compiled;
  compiled.entries = plannedEntries(module);
  if (llvm::Error error = lowerEntries(module, target))
    return error;
  llvm::Expected<std::string> object = compileToSharedObject(module, target);
  if (!object)
    return object.takeError();
  compiled.sharedObject = std::move(*object);
  return compiled;
}

void registerBackendPasses() {
  registerPlanMemoryPass();
  registerOutlineKernelsPass();
  registerLowerToLLVMPasses();
}

} // namespace foregrad::compiler
