//===- CpuFeatures.cpp - What this machine's processor can do -------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/loader/CpuFeatures.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string_view>

#include <sys/utsname.h>

namespace foregrad::runtime {

namespace {

/// LLVM's name, the kernel's name, where the two are not alike.
constexpr std::pair<std::string_view, std::string_view> otherNames[] = {
    {"lzcnt", "abm"},
    {"sahf", "lahf_lm"},
    {"64bit", "lm"},
    {"cx8", "cx8"},
    {"crc32", "sse4_2"},
    {"sse3", "pni"},
    {"pclmul", "pclmulqdq"},
    {"rdrnd", "rdrand"},
    {"prfchw", "3dnowprefetch"},
    {"sha", "sha_ni"},
    {"fxsr", "fxsr"},
    {"avx512bf16", "avx512_bf16"},
    {"avx512bitalg", "avx512_bitalg"},
    {"avx512fp16", "avx512_fp16"},
    {"avx512ifma", "avx512ifma"},
    {"avx512vbmi2", "avx512_vbmi2"},
    {"avx512vnni", "avx512_vnni"},
    {"avx512vp2intersect", "avx512_vp2intersect"},
    {"avx512vpopcntdq", "avx512_vpopcntdq"},
    {"avxvnni", "avx_vnni"},
    {"neon", "asimd"},
    {"fp-armv8", "fp"},
};

std::set<std::string, std::less<>> readFeatures() {
  std::ifstream file("/proc/cpuinfo");
  std::set<std::string, std::less<>> features;
  for (std::string line; std::getline(file, line);) {
    size_t colon = line.find(':');
    bool lists = line.starts_with("flags") || line.starts_with("Features");
    if (!lists || colon == std::string::npos)
      continue;
    std::istringstream words(line.substr(colon + 1));
    for (std::string word; words >> word;)
      features.insert(word);
    break; // The cores of one machine are alike in what counts here.
  }
  return features;
}

bool has(const std::set<std::string, std::less<>> &present,
         std::string_view feature) {
  if (present.contains(feature))
    return true;
  std::string spelled(feature);
  std::replace(spelled.begin(), spelled.end(), '.', '_');
  std::replace(spelled.begin(), spelled.end(), '-', '_');
  if (present.contains(spelled))
    return true;
  for (auto [ours, kernels] : otherNames)
    if (ours == feature && present.contains(kernels))
      return true;
  return false;
}

} // namespace

const std::set<std::string, std::less<>> &machineFeatures() {
  static const std::set<std::string, std::less<>> features = readFeatures();
  return features;
}

std::vector<std::string>
missingFeatures(std::span<const std::string> required,
                const std::set<std::string, std::less<>> &present) {
  std::vector<std::string> missing;
  if (present.empty())
    return missing;
  for (const std::string &feature : required)
    if (!has(present, feature))
      missing.push_back(feature);
  return missing;
}

std::string machineArchitecture() {
  utsname name;
  return uname(&name) == 0 ? name.machine : "";
}

} // namespace foregrad::runtime
