//===- TensorFiles.h - The program's tensors, to and from files -*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_TRAINER_TENSORFILES_H
#define FOREGRAD_RUNTIME_TRAINER_TENSORFILES_H

#include "runtime/device/Program.h"
#include "runtime/io/Safetensors.h"

#include <map>
#include <string>
#include <vector>

namespace foregrad::runtime {

/// Fills `tensors` from those of the same names in `file`; what else is in it
/// is ignored. Types are converted. Throws Error that lists all tensors that
/// are missing, or names one of another shape.
void loadTensors(Program &program, const SafetensorsFile &file,
                 const std::vector<const TensorInfo *> &tensors);

/// As loadTensors, but where `file` has none of them they stay as they are.
void loadTensorsIfAny(Program &program, const SafetensorsFile &file,
                      const std::vector<const TensorInfo *> &tensors);

/// Writes `tensors` under their names.
void saveTensors(const std::string &path, const Program &program,
                 const std::vector<const TensorInfo *> &tensors,
                 const std::map<std::string, std::string> &metadata);

/// What tensors of a program held at each of several steps.
class TensorSeries {
public:
  /// Throws Error where the machine has less memory than so many steps take.
  TensorSeries(const Program &program, std::vector<const TensorInfo *> tensors,
               uint64_t steps);

  /// Takes what the tensors hold now, as that of the step after the last one;
  /// at most `steps` times.
  void add();

  /// Writes the steps added so far under the tensors' names, the steps as a
  /// first axis. Where only one was added `hasStepAxis` may be false: only a
  /// number without axes gets it then, since some programs read no others.
  void save(const std::string &path,
            const std::map<std::string, std::string> &metadata,
            bool hasStepAxis) const;

private:
  const Program &program;
  std::vector<const TensorInfo *> tensors;
  std::vector<AlignedBytes> values; ///< of each tensor, all steps
  uint64_t added = 0;
};

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_TRAINER_TENSORFILES_H
