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

/// Writes `tensors` under their names. A number without axes gets the shape
/// `scalarShape` ([] or, for other programs, [1]).
void saveTensors(const std::string &path, const Program &program,
                 const std::vector<const TensorInfo *> &tensors,
                 const std::map<std::string, std::string> &metadata,
                 const std::vector<uint64_t> &scalarShape = {});

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_TRAINER_TENSORFILES_H
