//===- ProgramChecks.h - What must hold for every program -----------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_TESTS_PROPERTY_PROGRAMCHECKS_H
#define FOREGRAD_TESTS_PROPERTY_PROGRAMCHECKS_H

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace foregrad::property {

struct CheckOptions {
  uint64_t seed = 1; // of the numbers and of the choice of rules
  int64_t batch = 3;
  size_t rules = 3;          // tried on a program; 0: all
  bool runsBackend = false;  // also compile one of them and run it
  std::string scratchFolder; // for what the backend writes
};

/// What has been looked at, over all programs.
struct Counts {
  size_t ops = 0;
  size_t wholeModels = 0;                // compared with differences
  std::map<std::string, size_t> applied; // by rule
  std::map<std::string, size_t> refused;
  std::map<std::string, size_t> compiled; // by precision
  size_t illConditioned = 0; // of them, off by more than their tolerance
};

struct Fault {
  std::string check; // which one failed, in a word or two
  std::string text;  // how
};

/// Compiles a program and holds every op, rule and piece of code of it against
/// the f64 reference. Nothing if all holds.
///
///   compile     the frontend takes it
///   op          OpChecks.h, for each differentiable op
///   gradient    bp against differences of the loss along a random direction
///   RULE        fused = every copy by itself = all copies written out
///   compiled    `fgc --verify` of the program with one of the rules
std::optional<Fault> checkProgram(const std::string &program,
                                  const CheckOptions &options, Counts &counts);

} // namespace foregrad::property

#endif // FOREGRAD_TESTS_PROPERTY_PROGRAMCHECKS_H
