//===- Program.cpp - An artifact ready to run -----------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/device/Program.h"

#include "runtime/device/MemoryPlan.h"
#include "runtime/device/PanelLayout.h"
#include "runtime/support/Error.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace foregrad::runtime {

Program::Program(const Artifact &artifact, const CodeInfo &piece,
                 std::initializer_list<std::string_view> entries, int threads)
    : model(artifact), code(artifact, piece), workers(threads) {
  for (std::string_view name : entries) {
    const EntryInfo &entry = model.entry(name);
    calls.push_back({entry.name, code.entry(entry), {}, {}});
  }
  allocate();
}

void Program::allocate() {
  std::vector<const EntryInfo *> entries;
  for (const Call &call : calls)
    entries.push_back(&model.entry(call.name));
  const MemoryPlan plan =
      planMemory(model, code.info(), entries, workers.size());
  if (plan.total > machineMemory())
    fail("{}: needs {} bytes of memory for {} threads, the machine has {}: use "
         "fewer threads, or compile with a smaller --batch",
         model.path, plan.total, workers.size(), machineMemory());
  planned = plan.total;

  tensors = AlignedBytes(plan.tensors, /*zeroed=*/true);
  buffers.resize(model.tensors.size());
  layouts.resize(model.tensors.size());
  for (const TensorInfo &tensor : model.tensors)
    if (plan.bound[tensor.index])
      buffers[tensor.index] = tensors.data() + plan.offsets[tensor.index];
  arena = AlignedBytes(plan.arena, /*zeroed=*/false);
  scratch = AlignedBytes(plan.scratch, /*zeroed=*/false);

  for (Call &call : calls)
    for (Binding binding : model.entry(call.name).bindings) {
      const TensorInfo &tensor = model.tensors[binding.tensor];
      call.buffers.push_back(buffers[binding.tensor]);
      call.arguments.push_back(
          {&tensor, codeOf(call.name).panelsOf(binding.tensor)});
      call.fetches |= tensor.isFetched();
    }
}

void Program::fetch(void *samples, int64_t binding, int64_t first,
                    int64_t count, void *to) {
  const auto *from = static_cast<const Samples *>(samples);
  from->source->fetch(
      *from->call->arguments[static_cast<size_t>(binding)].tensor,
      static_cast<uint64_t>(first), static_cast<uint64_t>(count), to);
}

void Program::run(std::string_view entry, const CallOptions &options) {
  auto call = std::find_if(calls.begin(), calls.end(),
                           [&](const Call &c) { return c.name == entry; });
  if (call == calls.end())
    fail("{}: entry '{}' was not prepared", model.path, entry);
  if (call->fetches && !options.samples)
    fail("{}: entry '{}' asks for samples, and there are none", model.path,
         entry);
  for (const Argument &argument : call->arguments)
    if (holds(*argument.tensor))
      arrange(*argument.tensor, argument.layout);

  fg_call arguments = {};
  arguments.abi_version = FG_ABI_VERSION;
  arguments.struct_size = sizeof(arguments);
  arguments.buffers = call->buffers.data();
  arguments.arena = arena.data();
  arguments.scratch = scratch.data();
  arguments.parallel_for = Workers::parallelFor;
  arguments.pool = &workers;
  arguments.workers = workers.size();
  Samples samples = {options.samples, &*call};
  if (options.samples) {
    arguments.fetch = fetch;
    arguments.samples = &samples;
  }
  Profile *profile = options.profile;
  if (profile) {
    arguments.parallel_for = Profile::parallelFor;
    arguments.pool = profile;
    arguments.part_done = Profile::partDone;
    profile->begin();
  }
  int32_t status = call->function(&arguments);
  if (status == FG_STATUS_ABI_MISMATCH)
    fail("{}: its code was made for another ABI than version {}: compile the "
         "model again with the fgc that came with this fgrun",
         model.path, FG_ABI_VERSION);
  if (status != FG_STATUS_OK)
    fail("{}: entry '{}' ended with status {}", model.path, entry, status);
  if (profile)
    profile->end();
}

void Program::arrange(const TensorInfo &tensor, const PanelsInfo *layout) {
  const PanelsInfo *current = std::exchange(layouts[tensor.index], layout);
  if (current == layout || (current && layout && *current == *layout))
    return;
  uint8_t *data = buffers[tensor.index];
  std::span<uint8_t> room(arena.data(), arena.size());
  if (current)
    toRows(tensor, *current, data, room);
  if (layout)
    toPanels(tensor, *layout, data, room);
}

void *Program::data(const TensorInfo &tensor) {
  if (!holds(tensor))
    fail("{}: no entry in use binds the tensor '{}'", model.path, tensor.name);
  arrange(tensor, nullptr);
  return buffers[tensor.index];
}

const void *Program::data(const TensorInfo &tensor) const {
  // How a tensor lies is not what a program is seen to hold.
  return const_cast<Program *>(this)->data(tensor);
}

std::vector<const TensorInfo *>
Program::tensorsOf(std::initializer_list<Role> roles) const {
  std::vector<const TensorInfo *> result;
  for (const TensorInfo &tensor : model.tensors)
    if (holds(tensor) &&
        std::find(roles.begin(), roles.end(), tensor.role) != roles.end())
      result.push_back(&tensor);
  return result;
}

void Program::setCounter(Role role, uint64_t value) {
  for (const TensorInfo *tensor : tensorsOf({role}))
    std::memcpy(data(*tensor), &value, sizeof(value));
}

void Program::setHyper(std::string_view name, double value) {
  const TensorInfo *tensor = model.findTensor(name);
  if (tensor && tensor->role == Role::Hyper && holds(*tensor))
    convertElements(DType::F64, &value, tensor->dtype, data(*tensor), 1);
}

double Program::scalar(std::string_view name) const {
  const TensorInfo *tensor = model.findTensor(name);
  if (!tensor || tensor->elements != 1)
    fail("{}: holds no number '{}'", model.path, name);
  return loadElement(tensor->dtype, data(*tensor), 0);
}

} // namespace foregrad::runtime
