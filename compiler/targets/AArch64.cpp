//===- AArch64.cpp - 64-bit Arm processors --------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Kernels are made of NEON, which every such processor has: 32 registers of 16
// bytes. Vectors of a length that is not known when compiling (SVE) have no
// place in register tiles; with them off, most processors differ in timing and
// caches only.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/Architecture.h"

#include "llvm/TargetParser/AArch64TargetParser.h"

namespace foregrad::compiler {

namespace {

/// The xor of three vectors, for random bits.
constexpr CpuFeature features[] = {{"sha3", "sha3"}};

constexpr KnownCaches caches[] = {
    {"a64fx", 64, 680},        {"ampere1", 64, 2048},
    {"ampere1a", 64, 2048},    {"ampere1b", 64, 2048},
    {"apple-m1", 128, 3072},   {"apple-m2", 128, 4096},
    {"apple-m3", 128, 4096},   {"apple-m4", 128, 4096},
    {"cortex-a53", 32, 128},   {"cortex-a55", 32, 128},
    {"cortex-a57", 32, 512},   {"cortex-a72", 32, 256},
    {"cortex-a76", 64, 512},   {"cortex-a78", 64, 512},
    {"cortex-x1", 64, 1024},   {"cortex-x2", 64, 1024},
    {"cortex-x3", 64, 1024},   {"cortex-x4", 64, 2048},
    {"grace", 64, 1024},       {"neoverse-n1", 64, 1024},
    {"neoverse-n2", 64, 1024}, {"neoverse-n3", 64, 2048},
    {"neoverse-v1", 64, 1024}, {"neoverse-v2", 64, 2048},
    {"neoverse-v3", 64, 2048}, {"oryon-1", 96, 3072}};

std::vector<std::string> names() {
  llvm::SmallVector<llvm::StringRef> valid;
  llvm::AArch64::fillValidCPUArchList(valid);
  std::vector<std::string> names = {aarch64Architecture.baseline.str()};
  for (llvm::StringRef name : valid)
    if (name != "generic")
      names.push_back(name.str());
  return names;
}

llvm::StringRef llvmName(llvm::StringRef name) {
  return name == aarch64Architecture.baseline
             ? "generic"
             : llvm::AArch64::resolveCPUAlias(name);
}

/// The instructions of the baseline and the features above, so that nothing is
/// used that no feature stands for; the timing of the processor.
void describe(TargetDescription &target, const llvm::MCSubtargetInfo &info,
              const llvm::StringMap<bool> *hostFeatures) {
  target.instructionsOf = "generic";
  target.tunedFor = info.getCPU().str();
  target.features = {"+fp-armv8", "+neon"};
  for (const CpuFeature &feature : features) {
    llvm::StringRef name = feature.llvmName;
    bool enabled = hasFeature(info, hostFeatures, name);
    if (isKnownFeature(info, name))
      target.features.push_back((enabled ? "+" : "-") + name.str());
  }
  target.vectorBytes = 16;
  target.vectorRegisters = 32;
  target.bf16Reason =
      (kWidenedProducts +
       llvm::Twine(": code keeps to what every AArch64 processor has"))
          .str();
}

} // namespace

constinit const Architecture aarch64Architecture = {
    "aarch64", "aarch64", features, caches, names, llvmName, describe};

} // namespace foregrad::compiler
