//===- Commands.h - The subcommands of fgrun --------------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_TOOLS_FGRUN_COMMANDS_H
#define FOREGRAD_TOOLS_FGRUN_COMMANDS_H

#include <string>

namespace CLI {
class App;
}

namespace foregrad::runtime {
class Artifact;
}

namespace foregrad::tools {

// Each adds a subcommand that does its work while the command line is parsed
// and reports what goes wrong as runtime::Error.
void addTrain(CLI::App &app);
void addEval(CLI::App &app);
void addPredict(CLI::App &app);
void addInspect(CLI::App &app);
void addBench(CLI::App &app);
void addGrad(CLI::App &app);
void addDiagnose(CLI::App &app);

// Options that several subcommands have.
void addArtifact(CLI::App &command, std::string &path);
void addParameters(CLI::App &command, std::string &path);
void addThreads(CLI::App &command, int &threads);
void addData(CLI::App &command, std::string &spec);

/// The dataset that --data gave, or the one of the model's recipe. Throws Error
/// where there is neither.
std::string chooseData(const runtime::Artifact &artifact,
                       const std::string &given);

} // namespace foregrad::tools

#endif // FOREGRAD_TOOLS_FGRUN_COMMANDS_H
