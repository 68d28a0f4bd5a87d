//===- PhaseOutput.cpp - --dump-phases and --stop-after -------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/driver/PhaseOutput.h"
#include "compiler/driver/Phases.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace foregrad::compiler {

llvm::Error PhaseOutput::dump(StringRef phase, ModuleOp module,
                              StringRef cpu) const {
  auto number = llvm::find(phaseOrder(), phase) - phaseOrder().begin() + 1;
  SmallString<128> path(folder);
  llvm::sys::path::append(path,
                          llvm::formatv("{0:2}-{1}{2}{3}.mlir", number, phase,
                                        cpu.empty() ? "" : ".", cpu)
                              .str());
  std::error_code error = llvm::sys::fs::create_directories(folder);
  if (!error) {
    llvm::raw_fd_ostream stream(path, error);
    if (!error) {
      module.print(stream, OpPrintingFlags().enableDebugInfo(false));
      stream << "\n";
      stream.close();
      error = stream.error();
      stream.clear_error();
    }
  }
  if (error)
    return llvm::createStringError(path + ": " + error.message());
  return llvm::Error::success();
}

/// Several programs are one file that fg-opt --split-input-file reads.
llvm::Error PhaseOutput::print(ModuleOp module, StringRef cpu) {
  llvm::raw_ostream &stream = llvm::outs();
  if (printed)
    stream << "// -----\n";
  printed = true;
  if (!cpu.empty())
    stream << "// --cpu " << cpu << "\n";
  module.print(stream);
  stream << "\n";
  stream.flush();
  if (llvm::outs().has_error()) {
    std::string message = llvm::outs().error().message();
    llvm::outs().clear_error();
    return llvm::createStringError("standard output: " + message);
  }
  return llvm::Error::success();
}

llvm::Expected<bool> PhaseOutput::finish(StringRef phase, ModuleOp module,
                                         StringRef cpu) {
  if (!folder.empty())
    if (llvm::Error error = dump(phase, module, cpu))
      return error;
  if (last != phase)
    return true;
  if (llvm::Error error = print(module, cpu))
    return error;
  return false;
}

} // namespace foregrad::compiler
