//===- Artifact.h - A .fgb file, checked ------------------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
// An `Artifact` exists only where its file passed every check: container,
// checksums, FlatBuffer structure, and then the meaning of each number in it.
// Nothing of a file is used before. What follows from the checks is stated at
// each member, so that later code need not check again.
//
// The checks protect from damaged, foreign and outdated files. They do not make
// the code inside harmless: it runs with the user's rights, as any program
// does.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_LOADER_ARTIFACT_H
#define FOREGRAD_RUNTIME_LOADER_ARTIFACT_H

#include "runtime/io/File.h"
#include "runtime/schema/artifact_generated.h"
#include "runtime/support/DType.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foregrad::runtime {

using schema::Role;

struct TensorInfo {
  std::string name; ///< unique in the artifact
  Role role;
  DType dtype;
  std::vector<uint32_t> shape;   ///< every size at least 1
  std::vector<std::string> axes; ///< as many as sizes
  DType source; ///< of an Input: U8 (dtype is U8 or floating), or dtype
  std::string init;
  uint64_t elements; ///< the product of shape
  uint64_t bytes;    ///< elements times the size of dtype
  uint32_t index;    ///< in Artifact::tensors

  /// Whether entries ask for its samples (fg_fetch), rather than read them from
  /// memory: inputs of bytes.
  bool isFetched() const { return role == Role::Input && dtype == DType::U8; }
};

struct Binding {
  uint32_t tensor; ///< index into Artifact::tensors
  bool written;
};

/// One parallel loop of an entry.
struct KernelInfo {
  std::string what;    ///< in words
  std::string where;   ///< FILE:LINE:COLUMN of the model, or empty
  double flops, bytes; ///< of one call
  uint32_t loop;       ///< 0, or the number of the loop that calls it
  uint64_t trips;      ///< of that loop: 1 or more
  uint32_t chain = 0;  ///< 0, or the number of the chain that it is a part of
  uint64_t draws = 0;  ///< random numbers of one call
};

/// A function that the runtime can call.
struct EntryInfo {
  std::string name; ///< init, step, gradient, perturbation, exact, ...
  std::vector<Binding> bindings; ///< each tensor at most once
  uint32_t index;                ///< in Artifact::entries
};

/// How an entry takes a tensor that is not row-major: matrices of `depth` rows,
/// one behind the other, each of them panel after panel, and each panel row
/// after row.
struct PanelsInfo {
  uint32_t tensor;              ///< index into Artifact::tensors; bound
  uint32_t depth;               ///< 1 or more
  std::vector<uint32_t> widths; ///< columns of each panel: 1 or more
  bool operator==(const PanelsInfo &) const = default;

  /// Elements of one matrix; they divide the tensor's. 0 where there are none
  /// or too many to count.
  uint64_t elements() const;
};

/// An entry as one piece of code has it.
struct EntryCodeInfo {
  std::string symbol;
  uint64_t arenaBytes;
  uint64_t scratchBytesPerWorker;
  double flops;
  std::vector<KernelInfo> kernels; ///< in the order of their calls
  std::vector<PanelsInfo> panels;  ///< each tensor at most once; all other
                                   ///< tensors are row-major

  /// How it takes the tensor of this index; null: row-major.
  const PanelsInfo *panelsOf(uint32_t tensor) const;
};

struct HyperInfo {
  std::string name; ///< there is a tensor of role Hyper with this name
  double value;     ///< from least to most, all finite
  std::string help;
  double least, most; ///< what a run may set
};

/// One perturbation and what learns from it.
struct PerturbedInfo {
  std::string name; ///< of a site, or a parameter's path; unique
  uint64_t units;   ///< its values that act on one copy of the loss: 1 or more
  uint64_t acting;  ///< ... and those of all perturbations: units or more
  std::string loss; ///< the head
  bool shared;      ///< one draw for all samples: weights
  std::vector<uint32_t> parameters; ///< indices into Artifact::tensors, of role
                                    ///< Parameter, each once
};

/// Whose gradient the entry `gradient` estimates.
struct EstimateInfo {
  /// As fgc --rule takes it; Artifact::rule where that is exact, or else there
  /// is an entry `exact`, which writes all gradients that `gradient` writes.
  std::string exactRule;
  uint32_t directions; ///< estimates, averaged; 0 where nothing is perturbed
  schema::Law law;
  /// Empty where nothing is perturbed, and only there; parameters that none
  /// names learn exactly.
  std::vector<PerturbedInfo> perturbed;
};

struct SegmentInfo {
  std::string name;
  uint64_t offset; ///< in the file; the segment lies inside it
  uint64_t size;
  uint64_t hash; ///< XXH3-64, compared when the file was read
};

/// One piece of native code, for one processor and those that can do as much.
struct CodeInfo {
  std::string target;
  std::string triple;
  std::string cpu;
  std::vector<std::string> features;
  uint32_t segment;                   ///< index into Artifact::segments
  std::vector<EntryCodeInfo> entries; ///< of Artifact::entries, in their order

  const EntryCodeInfo &entry(const EntryInfo &of) const {
    return entries[of.index];
  }
};

class Artifact {
public:
  /// Reads and checks a file. Throws Error, which names the file, the place,
  /// what was expected and what was found.
  static Artifact load(const std::string &path);

  /// Checks `bytes` as the contents of a file called `path`.
  static Artifact parse(const std::string &path, AlignedBytes bytes);

  std::string path;
  uint64_t hash = 0; ///< XXH3-64 of the whole file: the identity of an artifact

  uint32_t schemaVersion = 0;
  uint32_t abiVersion = 0;
  std::string compilerVersion;
  std::vector<std::string> flags;
  std::string sourceName;
  std::string source;
  std::string model;
  std::string rule;
  DType precision = DType::F32;     ///< F32, F64 or BF16
  uint32_t batch = 0;               ///< at least 1
  std::vector<std::string> classes; ///< at least 1
  std::vector<TensorInfo> tensors;
  std::vector<EntryInfo> entries; ///< names unique
  std::vector<HyperInfo> hypers;
  std::vector<std::pair<std::string, std::string>> recipe; ///< keys unique
  std::vector<CodeInfo> code;        ///< at least 1, no two for one processor
  std::vector<SegmentInfo> segments; ///< in the order of the file
  std::vector<std::string> remarks;
  EstimateInfo estimate;

  /// Null where there is none.
  const TensorInfo *findTensor(std::string_view name) const;
  const EntryInfo *findEntry(std::string_view name) const;
  const HyperInfo *findHyper(std::string_view name) const;
  const std::string *findRecipe(std::string_view key) const;

  /// The only tensor of a role that has at most one (Label, Seed, Step); null
  /// where there is none.
  const TensorInfo *findRole(Role role) const;

  /// Throws Error where there is none: the artifact cannot do what is asked.
  const EntryInfo &entry(std::string_view name) const;

  /// The image input, [batch, ...]. There is always one. Where some entries
  /// take its numbers and others its bytes, a tensor of the same shape and
  /// source, that of the numbers, which has the model's name.
  const TensorInfo &input() const;

  /// True if the gradient takes its perturbations as inputs.
  bool takesPerturbations() const;

  std::span<const uint8_t> segmentBytes(uint32_t segment) const;
  uint64_t fileSize() const { return bytes.size(); }

private:
  AlignedBytes bytes;
};

/// "[128, 28, 28]".
std::string shapeText(std::span<const uint32_t> shape);

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_LOADER_ARTIFACT_H
