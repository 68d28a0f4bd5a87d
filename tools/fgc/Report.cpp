//===- Report.cpp - What was compiled, on a page --------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "tools/fgc/Report.h"
#include "runtime/device/Workers.h"
#include "runtime/io/File.h"
#include "runtime/loader/Code.h"
#include "runtime/report/CompileReport.h"
#include "runtime/support/Error.h"
#include <iostream>
#include <new>

namespace foregrad::fgc {

using namespace runtime;

static std::string reportPage(const Artifact &artifact) {
  const int threads = availableCores();
  std::vector<CodeOutlook> codes;
  for (const CodeInfo &code : artifact.code) {
    CodeOutlook &outlook = codes.emplace_back(&code, whyNotHere(code));
    if (outlook.whyNot.empty())
      outlook.limit = measureLimit(artifact, code, threads);
  }
  return compileReportPage(artifact, codes, threads);
}

int writeReport(const std::string &artifact, const std::string &path) {
  try {
    saveFile(path, {reportPage(Artifact::load(artifact))});
    return 0;
  } catch (const Error &error) {
    std::cerr << "fgc: error: --report: " << error.what() << "\n";
  } catch (const std::bad_alloc &) {
    std::cerr << "fgc: error: --report: not enough memory\n";
  }
  return 1;
}

} // namespace foregrad::fgc
