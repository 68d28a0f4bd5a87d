//===- Program.h - An artifact ready to run ---------------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
// All memory of an artifact's entries, allocated once, and the calls into its
// code. Tensors keep their contents from call to call.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_DEVICE_PROGRAM_H
#define FOREGRAD_RUNTIME_DEVICE_PROGRAM_H

#include "runtime/device/Profile.h"
#include "runtime/device/Workers.h"
#include "runtime/loader/Artifact.h"
#include "runtime/loader/Code.h"

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace foregrad::runtime {

/// Where the samples of a batch come from that entries ask for
/// (TensorInfo::isFetched). They are asked for on the thread that called
/// Program::run, while it runs.
class SampleSource {
public:
  virtual ~SampleSource() = default;

  /// Writes samples [first, first + count) of the batch, whole ones of `input`
  /// in its type, to `to`: the same whenever they are asked for.
  virtual void fetch(const TensorInfo &input, uint64_t first, uint64_t count,
                     void *to) const noexcept = 0;
};

struct CallOptions {
  const SampleSource *samples = nullptr; ///< of entries that fetch some
  Profile *profile = nullptr; ///< made by Program::profileOf: times the kernels
};

class Program {
public:
  /// Loads `code`, one of the artifact's pieces, and allocates what the named
  /// entries bind, zeroed. `artifact` must outlive the program. `threads` 0:
  /// all cores. Throws Error where an entry is not in the artifact, the code
  /// cannot run here or memory is short.
  Program(const Artifact &artifact, const CodeInfo &code,
          std::initializer_list<std::string_view> entries, int threads);

  /// With the code that selectCode chooses.
  Program(const Artifact &artifact,
          std::initializer_list<std::string_view> entries, int threads)
      : Program(artifact, selectCode(artifact), entries, threads) {}

  /// Calls an entry that was named at construction. Throws Error where it
  /// fetches samples and there is nobody to ask.
  void run(std::string_view entry, const CallOptions &options = {});

  /// To time the kernels of an entry; the program must outlive it.
  Profile profileOf(std::string_view entry) {
    return Profile(workers, entry, codeOf(entry).kernels);
  }

  const Artifact &artifact() const { return model; }

  /// The code in use, and what it has for an entry of the artifact.
  const CodeInfo &codeInfo() const { return code.info(); }
  const EntryCodeInfo &codeOf(std::string_view entry) const {
    return code.info().entry(model.entry(entry));
  }
  int threads() const { return workers.size(); }

  /// Bytes of all tensors, the arena and the workers' scratch memory.
  uint64_t plannedBytes() const { return planned; }

  /// True if one of the entries binds the tensor, and it is not fetched.
  bool holds(const TensorInfo &tensor) const {
    return buffers[tensor.index] != nullptr;
  }

  /// The tensor's memory: tensor.bytes, row-major until the next call of run.
  /// Throws Error where no entry binds it.
  void *data(const TensorInfo &tensor);
  const void *data(const TensorInfo &tensor) const;

  /// The tensors with one of these roles that the program holds, in the
  /// artifact's order.
  std::vector<const TensorInfo *>
  tensorsOf(std::initializer_list<Role> roles) const;

  /// Set the tensor of the role, where the entries bind one (a rule without
  /// perturbations needs neither).
  void setSeed(uint64_t seed) { setCounter(Role::Seed, seed); }
  void setStep(uint64_t step) { setCounter(Role::Step, step); }

  /// Sets a number of role Hyper, where the entries bind it.
  void setHyper(std::string_view name, double value);

  /// An output of no axes.
  double scalar(std::string_view name) const;

private:
  struct Argument {
    const TensorInfo *tensor;
    const PanelsInfo *layout; ///< null: row-major
  };
  struct Call {
    std::string_view name;
    fg_entry function;
    std::vector<Argument> arguments;
    std::vector<void *> buffers; ///< of the arguments; null: fetched
    bool fetches = false;
  };
  /// What Call's code gets as fg_call.samples.
  struct Samples {
    const SampleSource *source;
    const Call *call;
  };
  static void fetch(void *samples, int64_t binding, int64_t first,
                    int64_t count, void *to);

  /// Brings a tensor into `layout` (null: row-major), if it is not in it.
  void arrange(const TensorInfo &tensor, const PanelsInfo *layout);

  void setCounter(Role role, uint64_t value);
  void allocate();

  const Artifact &model;
  Code code;
  Workers workers;
  AlignedBytes tensors;           ///< all that are bound
  std::vector<uint8_t *> buffers; ///< by index in Artifact::tensors; null: none
  std::vector<const PanelsInfo *> layouts; ///< likewise; null: row-major
  AlignedBytes arena;
  AlignedBytes scratch;
  std::vector<Call> calls;
  uint64_t planned = 0;
};

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_DEVICE_PROGRAM_H
