//===- CommandLine.h - The command line of fgc ----------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_TOOLS_FGC_COMMANDLINE_H
#define FOREGRAD_TOOLS_FGC_COMMANDLINE_H

#include "compiler/driver/Driver.h"
#include <optional>

namespace foregrad::fgc {

struct Command {
  compiler::CompileOptions options;
  bool verify = false;
  std::string report; // path of the page to write; empty: none
};

/// Fills `command`. Returns an exit code if the program is done: 0 after --help
/// or --version, 2 for wrong usage, 1 for what a later version will do.
std::optional<int> parseCommandLine(int argc, const char *const *argv,
                                    Command &command);

} // namespace foregrad::fgc

#endif // FOREGRAD_TOOLS_FGC_COMMANDLINE_H
