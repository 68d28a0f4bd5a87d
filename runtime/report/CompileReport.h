//===- CompileReport.h - What a compiled model will take --------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
// The page of `fgc --report`: what an artifact says of itself, and what its
// kernels take at least on this machine, before anything was trained.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_REPORT_COMPILEREPORT_H
#define FOREGRAD_RUNTIME_REPORT_COMPILEREPORT_H

#include "runtime/device/MachineLimit.h"
#include "runtime/loader/Artifact.h"

#include <optional>
#include <span>
#include <string>

namespace foregrad::runtime {

/// What this machine can say of one of an artifact's pieces of code.
struct CodeOutlook {
  const CodeInfo *code;
  std::string whyNot;                ///< why it cannot run here, or empty
  std::optional<MachineLimit> limit; ///< where it runs and can measure it
};

/// `codes` are the artifact's, in its order; `threads` is what the limits were
/// measured with and memory is planned for. The same page for the same
/// arguments.
std::string compileReportPage(const Artifact &artifact,
                              std::span<const CodeOutlook> codes, int threads);

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_REPORT_COMPILEREPORT_H
