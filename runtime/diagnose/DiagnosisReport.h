//===- DiagnosisReport.h - A diagnosis for people and programs --*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_DIAGNOSE_DIAGNOSISREPORT_H
#define FOREGRAD_RUNTIME_DIAGNOSE_DIAGNOSISREPORT_H

#include "runtime/diagnose/Diagnose.h"

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace foregrad::runtime {

/// A table for a terminal, and what it comes down to.
std::string diagnosisText(const Diagnosis &diagnosis);

/// All numbers. What has no value, since the exact gradient is zero, is null.
nlohmann::ordered_json diagnosisJson(const Diagnosis &diagnosis);

/// One HTML page that needs nothing from outside: the table, the cosines as
/// bars, and what more directions buy as curves.
std::string diagnosisPage(const Diagnosis &diagnosis);

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_DIAGNOSE_DIAGNOSISREPORT_H
