//===- RunCompiled.cpp - One step of an artifact, in process --------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// The runtime's side of `--verify`; its exceptions end here.
//
//===----------------------------------------------------------------------===//

#include "tools/fgc/RunCompiled.h"
#include "runtime/device/Program.h"
#include "runtime/io/File.h"
#include "runtime/support/Error.h"
#include <cstring>
#include <new>

namespace foregrad::fgc {

using namespace runtime;

static void fill(Program &program, const TensorInfo &tensor,
                 const Arrays &inputs) {
  auto found = inputs.find(tensor.name);
  if (found == inputs.end())
    fail("nothing is known to fill the buffer '{}' with", tensor.name);
  const fg::Tensor &array = found->second;
  if (array.values.size() != tensor.elements)
    fail("the buffer '{}' has {} elements, the reference's has {}", tensor.name,
         tensor.elements, array.values.size());
  if (tensor.dtype == DType::U64)
    std::memcpy(program.data(tensor), &array.integer, sizeof array.integer);
  else
    convertElements(DType::F64, array.values.data(), tensor.dtype,
                    program.data(tensor), tensor.elements);
}

static fg::Tensor take(const Program &program, const TensorInfo &tensor) {
  fg::Tensor array;
  array.shape.assign(tensor.shape.begin(), tensor.shape.end());
  array.values.resize(tensor.elements);
  convertElements(tensor.dtype, program.data(tensor), DType::F64,
                  array.values.data(), tensor.elements);
  return array;
}

static Arrays run(const Artifact &artifact, const CodeInfo &code,
                  const Arrays &inputs) {
  Program program(artifact, code, {"gradient"}, /*threads=*/0);
  const EntryInfo &entry = artifact.entry("gradient");
  for (Binding binding : entry.bindings)
    if (!binding.written)
      fill(program, artifact.tensors[binding.tensor], inputs);
  program.run("gradient");
  Arrays outputs;
  for (Binding binding : entry.bindings)
    if (binding.written) {
      const TensorInfo &tensor = artifact.tensors[binding.tensor];
      outputs[tensor.name] = take(program, tensor);
    }
  return outputs;
}

std::string runGradients(const std::string &path, const Arrays &inputs,
                         std::vector<CompiledStep> &steps) {
  try {
    Artifact artifact = Artifact::load(path);
    selectCode(artifact); // which throws if none runs here
    for (const CodeInfo &code : artifact.code) {
      CompiledStep step = {code.cpu, whyNotHere(code), {}};
      if (step.whyNot.empty())
        step.outputs = run(artifact, code, inputs);
      steps.push_back(std::move(step));
    }
  } catch (const Error &error) {
    return error.what();
  } catch (const std::bad_alloc &) {
    return path + ": not enough memory for a step; compile with a smaller "
                  "--batch";
  }
  return "";
}

uint64_t memoryOfMachine() { return machineMemory(); }

} // namespace foregrad::fgc
