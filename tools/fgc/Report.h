//===- Report.h - What was compiled, on a page ----------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_TOOLS_FGC_REPORT_H
#define FOREGRAD_TOOLS_FGC_REPORT_H

#include <string>

namespace foregrad::fgc {

/// What `fgc --report` does: measures the machine's limit with each piece of
/// code of the artifact at `artifact` that runs here, and writes the page to
/// `path`. Returns the exit code; what went wrong is printed, and the artifact
/// stays.
int writeReport(const std::string &artifact, const std::string &path);

} // namespace foregrad::fgc

#endif // FOREGRAD_TOOLS_FGC_REPORT_H
