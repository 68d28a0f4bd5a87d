//===- Main.cpp - fgc: compiles a model into a trainer --------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/driver/Driver.h"
#include "tools/fgc/CommandLine.h"
#include "tools/fgc/Report.h"
#include "tools/fgc/Verify.h"

int main(int argc, char **argv) {
  foregrad::fgc::Command command;
  if (std::optional<int> status =
          foregrad::fgc::parseCommandLine(argc, argv, command))
    return *status;
  foregrad::compiler::ArtifactCheck check;
  if (command.verify)
    check = [&](mlir::ModuleOp program,
                const foregrad::compiler::RuleInfo &rule) {
      return foregrad::fgc::verifyAndPrint(program, rule,
                                           command.options.output,
                                           command.options.precision == "bf16");
    };
  int status = foregrad::compiler::compileModel(command.options, check);
  if (status != 0 || command.report.empty())
    return status;
  return foregrad::fgc::writeReport(command.options.output, command.report);
}
