//===- CheckMeaning.cpp - What the numbers of an artifact must mean -------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
// The structure of the file is right when this runs. Here: names are unique,
// each role has its type and shape, and each entry binds only what it may.
//
//===----------------------------------------------------------------------===//
#include "runtime/loader/Container.h"

#include "runtime/support/Error.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

namespace foregrad::runtime {

namespace {

constexpr uint32_t bit(Role role) { return 1u << static_cast<uint32_t>(role); }

template <typename... Roles> constexpr uint32_t bits(Roles... roles) {
  return (bit(roles) | ...);
}

/// What an entry may bind and write, and which outputs it must write.
struct EntryRules {
  std::string_view name;
  uint32_t read; ///< roles that may be bound without writing
  uint32_t written;
  std::vector<std::string_view> outputs;
};

const EntryRules *rulesOf(std::string_view entry) {
  constexpr uint32_t sample = bits(Role::Input, Role::Label);
  constexpr uint32_t learned = bits(Role::Parameter, Role::Feedback);
  constexpr uint32_t drawn = bits(Role::Seed, Role::Step, Role::Perturbation);
  static const EntryRules rules[] = {
      {"init", bits(Role::Seed), learned, {}},
      {"step",
       sample | learned | drawn | bits(Role::State, Role::Hyper),
       bits(Role::Parameter, Role::State, Role::Output),
       {"loss", "logits"}},
      {"gradient",
       sample | learned | drawn | bits(Role::Hyper),
       bits(Role::Gradient, Role::Output),
       {"loss"}},
      {"perturbation",
       bits(Role::Seed, Role::Step),
       bits(Role::Perturbation),
       {}},
      {"exact", sample | learned, bits(Role::Gradient, Role::Output), {"loss"}},
      {"eval",
       sample | bits(Role::Parameter),
       bits(Role::Output),
       {"logits", "losses"}},
      {"predict",
       bits(Role::Input, Role::Parameter),
       bits(Role::Output),
       {"logits"}},
      {"limit", 0, 0, {}},
  };
  for (const EntryRules &rule : rules)
    if (rule.name == entry)
      return &rule;
  return nullptr;
}

class MeaningCheck {
public:
  explicit MeaningCheck(const Artifact &artifact) : artifact(artifact) {}

  void run() {
    checkHead();
    for (const TensorInfo &tensor : artifact.tensors)
      checkTensor(tensor);
    checkSingleRoles();
    checkHypers();
    for (const EntryInfo &entry : artifact.entries)
      checkEntry(entry);
    checkEstimate();
    checkCode();
  }

private:
  void unique(std::set<std::string_view> &seen, std::string_view kind,
              std::string_view name) {
    if (!seen.insert(name).second)
      fail("{}: expected different names of {}, found '{}' twice",
           artifact.path, kind, name);
  }

  void checkHead() {
    if (!isFloating(artifact.precision))
      fail("{}: expected the precision F32, F64 or BF16, found {}",
           artifact.path, nameOf(artifact.precision));
    if (artifact.batch == 0)
      fail("{}: expected a batch of 1 or more, found 0", artifact.path);
    if (artifact.classes.empty())
      fail("{}: expected at least one class, found none", artifact.path);
    std::set<std::string_view> tensors, entries, segments, keys;
    for (const TensorInfo &tensor : artifact.tensors)
      unique(tensors, "tensors", tensor.name);
    for (const EntryInfo &entry : artifact.entries)
      unique(entries, "entries", entry.name);
    for (const SegmentInfo &segment : artifact.segments)
      unique(segments, "segments", segment.name);
    for (const auto &[key, value] : artifact.recipe)
      unique(keys, "recipe keys", key);
  }

  [[noreturn]] void wrong(const TensorInfo &tensor, std::string_view expected) {
    fail("{}: {} '{}': expected {}, found {} {}", artifact.path,
         schema::EnumNameRole(tensor.role), tensor.name, expected,
         nameOf(tensor.dtype), shapeText(tensor.shape));
  }

  void expectFloating(const TensorInfo &tensor) {
    if (!isFloating(tensor.dtype))
      wrong(tensor, "a floating type");
  }

  void expectShape(const TensorInfo &tensor, std::vector<uint32_t> shape) {
    if (tensor.shape != shape)
      wrong(tensor, fmt::format("the shape {}", shapeText(shape)));
  }

  void checkTensor(const TensorInfo &tensor) {
    const uint32_t batch = artifact.batch;
    const uint32_t classes = static_cast<uint32_t>(artifact.classes.size());
    switch (tensor.role) {
    case Role::Parameter:
    case Role::State:
    case Role::Feedback:
    case Role::Perturbation:
      expectFloating(tensor);
      return;
    case Role::Input:
      if (tensor.dtype != DType::U8)
        expectFloating(tensor);
      if (tensor.shape.size() < 2 || tensor.shape[0] != batch)
        wrong(tensor, fmt::format("samples in a batch of {}", batch));
      if (tensor.source != DType::U8 &&
          (tensor.dtype == DType::U8 || !isFloating(tensor.source)))
        wrong(tensor, "raw data of type U8 or floating");
      return;
    case Role::Label:
      if (tensor.dtype != DType::I32)
        wrong(tensor, "I32");
      expectShape(tensor, {batch});
      return;
    case Role::Hyper:
      expectFloating(tensor);
      expectShape(tensor, {});
      return;
    case Role::Seed:
    case Role::Step:
      if (tensor.dtype != DType::U64)
        wrong(tensor, "U64");
      expectShape(tensor, {});
      return;
    case Role::Output:
      expectFloating(tensor);
      if (tensor.name == "loss")
        expectShape(tensor, {});
      if (tensor.name == "logits" || tensor.name == "probabilities")
        expectShape(tensor, {batch, classes});
      if (tensor.name == "losses")
        expectShape(tensor, {batch});
      return;
    case Role::Gradient:
      expectFloating(tensor);
      checkGradient(tensor);
      return;
    }
  }

  void checkGradient(const TensorInfo &tensor) {
    constexpr std::string_view suffix = ".grad";
    std::string_view name = tensor.name;
    const TensorInfo *parameter =
        name.ends_with(suffix)
            ? artifact.findTensor(name.substr(0, name.size() - suffix.size()))
            : nullptr;
    if (!parameter || parameter->role != Role::Parameter)
      wrong(tensor, "the name of a parameter and '.grad'");
    expectShape(tensor, parameter->shape);
  }

  void checkSingleRoles() {
    for (Role role : {Role::Label, Role::Seed, Role::Step}) {
      auto count = std::count_if(
          artifact.tensors.begin(), artifact.tensors.end(),
          [&](const TensorInfo &tensor) { return tensor.role == role; });
      if (count > 1)
        fail("{}: expected one tensor of role {}, found {}", artifact.path,
             schema::EnumNameRole(role), count);
    }
    checkInputs();
  }

  /// One input, which entries take as numbers or as its bytes.
  void checkInputs() {
    const TensorInfo *numbers = nullptr, *bytes = nullptr;
    for (const TensorInfo &tensor : artifact.tensors) {
      if (tensor.role != Role::Input)
        continue;
      const TensorInfo *&known = tensor.dtype == DType::U8 ? bytes : numbers;
      if (known)
        fail("{}: expected one tensor of role Input for numbers and one for "
             "bytes at most, found '{}' and '{}'",
             artifact.path, known->name, tensor.name);
      known = &tensor;
    }
    if (!numbers && !bytes)
      fail("{}: expected a tensor of role Input, found none", artifact.path);
    if (numbers && bytes && numbers->source != DType::U8)
      wrong(*numbers,
            fmt::format("raw data of type U8, as '{}' has them", bytes->name));
    if (numbers && bytes)
      expectShape(*bytes, numbers->shape);
  }

  /// The numbers that a run may set are exactly the tensors that hold them.
  void checkHypers() {
    std::set<std::string_view> names;
    for (const HyperInfo &hyper : artifact.hypers) {
      unique(names, "hypers", hyper.name);
      const TensorInfo *tensor = artifact.findTensor(hyper.name);
      if (!tensor || tensor->role != Role::Hyper)
        fail("{}: hyper '{}': expected a tensor of role Hyper with this name, "
             "found none",
             artifact.path, hyper.name);
      if (!std::isfinite(hyper.value))
        fail("{}: hyper '{}': expected a finite number, found {}",
             artifact.path, hyper.name, hyper.value);
      if (!std::isfinite(hyper.least) || !std::isfinite(hyper.most) ||
          !(hyper.least <= hyper.value && hyper.value <= hyper.most))
        fail("{}: hyper '{}': expected a number from {} to {}, found {}",
             artifact.path, hyper.name, hyper.least, hyper.most, hyper.value);
    }
    for (const TensorInfo &tensor : artifact.tensors)
      if (tensor.role == Role::Hyper && !names.contains(tensor.name))
        fail("{}: tensor '{}': expected a hyper with this name, found none",
             artifact.path, tensor.name);
  }

  void checkEntry(const EntryInfo &entry) {
    const EntryRules *rules = rulesOf(entry.name);
    if (!rules)
      fail("{}: entry '{}': expected init, step, gradient, perturbation, "
           "exact, eval, predict or limit",
           artifact.path, entry.name);
    std::set<uint32_t> bound;
    for (Binding binding : entry.bindings) {
      const TensorInfo &tensor = artifact.tensors[binding.tensor];
      if (!bound.insert(binding.tensor).second)
        fail("{}: entry '{}': expected each tensor once, found '{}' twice",
             artifact.path, entry.name, tensor.name);
      uint32_t allowed = binding.written ? rules->written : rules->read;
      if (!(allowed & bit(tensor.role)))
        fail("{}: entry '{}': expected not to {} '{}', which is a tensor of "
             "role {}",
             artifact.path, entry.name, binding.written ? "write" : "read",
             tensor.name, schema::EnumNameRole(tensor.role));
    }
    for (std::string_view name : rules->outputs)
      expectWritten(entry, artifact.findTensor(name), name, Role::Output);
    if (entry.name == "init")
      for (const TensorInfo &tensor : artifact.tensors)
        if (tensor.role == Role::Parameter || tensor.role == Role::Feedback)
          expectWritten(entry, &tensor, tensor.name, tensor.role);
  }

  void expectWritten(const EntryInfo &entry, const TensorInfo *tensor,
                     std::string_view name, Role role) {
    bool written =
        tensor && tensor->role == role &&
        std::any_of(entry.bindings.begin(), entry.bindings.end(),
                    [&](Binding binding) {
                      return binding.tensor == tensor->index && binding.written;
                    });
    if (!written)
      fail("{}: entry '{}': expected to write '{}', found that it does not",
           artifact.path, entry.name, name);
  }

  /// What is said of the estimate holds together.
  void checkEstimate() {
    const EntryInfo *exact = artifact.findEntry("exact");
    const EstimateInfo &estimate = artifact.estimate;
    if (exact && estimate.exactRule == artifact.rule)
      fail("{}: the rule {} stands in for no other: expected no entry 'exact', "
           "found one",
           artifact.path, artifact.rule);
    const EntryInfo *gradient = artifact.findEntry("gradient");
    if (exact && gradient)
      for (Binding binding : gradient->bindings) {
        const TensorInfo &tensor = artifact.tensors[binding.tensor];
        if (tensor.role == Role::Gradient)
          expectWritten(*exact, &tensor, tensor.name, Role::Gradient);
      }
    if ((estimate.directions == 0) != estimate.perturbed.empty())
      fail("{}: expected perturbations for 1 or more directions, and none for "
           "0, found {} for {}",
           artifact.path, estimate.perturbed.size(), estimate.directions);
    std::set<std::string_view> names;
    for (const PerturbedInfo &perturbed : estimate.perturbed) {
      unique(names, "perturbations", perturbed.name);
      checkPerturbed(perturbed);
    }
  }

  void checkPerturbed(const PerturbedInfo &perturbed) {
    if (perturbed.units == 0 || perturbed.acting < perturbed.units)
      fail("{}: perturbation '{}': expected 1 or more units, and no more than "
           "the {} that act together, found {}",
           artifact.path, perturbed.name, perturbed.acting, perturbed.units);
    std::set<uint32_t> seen;
    for (uint32_t index : perturbed.parameters) {
      const TensorInfo &tensor = artifact.tensors[index];
      if (tensor.role != Role::Parameter || !seen.insert(index).second)
        fail("{}: perturbation '{}': expected parameters, each once, found "
             "'{}'{}",
             artifact.path, perturbed.name, tensor.name,
             tensor.role == Role::Parameter ? " twice" : "");
    }
  }

  /// Which piece of code is meant can be said by its processor.
  void checkCode() {
    if (artifact.code.empty())
      fail("{}: expected native code, found none", artifact.path);
    std::set<std::tuple<std::string_view, std::string_view, std::string_view>>
        seen;
    for (const CodeInfo &code : artifact.code)
      if (!seen.insert({code.target, code.triple, code.cpu}).second)
        fail("{}: expected one piece of code for a processor, found two for "
             "{}, {}",
             artifact.path, code.cpu, code.triple);
  }

  const Artifact &artifact;
};

} // namespace

void checkMeaning(const Artifact &artifact) { MeaningCheck(artifact).run(); }

} // namespace foregrad::runtime
