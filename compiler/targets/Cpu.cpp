//===- Cpu.cpp - Processors as targets ------------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/Cpu.h"

#include "compiler/targets/Architecture.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/Threading.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

#include <memory>
#include <optional>

#include <unistd.h>

namespace foregrad::compiler {

namespace {

/// That of the machine we run on first.
llvm::ArrayRef<const Architecture *> architectures() {
  static const Architecture *const onX86[] = {&x86Architecture,
                                              &aarch64Architecture};
  static const Architecture *const onAArch64[] = {&aarch64Architecture,
                                                  &x86Architecture};
  llvm::Triple host(llvm::sys::getDefaultTargetTriple());
  if (host.getArch() == llvm::Triple::aarch64)
    return onAArch64;
  return onX86;
}

/// Vendors and distributions do not matter to the code.
llvm::Triple tripleOf(const Architecture &architecture) {
  return llvm::Triple(architecture.name, "unknown", "linux", "gnu");
}

const Architecture *architectureOf(const TargetDescription &target) {
  for (const Architecture *architecture : architectures())
    if (llvm::StringRef(target.triple)
            .starts_with(architecture->name.str() + "-"))
      return architecture;
  return nullptr;
}

using Subtarget = std::unique_ptr<llvm::MCSubtargetInfo>;

/// What LLVM knows of the processor that it calls `cpu`.
llvm::Expected<Subtarget> subtarget(const Architecture &architecture,
                                    llvm::StringRef cpu) {
  initializeCodeGeneration();
  llvm::Triple triple = tripleOf(architecture);
  std::string reason;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, reason);
  Subtarget info(target ? target->createMCSubtargetInfo(triple, cpu, "")
                        : nullptr);
  if (!info)
    return llvm::createStringError("no code generation for " + triple.str() +
                                   " in this build of LLVM: " + reason);
  return info;
}

/// The processors of an architecture, sorted.
std::vector<std::string> namesOf(const Architecture &architecture) {
  std::vector<std::string> names = architecture.names();
  llvm::sort(names);
  names.erase(llvm::unique(names), names.end());
  return names;
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

void setCaches(TargetDescription &target, const Architecture &architecture,
               bool host) {
  int64_t l1 = 0, l2 = 0;
  if (host) {
    l1 = hostCacheBytes("1", "Data");
    l2 = hostCacheBytes("2", "Unified");
  } else {
    for (const KnownCaches &known : architecture.caches)
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

llvm::Expected<TargetDescription> describe(const Architecture &architecture,
                                           llvm::StringRef cpu, bool host) {
  TargetDescription target;
  target.triple = tripleOf(architecture).str();
  target.cpu = cpu.str();
  llvm::Expected<Subtarget> info =
      subtarget(architecture, architecture.llvmName(cpu));
  if (!info)
    return info.takeError();
  llvm::StringMap<bool> hostFeatures;
  if (host)
    for (auto &feature : llvm::sys::getHostCPUFeatures())
      hostFeatures[feature.first()] = feature.second;
  architecture.describe(target, **info, host ? &hostFeatures : nullptr);
  setCaches(target, architecture, host);
  if (host)
    target.cores = llvm::hardware_concurrency().compute_thread_count();
  return target;
}

} // namespace

void initializeCodeGeneration() {
  static const bool done = [] {
    llvm::InitializeAllTargetInfos();
    llvm::InitializeAllTargets();
    llvm::InitializeAllTargetMCs();
    llvm::InitializeAllAsmPrinters();
    return true;
  }();
  (void)done;
}

bool hasFeature(const llvm::MCSubtargetInfo &info,
                const llvm::StringMap<bool> *hostFeatures,
                llvm::StringRef feature) {
  return hostFeatures ? hostFeatures->lookup(feature)
                      : info.checkFeatures("+" + feature.str());
}

bool isKnownFeature(const llvm::MCSubtargetInfo &info,
                    llvm::StringRef feature) {
  return llvm::any_of(info.getAllProcessorFeatures(),
                      [&](const llvm::SubtargetFeatureKV &known) {
                        return feature == known.Key;
                      });
}

std::vector<std::string> cpuNames() {
  std::vector<std::string> names;
  for (const Architecture *architecture : architectures())
    llvm::append_range(names, namesOf(*architecture));
  return names;
}

llvm::Expected<TargetDescription> describeCpu(llvm::StringRef name) {
  if (name == "host" || name == "native") {
    const Architecture &host = *architectures().front();
    llvm::StringRef cpu = llvm::sys::getHostCPUName();
    if (llvm::is_contained(namesOf(host), cpu))
      return describe(host, cpu, /*host=*/true);
    // One that is newer than LLVM: its features are known all the same.
    auto target = describe(host, host.baseline, /*host=*/true);
    if (target)
      target->cpu = "host";
    return target;
  }
  if (name == "generic")
    name = architectures().front()->baseline;
  for (const Architecture *architecture : architectures())
    if (llvm::is_contained(namesOf(*architecture), name))
      return describe(*architecture, name, /*host=*/false);
  std::string near = nearMatches(name, cpuNames());
  return llvm::createStringError("unknown processor '" + name + "'" +
                                 (near.empty()
                                      ? "; 'host' is the machine we are on"
                                      : "; did you mean " + near + "?"));
}

std::vector<std::string> requiredFeatures(const TargetDescription &target) {
  std::vector<std::string> required;
  if (const Architecture *architecture = architectureOf(target))
    for (const CpuFeature &feature : architecture->features)
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
