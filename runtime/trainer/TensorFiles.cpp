//===- TensorFiles.cpp - The program's tensors, to and from files ---------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/trainer/TensorFiles.h"

#include "runtime/support/Checked.h"
#include "runtime/support/Error.h"

#include <algorithm>
#include <cstring>

#include <fmt/ranges.h>

namespace foregrad::runtime {

namespace {

bool sameShape(const TensorInfo &tensor, const StoredTensor &stored) {
  // A number may be stored as [] or [1].
  if (tensor.shape.empty() && stored.shape == std::vector<uint64_t>{1})
    return true;
  return std::ranges::equal(tensor.shape, stored.shape);
}

} // namespace

void loadTensors(Program &program, const SafetensorsFile &file,
                 const std::vector<const TensorInfo *> &tensors) {
  std::vector<std::string_view> missing;
  for (const TensorInfo *tensor : tensors)
    if (!file.find(tensor->name))
      missing.push_back(tensor->name);
  if (!missing.empty())
    fail("{}: lacks {} of the {} tensors that {} needs: {}", file.getPath(),
         missing.size(), tensors.size(), program.artifact().path,
         fmt::join(missing, ", "));
  for (const TensorInfo *tensor : tensors) {
    const StoredTensor &stored = *file.find(tensor->name);
    if (!sameShape(*tensor, stored))
      fail("{}: tensor '{}': expected the shape {}, found [{}]: it belongs to "
           "another model than {}",
           file.getPath(), tensor->name, shapeText(tensor->shape),
           fmt::join(stored.shape, ", "), program.artifact().path);
    file.readInto(stored, tensor->dtype, program.data(*tensor));
  }
}

void loadTensorsIfAny(Program &program, const SafetensorsFile &file,
                      const std::vector<const TensorInfo *> &tensors) {
  if (std::ranges::any_of(tensors, [&](const TensorInfo *tensor) {
        return file.find(tensor->name) != nullptr;
      }))
    loadTensors(program, file, tensors);
}

void saveTensors(const std::string &path, const Program &program,
                 const std::vector<const TensorInfo *> &tensors,
                 const std::map<std::string, std::string> &metadata) {
  std::vector<TensorView> views;
  for (const TensorInfo *tensor : tensors)
    views.push_back({tensor->name,
                     tensor->dtype,
                     {tensor->shape.begin(), tensor->shape.end()},
                     program.data(*tensor)});
  saveSafetensors(path, std::move(views), metadata);
}

TensorSeries::TensorSeries(const Program &program,
                           std::vector<const TensorInfo *> tensors,
                           uint64_t steps)
    : program(program), tensors(std::move(tensors)) {
  uint64_t bytes = 0;
  for (const TensorInfo *tensor : this->tensors)
    bytes += tensor->bytes;
  const std::optional<uint64_t> all = checkedMultiply(bytes, steps);
  if (!all || *all > machineMemory())
    fail("{} steps of {} bytes each: the machine has {} bytes of memory", steps,
         bytes, machineMemory());
  for (const TensorInfo *tensor : this->tensors)
    values.emplace_back(tensor->bytes * steps, /*zeroed=*/false);
}

void TensorSeries::add() {
  for (size_t i = 0; i < tensors.size(); ++i)
    std::memcpy(values[i].data() + added * tensors[i]->bytes,
                program.data(*tensors[i]), tensors[i]->bytes);
  ++added;
}

void TensorSeries::save(const std::string &path,
                        const std::map<std::string, std::string> &metadata,
                        bool hasStepAxis) const {
  std::vector<TensorView> views;
  for (size_t i = 0; i < tensors.size(); ++i) {
    std::vector<uint64_t> shape(tensors[i]->shape.begin(),
                                tensors[i]->shape.end());
    if (hasStepAxis || shape.empty())
      shape.insert(shape.begin(), added);
    views.push_back({tensors[i]->name, tensors[i]->dtype, std::move(shape),
                     values[i].data()});
  }
  saveSafetensors(path, std::move(views), metadata);
}

} // namespace foregrad::runtime
