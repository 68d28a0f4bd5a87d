//===- Main.cpp - fgc: compiles a model into a trainer --------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/driver/Driver.h"
#include "tools/fgc/CommandLine.h"

int main(int argc, char **argv) {
  foregrad::compiler::CompileOptions options;
  if (std::optional<int> status =
          foregrad::fgc::parseCommandLine(argc, argv, options))
    return *status;
  return foregrad::compiler::compileModel(options);
}
