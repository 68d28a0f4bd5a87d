//===- X86.cpp - x86-64 processors ----------------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/Architecture.h"

#include "compiler/targets/DotRate.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/TargetParser/X86TargetParser.h"

namespace foregrad::compiler {

namespace {

constexpr CpuFeature features[] = {
    {"sse3", "pni"},
    {"ssse3", "ssse3"},
    {"sse4.1", "sse4_1"},
    {"sse4.2", "sse4_2"},
    {"popcnt", "popcnt"},
    {"lzcnt", "abm"},
    {"movbe", "movbe"},
    {"bmi", "bmi1"},
    {"bmi2", "bmi2"},
    {"prfchw", "3dnowprefetch"},
    {"avx", "avx"},
    {"avx2", "avx2"},
    {"fma", "fma"},
    {"f16c", "f16c"},
    {"gfni", "gfni"},
    {"avx512f", "avx512f"},
    {"avx512cd", "avx512cd"},
    {"avx512dq", "avx512dq"},
    {"avx512bw", "avx512bw"},
    {"avx512vl", "avx512vl"},
    {"avx512ifma", "avx512ifma"},
    {"avx512vbmi", "avx512vbmi"},
    {"avx512vbmi2", "avx512_vbmi2"},
    {"avx512vnni", "avx512_vnni"},
    {"avx512bitalg", "avx512_bitalg"},
    {"avx512vpopcntdq", "avx512_vpopcntdq"},
    {"avx512bf16", "avx512_bf16"},
};

/// Code generation would use these too, but /proc/cpuinfo does not tell of them
/// in a way that every kernel agrees on, or only some members of a family have
/// them. Never enabled.
constexpr llvm::StringLiteral unused[] = {"sse4a",
                                          "fma4",
                                          "xop",
                                          "tbm",
                                          "avxvnni",
                                          "avxvnniint8",
                                          "avxvnniint16",
                                          "avxifma",
                                          "avx512fp16",
                                          "avxneconvert",
                                          "avx512vp2intersect",
                                          "avx10.1",
                                          "avx10.2",
                                          "egpr",
                                          "ndd",
                                          "ppx",
                                          "push2pop2",
                                          "ccmp",
                                          "nf",
                                          "cf",
                                          "zu",
                                          "jmpabs"};

constexpr KnownCaches caches[] = {
    {"x86-64-v4", 32, 1024},      {"haswell", 32, 256},
    {"broadwell", 32, 256},       {"skylake", 32, 256},
    {"skylake-avx512", 32, 1024}, {"cascadelake", 32, 1024},
    {"cooperlake", 32, 1024},     {"icelake-client", 48, 512},
    {"icelake-server", 48, 1280}, {"tigerlake", 48, 1280},
    {"alderlake", 48, 1280},      {"sapphirerapids", 48, 2048},
    {"emeraldrapids", 48, 2048},  {"graniterapids", 48, 2048},
    {"znver1", 32, 512},          {"znver2", 32, 512},
    {"znver3", 32, 512},          {"znver4", 32, 1024},
    {"znver5", 48, 1024}};

/// Where vdpbf16ps was measured to do about twice as many multiplications a
/// second as f32 multiply-adds. Elsewhere only the machine itself can tell.
constexpr llvm::StringLiteral fastDots[] = {"znver4", "znver5"};

/// From here on the instruction is worth the work of pairing the numbers up.
constexpr double kLeastDotRate = 1.3;

void chooseBf16(TargetDescription &target, bool hasDot, bool isHost) {
  if (!hasDot) {
    target.bf16Reason =
        (llvm::Twine("it has no vdpbf16ps: ") + kWidenedProducts).str();
    return;
  }
  double rate = isHost ? hostDotRate() : 0;
  bool pays =
      isHost ? rate >= kLeastDotRate : llvm::is_contained(fastDots, target.cpu);
  std::string measured =
      isHost ? llvm::formatv("measured {0:F1} times as fast as f32", rate).str()
      : pays ? "known to be fast there"
             : "not known to be faster than f32 there (--cpu host measures it)";
  target.bf16 = pays ? Bf16Products::Dot : Bf16Products::Widened;
  target.bf16Reason =
      pays ? "products by vdpbf16ps, " + measured
           : (kWidenedProducts + llvm::Twine(": vdpbf16ps is ")).str() +
                 measured;
}

std::vector<std::string> names() {
  llvm::SmallVector<llvm::StringRef> valid;
  llvm::X86::fillValidCPUArchList(valid, /*Only64Bit=*/true);
  return {valid.begin(), valid.end()};
}

/// The processor's own instructions, but for those that are named as disabled.
void describe(TargetDescription &target, const llvm::MCSubtargetInfo &info,
              const llvm::StringMap<bool> *hostFeatures) {
  auto available = [&](llvm::StringRef feature) {
    return hasFeature(info, hostFeatures, feature);
  };
  // Part of AVX-512 is of no use: masks need all of these to cover all types.
  bool avx512 = available("avx512f") && available("avx512dq") &&
                available("avx512bw") && available("avx512vl");
  bool avx2 = available("avx2") && available("avx");

  target.instructionsOf = target.tunedFor = info.getCPU().str();
  std::vector<std::string> disabled;
  for (const CpuFeature &feature : features) {
    llvm::StringRef name = feature.llvmName;
    if (!isKnownFeature(info, name))
      continue;
    bool enabled = available(name) && (avx512 || !name.starts_with("avx512"));
    (enabled ? target.features : disabled)
        .push_back((enabled ? "+" : "-") + name.str());
  }
  // Later strings win, and to disable a feature disables what builds on it.
  target.features.insert(target.features.end(), disabled.begin(),
                         disabled.end());
  for (llvm::StringRef name : unused)
    if (isKnownFeature(info, name))
      target.features.push_back("-" + name.str());
  if (avx512)
    target.features.push_back("-prefer-256-bit");
  target.vectorBytes = avx512 ? 64 : avx2 ? 32 : 16;
  target.vectorRegisters = avx512 ? 32 : 16;
  chooseBf16(target, avx512 && available("avx512bf16"), hostFeatures);
}

} // namespace

constinit const Architecture x86Architecture = {
    "x86_64",
    "x86-64",
    features,
    caches,
    names,
    /*llvmName=*/[](llvm::StringRef name) { return name; },
    describe};

} // namespace foregrad::compiler
