//===- Cpu.cpp - Processors as targets ------------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/Cpu.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"
#include "llvm/TargetParser/X86TargetParser.h"

#include <memory>
#include <optional>

#include <unistd.h>

namespace foregrad::compiler {

namespace {

/// A feature of x86 that code generation makes use of: LLVM's name, and the
/// name in /proc/cpuinfo.
struct X86Feature {
  llvm::StringLiteral llvmName, cpuinfoName;
};

constexpr X86Feature x86Features[] = {
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
constexpr llvm::StringLiteral x86Unused[] = {"sse4a",
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

/// Second-level caches of well-known processors, in KiB. A processor that is
/// not listed gets TargetDescription's default.
struct KnownCache {
  llvm::StringLiteral cpu;
  int64_t l1KiB, l2KiB;
};

constexpr KnownCache knownCaches[] = {
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

llvm::Triple hostTriple() {
  llvm::Triple triple(llvm::sys::getDefaultTargetTriple());
  // Vendors and distributions do not matter to the code.
  return llvm::Triple(triple.getArchName(), "unknown", "linux", "gnu");
}

using Subtarget = std::unique_ptr<llvm::MCSubtargetInfo>;

llvm::Expected<Subtarget> subtarget(const llvm::Triple &triple,
                                    llvm::StringRef cpu,
                                    llvm::StringRef features) {
  llvm::InitializeNativeTarget();
  std::string reason;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, reason);
  Subtarget info(target ? target->createMCSubtargetInfo(triple, cpu, features)
                        : nullptr);
  if (!info)
    return llvm::createStringError("no code generation for " + triple.str() +
                                   " in this build of LLVM: " + reason);
  return info;
}

/// Names alike enough to be what was meant, the nearest first, at most three.
std::string nearMatches(llvm::StringRef name,
                        const std::vector<std::string> &known) {
  llvm::SmallVector<std::pair<unsigned, llvm::StringRef>> near;
  for (const std::string &candidate : known) {
    unsigned distance = name.edit_distance(candidate);
    llvm::StringRef text = candidate;
    if (distance <= std::max<size_t>(2, name.size() / 3) ||
        (name.size() >= 3 && text.contains(name)))
      near.push_back({distance, text});
  }
  llvm::sort(near);
  std::string text;
  for (size_t i = 0; i < near.size() && i < 3; ++i)
    text += (i ? ", " : "") + near[i].second.str();
  return text;
}

/// One cache of the machine we run on in bytes; 0 if the kernel does not say.
int64_t hostCacheBytes(llvm::StringRef level, llvm::StringRef kind) {
  for (int index = 0; index < 8; ++index) {
    std::string folder =
        "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index);
    auto read = [&](const char *file) -> std::string {
      auto text = llvm::MemoryBuffer::getFileAsStream(folder + "/" + file);
      return text ? (*text)->getBuffer().trim().str() : std::string();
    };
    std::string type = read("type");
    if (read("level") != level || (type != kind && type != "Unified"))
      continue;
    std::string size = read("size");
    llvm::StringRef digits = size;
    int64_t unit = digits.consume_back("K")   ? 1 << 10
                   : digits.consume_back("M") ? 1 << 20
                                              : 1;
    int64_t number = 0;
    if (!digits.getAsInteger(10, number) && number > 0)
      return number * unit;
  }
  long size =
      sysconf(level == "1" ? _SC_LEVEL1_DCACHE_SIZE : _SC_LEVEL2_CACHE_SIZE);
  return size > 0 ? size : 0;
}

void setCaches(TargetDescription &target, bool host) {
  int64_t l1 = 0, l2 = 0;
  if (host) {
    l1 = hostCacheBytes("1", "Data");
    l2 = hostCacheBytes("2", "Unified");
  } else {
    for (const KnownCache &known : knownCaches)
      if (known.cpu == target.cpu) {
        l1 = known.l1KiB << 10;
        l2 = known.l2KiB << 10;
      }
  }
  if (l1 > 0)
    target.l1Bytes = l1;
  if (l2 > 0)
    target.l2Bytes = l2;
}

bool isKnown(const llvm::MCSubtargetInfo &info, llvm::StringRef feature) {
  return llvm::any_of(info.getAllProcessorFeatures(),
                      [&](const llvm::SubtargetFeatureKV &known) {
                        return feature == known.Key;
                      });
}

/// Spells out the features of an x86 processor. `hostFeatures` are those that
/// the machine (or the hypervisor below it) really lets us use; null for a
/// named one.
void setX86Features(TargetDescription &target,
                    const llvm::MCSubtargetInfo &info,
                    const llvm::StringMap<bool> *hostFeatures) {
  auto available = [&](llvm::StringRef feature) {
    return hostFeatures ? hostFeatures->lookup(feature)
                        : info.checkFeatures(("+" + feature).str());
  };
  // Part of AVX-512 is of no use: masks need all of these to cover all types.
  bool avx512 = available("avx512f") && available("avx512dq") &&
                available("avx512bw") && available("avx512vl");
  bool avx2 = available("avx2") && available("avx");

  std::vector<std::string> disabled;
  for (const X86Feature &feature : x86Features) {
    llvm::StringRef name = feature.llvmName;
    if (!isKnown(info, name))
      continue;
    bool enabled = available(name) && (avx512 || !name.starts_with("avx512"));
    (enabled ? target.features : disabled)
        .push_back((enabled ? "+" : "-") + name.str());
  }
  // Later strings win, and to disable a feature disables what builds on it.
  target.features.insert(target.features.end(), disabled.begin(),
                         disabled.end());
  for (llvm::StringRef name : x86Unused)
    if (isKnown(info, name))
      target.features.push_back("-" + name.str());
  if (avx512)
    target.features.push_back("-prefer-256-bit");
  target.vectorBytes = avx512 ? 64 : avx2 ? 32 : 16;
  target.vectorRegisters = avx512 ? 32 : 16;
}

} // namespace

std::vector<std::string> cpuNames() {
  llvm::Triple triple = hostTriple();
  std::vector<std::string> names;
  if (triple.getArch() == llvm::Triple::x86_64) {
    llvm::SmallVector<llvm::StringRef> valid;
    llvm::X86::fillValidCPUArchList(valid, /*Only64Bit=*/true);
    for (llvm::StringRef name : valid)
      names.push_back(name.str());
    names.push_back("generic");
  } else if (auto info = subtarget(triple, "generic", "")) {
    for (const llvm::SubtargetSubTypeKV &known :
         (*info)->getAllProcessorDescriptions())
      names.push_back(known.Key);
  } else {
    llvm::consumeError(info.takeError());
  }
  llvm::sort(names);
  names.erase(llvm::unique(names), names.end());
  return names;
}

llvm::Expected<TargetDescription> describeCpu(llvm::StringRef name) {
  llvm::Triple triple = hostTriple();
  bool host = name == "host" || name == "native";
  TargetDescription target;
  target.triple = triple.str();
  target.cpu = host ? llvm::sys::getHostCPUName().str() : name.str();

  std::vector<std::string> known = cpuNames();
  if (!llvm::is_contained(known, target.cpu)) {
    if (!host) {
      std::string near = nearMatches(name, known);
      return llvm::createStringError(
          "unknown processor '" + name + "' for " + target.triple +
          (near.empty() ? "; 'host' is the machine we are on"
                        : "; did you mean " + near + "?"));
    }
    target.cpu =
        "generic"; // newer than LLVM; its features are known all the same
  }

  llvm::Expected<Subtarget> info = subtarget(triple, target.cpu, "");
  if (!info)
    return info.takeError();
  if (triple.getArch() == llvm::Triple::x86_64) {
    llvm::StringMap<bool> hostFeatures;
    if (host)
      for (auto &feature : llvm::sys::getHostCPUFeatures())
        hostFeatures[feature.first()] = feature.second;
    setX86Features(target, **info, host ? &hostFeatures : nullptr);
  } else {
    target.vectorBytes = 16;
    target.vectorRegisters = 32;
  }
  setCaches(target, host);
  return target;
}

std::vector<std::string> requiredFeatures(const TargetDescription &target) {
  std::vector<std::string> required;
  for (const X86Feature &feature : x86Features)
    if (llvm::is_contained(target.features, "+" + feature.llvmName.str()))
      required.push_back(feature.cpuinfoName.str());
  return required;
}

bool isBetter(const TargetDescription &a, const TargetDescription &b) {
  if (a.vectorBytes != b.vectorBytes)
    return a.vectorBytes > b.vectorBytes;
  return requiredFeatures(a).size() > requiredFeatures(b).size();
}

} // namespace foregrad::compiler
