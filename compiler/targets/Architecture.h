//===- Architecture.h - An instruction set that kernels are made for ------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_TARGETS_ARCHITECTURE_H
#define FOREGRAD_COMPILER_TARGETS_ARCHITECTURE_H

#include "compiler/targets/Target.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/MC/MCSubtargetInfo.h"

#include <string>
#include <vector>

namespace foregrad::compiler {

/// A feature beyond the baseline that code generation makes use of: LLVM's
/// name, and the name in /proc/cpuinfo.
struct CpuFeature {
  llvm::StringLiteral llvmName, cpuinfoName;
};

/// What Bf16Products::Widened means, for people.
inline constexpr llvm::StringLiteral kWidenedProducts =
    "bf16 is how numbers are stored that the L2 cache does not keep, products "
    "are those of f32";

/// Caches of well-known processors, of one core, or a core's part of a shared
/// one. A processor that is not listed gets TargetDescription's defaults.
struct KnownCaches {
  llvm::StringLiteral cpu;
  int64_t l1KiB, l2KiB;
};

struct Architecture {
  llvm::StringLiteral name;     // as a triple begins
  llvm::StringLiteral baseline; // the name of what each processor of it can do
  llvm::ArrayRef<CpuFeature> features;
  llvm::ArrayRef<KnownCaches> caches;

  /// Names of processors, the baseline among them, not sorted.
  std::vector<std::string> (*names)();

  /// What the code generator calls one of them.
  llvm::StringRef (*llvmName)(llvm::StringRef name);

  /// Fills in all but triple, cpu and caches for the processor `cpu` that
  /// `info` describes. `hostFeatures` are those that the machine (or the
  /// hypervisor below it) really lets us use; null for a named one.
  void (*describe)(TargetDescription &target, const llvm::MCSubtargetInfo &info,
                   const llvm::StringMap<bool> *hostFeatures);
};

extern const Architecture x86Architecture, aarch64Architecture;

/// Makes LLVM's back ends known; must come before anything is asked of them.
void initializeCodeGeneration();

/// Whether a processor has a feature; for `hostFeatures` see Architecture.
bool hasFeature(const llvm::MCSubtargetInfo &info,
                const llvm::StringMap<bool> *hostFeatures,
                llvm::StringRef feature);

/// Whether this version of LLVM knows a feature by this name.
bool isKnownFeature(const llvm::MCSubtargetInfo &info, llvm::StringRef feature);

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_TARGETS_ARCHITECTURE_H
