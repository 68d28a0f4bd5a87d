//===- Compile.h - Compiling a text in a test -----------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_TESTS_FRONTENDS_COMPILE_H
#define FOREGRAD_TESTS_FRONTENDS_COMPILE_H

#include "frontends/fg/Frontend.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include <string>

namespace foregrad::lang {

struct Compiled {
  std::optional<Result> result;
  unsigned numErrors = 0;
  std::string firstError; // its message
};

inline Compiled compileText(mlir::MLIRContext &context, llvm::StringRef text,
                            const Options &options) {
  Compiled compiled;
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(
      llvm::MemoryBuffer::getMemBufferCopy(text, options.fileName),
      llvm::SMLoc());
  sources.setDiagHandler(
      [](const llvm::SMDiagnostic &diagnostic, void *opaque) {
        auto &to = *static_cast<Compiled *>(opaque);
        if (diagnostic.getKind() == llvm::SourceMgr::DK_Error &&
            to.numErrors++ == 0)
          to.firstError = diagnostic.getMessage().str();
      },
      &compiled);
  compiled.result = compileSource(context, sources, options);
  return compiled;
}

inline Compiled compileFile(mlir::MLIRContext &context, const std::string &path,
                            Options options) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    return {std::nullopt, 1, "cannot read " + path};
  options.fileName = path;
  return compileText(context, (*buffer)->getBuffer(), options);
}

} // namespace foregrad::lang

#endif // FOREGRAD_TESTS_FRONTENDS_COMPILE_H
