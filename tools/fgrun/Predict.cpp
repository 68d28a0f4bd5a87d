//===- Predict.cpp - fgrun predict ----------------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "tools/fgrun/Commands.h"

#include "runtime/support/Error.h"

#include <CLI/CLI.hpp>

namespace foregrad::tools {

void addPredict(CLI::App &app) {
  CLI::App &command =
      *app.add_subcommand("predict", "Classify images (comes in a later part)");
  command.allow_extras();
  command.footer(
      "Example:\n  fgrun predict model.fgb --params run/last.safetensors "
      "image.png");
  command.callback(
      [] { runtime::fail("predict comes in a later part; eval runs now"); });
}

} // namespace foregrad::tools
