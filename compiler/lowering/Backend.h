//===- Backend.h - From kernels to machine code ---------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// The last stages of lowering: plan memory, outline kernels, LLVM dialect. With
// object code and shared object, compileEntries is all that turns kernels into
// code.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_BACKEND_H
#define FOREGRAD_COMPILER_LOWERING_BACKEND_H

#include "compiler/lowering/gemm/Panels.h"
#include "compiler/targets/Target.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace foregrad::compiler {

/// One parallel loop of an entry, see schema::Kernel.
struct KernelCode {
  std::string what, where;
  double flops = 0, bytes = 0;
  uint32_t loop = 0;
  uint64_t trips = 1;
  uint32_t chain = 0; // 0, or that of the kernels that are one call with it
  uint64_t draws = 0; // random numbers of one call
};

/// A buffer that an entry takes in panels, see schema::Panels.
struct PanelsCode {
  std::string name;
  Panels panels;
};

/// What the artifact says of one entry.
struct EntryCode {
  std::string name;          // as the function in the module: step, eval, ...
  std::string symbol;        // in the shared object, of type fg_entry
  uint64_t arenaBytes = 0;   // a multiple of 64
  uint64_t scratchBytes = 0; // of each worker, a multiple of 64
  double flops = 0; // of one call: the sum of fg.flops over its kernels
  std::vector<KernelCode> kernels; // in the order of their calls
  std::vector<PanelsCode> panels;  // in the order of their arguments
};

struct CompiledModule {
  std::vector<EntryCode> entries; // in the order of the module
  std::string sharedObject;       // the bytes of an ELF file
};

/// Plans the memory of `module` (kernels as scf.forall on memrefs) and outlines
/// its kernels; after it, plannedEntries tells the sizes. Errors carry the
/// diagnostics.
llvm::Error outlineEntries(mlir::ModuleOp module);

/// The exported entries of a module that went through outlineEntries.
std::vector<EntryCode> plannedEntries(mlir::ModuleOp module);

/// Takes a module that went through outlineEntries to the LLVM dialect, for
/// compileToSharedObject (compiler/targets/Cpu.h). Errors carry the
/// diagnostics.
llvm::Error lowerEntries(mlir::ModuleOp module,
                         const TargetDescription &target);

/// All of it. Every public func.func with a body is
/// one; see the head of compiler/lowering/abi/OutlineKernels.cpp for what it
/// may hold. The module is rewritten on the way. The same module and target
/// give the same bytes. Errors carry the diagnostics with their locations;
/// nothing is printed.
llvm::Expected<CompiledModule> compileEntries(mlir::ModuleOp module,
                                              const TargetDescription &target);

/// Registers --fg-plan-memory, --fg-outline-kernels and the passes behind them.
void registerBackendPasses();

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_BACKEND_H
