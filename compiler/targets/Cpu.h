//===- Cpu.h - Processors as targets --------------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_TARGETS_CPU_H
#define FOREGRAD_COMPILER_TARGETS_CPU_H

#include "compiler/targets/Target.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace foregrad::compiler {

/// Describes the processor `name`: "host" (or "native"); a name that LLVM has
/// for an x86-64 processor (x86-64-v3, skylake-avx512, znver4, ...) or an
/// AArch64 one (neoverse-n1, apple-m1, ...); "x86-64" and "aarch64", what each
/// processor of these can do; "generic", that one of them which the host is.
/// The features are spelled out in full, so that the description means the same
/// to every later version of LLVM. An unknown name is an error with the nearest
/// names.
llvm::Expected<TargetDescription> describeCpu(llvm::StringRef name);

/// Whether code for `a` is the better choice where a machine can run both: it
/// has wider vectors, or as wide ones and more features.
bool isBetter(const TargetDescription &a, const TargetDescription &b);

/// The names of single processors and baselines that describeCpu takes, sorted,
/// those of the host's architecture first.
std::vector<std::string> cpuNames();

/// What a machine must have to run code for `target`, as /proc/cpuinfo spells
/// it: the enabled features that code generation makes use of, in a fixed
/// order. Empty where the architecture's baseline is enough.
std::vector<std::string> requiredFeatures(const TargetDescription &target);

/// Compiles a module of the LLVM dialect at O3 and links it, in process, to a
/// shared object; returns its bytes. Exported are the functions with external
/// linkage. What may stay undefined are functions of libm and the memory
/// functions of libc; anything else is an error. The same module and target
/// give the same bytes, however many threads of its context compile them.
/// Leaves no files; whatever goes wrong, in LLVM or lld too, comes back as an
/// error. Calls from several threads wait for each other.
llvm::Expected<std::string>
compileToSharedObject(mlir::ModuleOp module, const TargetDescription &target);

/// The assembly text of the same code, in one piece, for people who read it.
llvm::Expected<std::string> compileToAssembly(mlir::ModuleOp module,
                                              const TargetDescription &target);

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_TARGETS_CPU_H
