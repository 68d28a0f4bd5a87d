//===- Artifact.cpp - A .fgb file, checked --------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/loader/Artifact.h"

#include "runtime/loader/Container.h"
#include "runtime/schema/Container.h"
#include "runtime/support/Checked.h"
#include "runtime/support/Error.h"

#include <algorithm>
#include <numeric>

#include <fmt/ranges.h>

namespace foregrad::runtime {

namespace {

constexpr uint64_t maximalFile = uint64_t{4} << 30;
constexpr uint64_t maximalBytes = uint64_t{1} << 40; ///< of one buffer
constexpr uint64_t maximalText = 64u << 20;          ///< all strings together

/// The length of the valid UTF-8 at the start of `text`.
size_t validUtf8(std::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    uint8_t lead = static_cast<uint8_t>(text[i]);
    size_t length = lead < 0x80         ? 1
                    : lead >> 5 == 0x6  ? 2
                    : lead >> 4 == 0xE  ? 3
                    : lead >> 3 == 0x1E ? 4
                                        : 0;
    if (length == 0 || length > text.size() - i)
      return i;
    uint32_t code = length == 1 ? lead : lead & (0x7F >> length);
    for (size_t k = 1; k < length; ++k) {
      uint8_t next = static_cast<uint8_t>(text[i + k]);
      if (next >> 6 != 0x2)
        return i;
      code = code << 6 | (next & 0x3F);
    }
    constexpr uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code < least[length] || code > 0x10FFFF || code >> 11 == 0x1B)
      return i;
    i += length;
  }
  return i;
}

/// Copies the FlatBuffer into plain structures. Parts of a FlatBuffer may be
/// shared, so that a small file could describe terabytes of text: everything
/// copied is counted against a budget.
class Reader {
public:
  explicit Reader(const std::string &path) : path(path) {}

  std::string text(const flatbuffers::String *value, std::string_view what) {
    spend(value->size() + 1);
    std::string_view view(value->c_str(), value->size());
    if (validUtf8(view) != view.size())
      fail("{}: {}: expected UTF-8 text, found something else", path, what);
    return std::string(view);
  }

  /// A text that may become part of a path, a key or a line of output.
  std::string name(const flatbuffers::String *value, std::string_view what) {
    std::string result = text(value, what);
    if (result.empty() || result.size() > 1024)
      fail("{}: {}: expected a name of 1 to 1024 bytes, found {}", path, what,
           result.size());
    for (char c : result)
      if (static_cast<uint8_t>(c) < 0x20 || c == 0x7F)
        fail("{}: {}: expected a name, found the control character 0x{:02x}",
             path, what, static_cast<uint8_t>(c));
    return result;
  }

  template <typename Vector>
  std::vector<std::string> texts(const Vector *values, std::string_view what) {
    std::vector<std::string> result;
    for (const flatbuffers::String *value : *values)
      result.push_back(text(value, what));
    return result;
  }

  template <typename Enum>
  Enum enumeration(Enum value, Enum last, std::string_view what) {
    if (value > last)
      fail("{}: {}: expected at most {}, found {}", path, what,
           static_cast<int>(last), static_cast<int>(value));
    return value;
  }

  TensorInfo tensor(const schema::Tensor *from, uint32_t index);
  KernelInfo kernel(const schema::Kernel *from, const std::string &entry);
  EntryInfo entry(const schema::Entry *from, uint32_t index, size_t tensors);
  EntryCodeInfo entryCode(const schema::EntryCode *from, const EntryInfo &entry,
                          const Artifact &of, const std::string &what);
  PanelsInfo panels(const schema::Panels *from, const EntryInfo &entry,
                    const Artifact &of, const std::string &what);
  CodeInfo codeOf(const schema::Code *from, uint32_t index, const Artifact &of);
  PerturbedInfo perturbed(const schema::Perturbed *from, size_t tensors);
  EstimateInfo estimate(const schema::Estimate *from, size_t tensors);

  void spend(uint64_t bytes) {
    if (bytes > budget)
      fail("{}: expected a description of at most {} bytes, found more: the "
           "file was not made by fgc",
           path, maximalText);
    budget -= bytes;
  }

private:
  const std::string &path;
  uint64_t budget = maximalText;
};

TensorInfo Reader::tensor(const schema::Tensor *from, uint32_t index) {
  TensorInfo to;
  to.name = name(from->name(), fmt::format("the name of tensor {}", index));
  std::string what = fmt::format("tensor '{}'", to.name);
  to.role = enumeration(from->role(), Role::MAX, what + ": role");
  to.dtype = enumeration(from->dtype(), DType::MAX, what + ": type");
  to.source = enumeration(from->source(), DType::MAX, what + ": source type");
  to.init = text(from->init(), what);
  to.index = index;

  spend(uint64_t{from->shape()->size()} * sizeof(uint32_t));
  to.shape.assign(from->shape()->begin(), from->shape()->end());
  to.axes = texts(from->axes(), what);
  if (to.shape.size() > 16)
    fail("{}: {}: expected at most 16 axes, found {}", path, what,
         to.shape.size());
  if (to.axes.size() != to.shape.size())
    fail("{}: {}: expected a name for each of the {} axes, found {}", path,
         what, to.shape.size(), to.axes.size());
  if (std::find(to.shape.begin(), to.shape.end(), 0u) != to.shape.end())
    fail("{}: {}: expected sizes of 1 or more, found {}", path, what,
         shapeText(to.shape));
  std::optional<uint64_t> elements = checkedProduct(to.shape);
  std::optional<uint64_t> bytes =
      elements ? checkedMultiply(*elements, sizeOf(to.dtype)) : std::nullopt;
  if (!bytes || *bytes > maximalBytes)
    fail("{}: {}: expected at most {} bytes, found the shape {}", path, what,
         maximalBytes, shapeText(to.shape));
  to.elements = *elements;
  to.bytes = *bytes;
  return to;
}

KernelInfo Reader::kernel(const schema::Kernel *from,
                          const std::string &entry) {
  KernelInfo to;
  to.what = text(from->what(), entry + ": a kernel");
  to.where = text(from->where(), entry + ": a kernel");
  to.flops = from->flops();
  to.bytes = from->bytes();
  to.loop = from->loop();
  to.trips = from->trips();
  to.chain = from->chain();
  to.draws = from->draws();
  if (!(to.flops >= 0 && to.flops < 1e30) ||
      !(to.bytes >= 0 && to.bytes < 1e30) || to.trips == 0)
    fail("{}: {}: expected a kernel's operations, bytes and calls, found {}, "
         "{} and {}",
         path, entry, to.flops, to.bytes, to.trips);
  return to;
}

EntryInfo Reader::entry(const schema::Entry *from, uint32_t index,
                        size_t tensors) {
  EntryInfo to;
  to.name = name(from->name(), fmt::format("the name of entry {}", index));
  std::string what = fmt::format("entry '{}'", to.name);
  to.index = index;
  size_t count = from->bindings()->size();
  if (from->writes()->size() != count)
    fail("{}: {}: expected a write flag for each of the {} bindings, found {}",
         path, what, count, from->writes()->size());
  if (count > tensors)
    fail("{}: {}: expected at most {} bindings, found {}", path, what, tensors,
         count);
  spend(count * sizeof(Binding));
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t tensor = from->bindings()->Get(i);
    uint8_t writes = from->writes()->Get(i);
    if (tensor >= tensors)
      fail("{}: {}: binding {}: expected one of the {} tensors, found {}", path,
           what, i, tensors, tensor);
    if (writes > 1)
      fail("{}: {}: binding {}: expected a write flag of 0 or 1, found {}",
           path, what, i, writes);
    to.bindings.push_back({tensor, writes == 1});
  }
  return to;
}

EntryCodeInfo Reader::entryCode(const schema::EntryCode *from,
                                const EntryInfo &entry, const Artifact &of,
                                const std::string &what) {
  EntryCodeInfo to;
  to.symbol = name(from->symbol(), what + ": symbol");
  to.arenaBytes = from->arena_bytes();
  to.scratchBytesPerWorker = from->scratch_bytes_per_worker();
  to.flops = from->flops();
  if (to.arenaBytes > maximalBytes || to.scratchBytesPerWorker > maximalBytes)
    fail("{}: {}: expected at most {} bytes of memory, found an arena of {} "
         "and {} for each worker",
         path, what, maximalBytes, to.arenaBytes, to.scratchBytesPerWorker);
  if (!(to.flops >= 0 && to.flops < 1e30))
    fail("{}: {}: expected a number of operations, found {}", path, what,
         to.flops);
  for (const schema::Kernel *one : *from->kernels())
    to.kernels.push_back(kernel(one, what));
  for (const schema::Panels *one : *from->panels()) {
    if (to.panelsOf(one->tensor()))
      fail("{}: {}: expected panels of each tensor once, found tensor {} twice",
           path, what, one->tensor());
    to.panels.push_back(panels(one, entry, of, what));
  }
  return to;
}

PanelsInfo Reader::panels(const schema::Panels *from, const EntryInfo &entry,
                          const Artifact &of, const std::string &what) {
  PanelsInfo to{from->tensor(), from->depth(), {}};
  spend(uint64_t{from->widths()->size()} * sizeof(uint32_t));
  to.widths.assign(from->widths()->begin(), from->widths()->end());
  bool isBound =
      std::any_of(entry.bindings.begin(), entry.bindings.end(),
                  [&](Binding binding) { return binding.tensor == to.tensor; });
  if (!isBound)
    fail("{}: {}: expected panels of a tensor that the entry binds, found "
         "tensor {}",
         path, what, to.tensor);
  const TensorInfo &tensor = of.tensors[to.tensor];
  bool hasEmpty = std::count(to.widths.begin(), to.widths.end(), 0) > 0;
  uint64_t elements = to.elements();
  if (hasEmpty || elements == 0 || tensor.elements % elements != 0)
    fail("{}: {}: expected panels of whole matrices of '{}', which has {} "
         "elements, found {} rows of {} columns",
         path, what, tensor.name, tensor.elements, to.depth,
         fmt::join(to.widths, " + "));
  return to;
}

CodeInfo Reader::codeOf(const schema::Code *from, uint32_t index,
                        const Artifact &of) {
  CodeInfo to;
  std::string what = fmt::format("code {}", index);
  to.target = name(from->target(), what + ": target");
  to.triple = name(from->triple(), what + ": triple");
  to.cpu = name(from->cpu(), what + ": cpu");
  to.features = texts(from->features(), what + ": features");
  to.segment = from->segment();
  if (to.segment >= of.segments.size())
    fail("{}: {}: expected one of the {} segments, found {}", path, what,
         of.segments.size(), to.segment);
  if (from->entries()->size() != of.entries.size())
    fail("{}: {}: expected each of the {} entries, found {}", path, what,
         of.entries.size(), from->entries()->size());
  for (const EntryInfo &entry : of.entries)
    to.entries.push_back(
        entryCode(from->entries()->Get(entry.index), entry, of,
                  fmt::format("{}: entry '{}'", what, entry.name)));
  return to;
}

PerturbedInfo Reader::perturbed(const schema::Perturbed *from, size_t tensors) {
  PerturbedInfo to;
  to.name = name(from->name(), "the name of a perturbation");
  std::string what = fmt::format("perturbation '{}'", to.name);
  to.units = from->units();
  to.acting = from->acting();
  to.loss = name(from->loss(), what + ": loss");
  to.shared = from->shared();
  spend(uint64_t{from->parameters()->size()} * sizeof(uint32_t));
  for (uint32_t tensor : *from->parameters()) {
    if (tensor >= tensors)
      fail("{}: {}: expected one of the {} tensors, found {}", path, what,
           tensors, tensor);
    to.parameters.push_back(tensor);
  }
  return to;
}

EstimateInfo Reader::estimate(const schema::Estimate *from, size_t tensors) {
  EstimateInfo to;
  to.exactRule = name(from->exact_rule(), "the exact rule");
  to.directions = from->directions();
  to.law = enumeration(from->law(), schema::Law::MAX, "law of perturbations");
  for (const schema::Perturbed *one : *from->perturbed())
    to.perturbed.push_back(perturbed(one, tensors));
  return to;
}

template <typename List>
auto findNamed(const List &list, std::string_view name) {
  auto found = std::find_if(list.begin(), list.end(), [&](const auto &item) {
    return item.name == name;
  });
  return found == list.end() ? nullptr : &*found;
}

} // namespace

Artifact Artifact::load(const std::string &path) {
  return parse(path, readFile(path, maximalFile));
}

Artifact Artifact::parse(const std::string &path, AlignedBytes bytes) {
  const schema::Artifact *from = openContainer(path, bytes.bytes());
  Reader read(path);
  Artifact to;
  to.path = path;
  to.schemaVersion = from->schema_version();
  to.abiVersion = from->abi_version();

  for (const schema::Segment *segment : *from->segments())
    to.segments.push_back({read.name(segment->name(), "a segment's name"),
                           segment->offset(), segment->size(),
                           segment->xxh3()});
  checkSegments(path, bytes.bytes(), to.segments);

  to.compilerVersion = read.text(from->compiler_version(), "compiler version");
  to.flags = read.texts(from->flags(), "flags");
  to.sourceName = read.text(from->source_name(), "source name");
  to.source = read.text(from->source(), "source");
  to.model = read.name(from->model(), "model");
  to.rule = read.name(from->rule(), "rule");
  to.precision = read.enumeration(from->precision(), DType::MAX, "precision");
  to.batch = from->batch();
  to.classes = read.texts(from->classes(), "classes");
  to.remarks = read.texts(from->remarks(), "remarks");
  for (const schema::Tensor *tensor : *from->tensors())
    to.tensors.push_back(
        read.tensor(tensor, static_cast<uint32_t>(to.tensors.size())));
  for (const schema::Entry *entry : *from->entries())
    to.entries.push_back(read.entry(
        entry, static_cast<uint32_t>(to.entries.size()), to.tensors.size()));
  for (const schema::Hyper *hyper : *from->hypers())
    to.hypers.push_back({read.name(hyper->name(), "a hyper's name"),
                         hyper->value(), read.text(hyper->help(), "help"),
                         hyper->least(), hyper->most()});
  for (const schema::KeyValue *pair : *from->recipe())
    to.recipe.emplace_back(read.name(pair->key(), "a recipe key"),
                           read.text(pair->value(), "a recipe value"));
  for (const schema::Code *code : *from->code())
    to.code.push_back(
        read.codeOf(code, static_cast<uint32_t>(to.code.size()), to));
  to.estimate = read.estimate(from->estimate(), to.tensors.size());
  checkMeaning(to);
  to.hash = schema::hashBytes(bytes.data(), bytes.size());
  to.bytes = std::move(bytes);
  return to;
}

uint64_t PanelsInfo::elements() const {
  return checkedMultiply(
             depth, std::accumulate(widths.begin(), widths.end(), uint64_t{0}))
      .value_or(0);
}

const PanelsInfo *EntryCodeInfo::panelsOf(uint32_t tensor) const {
  auto found =
      std::find_if(panels.begin(), panels.end(),
                   [&](const PanelsInfo &one) { return one.tensor == tensor; });
  return found == panels.end() ? nullptr : &*found;
}

const TensorInfo *Artifact::findTensor(std::string_view name) const {
  return findNamed(tensors, name);
}

const EntryInfo *Artifact::findEntry(std::string_view name) const {
  return findNamed(entries, name);
}

const HyperInfo *Artifact::findHyper(std::string_view name) const {
  return findNamed(hypers, name);
}

const std::string *Artifact::findRecipe(std::string_view key) const {
  for (const auto &[name, value] : recipe)
    if (name == key)
      return &value;
  return nullptr;
}

const TensorInfo *Artifact::findRole(Role role) const {
  for (const TensorInfo &tensor : tensors)
    if (tensor.role == role)
      return &tensor;
  return nullptr;
}

const TensorInfo &Artifact::input() const {
  const TensorInfo *found = nullptr;
  for (const TensorInfo &tensor : tensors)
    if (tensor.role == Role::Input && (!found || tensor.dtype != DType::U8))
      found = &tensor;
  return *found;
}

const EntryInfo &Artifact::entry(std::string_view name) const {
  if (const EntryInfo *found = findEntry(name))
    return *found;
  std::vector<std::string_view> present;
  for (const EntryInfo &entry : entries)
    present.push_back(entry.name);
  fail("{}: holds no entry '{}' (it has {}): compile the model again with a "
       "current fgc, and all of it (no --entries)",
       path, name, fmt::join(present, ", "));
}

bool Artifact::takesPerturbations() const {
  for (const EntryInfo &entry : entries)
    for (Binding binding : entry.bindings)
      if (!binding.written &&
          tensors[binding.tensor].role == Role::Perturbation)
        return true;
  return false;
}

std::span<const uint8_t> Artifact::segmentBytes(uint32_t segment) const {
  return bytes.bytes().subspan(segments[segment].offset,
                               segments[segment].size);
}

std::string shapeText(std::span<const uint32_t> shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

} // namespace foregrad::runtime
