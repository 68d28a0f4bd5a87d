//===- LinkShared.cpp - lld as a library ----------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// lld reads and writes files by name (it makes a temporary file beside the
// output, so that names of anonymous files will not do): they lie in a folder
// of their own.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/LinkShared.h"

#include "lld/Common/Driver.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

#include <cerrno>
#include <memory>
#include <mutex>
#include <system_error>
#include <vector>

#include <stdlib.h>

LLD_HAS_DRIVER(elf)

namespace foregrad::compiler {

namespace {

llvm::Error fileError(llvm::StringRef what, const std::string &path,
                      std::error_code code) {
  return llvm::createStringError(code, "cannot link: cannot " + what + " " +
                                           path + ": " + code.message());
}

/// A folder that only we can enter, with the files of one link in it. Both go
/// when it goes; the files also when a signal ends the process.
class LinkFolder {
public:
  static llvm::Expected<std::unique_ptr<LinkFolder>> create(size_t objects) {
    llvm::SmallString<128> pattern;
    llvm::sys::path::system_temp_directory(/*erasedOnReboot=*/true, pattern);
    llvm::sys::path::append(pattern, "foregrad-XXXXXX");
    std::string path = pattern.str().str();
    if (!mkdtemp(path.data()))
      return fileError("make the folder", pattern.str().str(),
                       std::error_code(errno, std::generic_category()));
    return std::unique_ptr<LinkFolder>(new LinkFolder(path, objects));
  }
  ~LinkFolder() {
    for (const std::string &file : files) {
      (void)llvm::sys::fs::remove(file);
      llvm::sys::DontRemoveFileOnSignal(file);
    }
    (void)llvm::sys::fs::remove(path);
  }
  LinkFolder(const LinkFolder &) = delete;
  LinkFolder &operator=(const LinkFolder &) = delete;

  const std::string &library() const { return files.front(); }
  llvm::ArrayRef<std::string> objects() const {
    return llvm::ArrayRef(files).drop_front();
  }

private:
  LinkFolder(const std::string &path, size_t objects)
      : path(path), files({path + "/code.so"}) {
    for (size_t i = 0; i < objects; ++i)
      files.push_back(path + "/code" + std::to_string(i) + ".o");
    for (const std::string &file : files)
      llvm::sys::RemoveFileOnSignal(file);
  }

  std::string path;
  std::vector<std::string> files;
};

llvm::Error writeFile(const std::string &path, llvm::StringRef content) {
  std::error_code code;
  llvm::raw_fd_ostream file(path, code);
  if (!code) {
    file << content;
    file.close();
    code = file.error();
    file.clear_error();
  }
  if (code)
    return fileError("write", path, code);
  return llvm::Error::success();
}

} // namespace

llvm::Expected<std::string> linkShared(llvm::ArrayRef<std::string> objects) {
  // lld keeps its state in globals.
  static std::mutex oneAtATime;
  static bool usable = true;
  std::lock_guard<std::mutex> lock(oneAtATime);
  if (!usable)
    return llvm::createStringError(
        "cannot link: the linker crashed earlier in this process");

  auto folder = LinkFolder::create(objects.size());
  if (!folder)
    return folder.takeError();
  const std::string &library = (*folder)->library();
  llvm::SmallVector<const char *> arguments = {"ld.lld",
                                               "-shared",
                                               "--build-id=none",
                                               "--hash-style=gnu",
                                               "--threads=1",
                                               "-Bsymbolic",
                                               "-z",
                                               "now",
                                               "-z",
                                               "noexecstack",
                                               "-o",
                                               library.c_str()};
  for (auto [path, object] : llvm::zip_equal((*folder)->objects(), objects)) {
    if (llvm::Error error = writeFile(path, object))
      return error;
    arguments.push_back(path.c_str());
  }
  std::string messages;
  llvm::raw_string_ostream stream(messages);
  lld::Result result =
      lld::lldMain(arguments, stream, stream, {{lld::Gnu, &lld::elf::link}});
  usable = result.canRunAgain;
  if (result.retCode != 0)
    return llvm::createStringError(
        "cannot link: " + (messages.empty() ? "the linker failed" : messages));
  auto linked = llvm::MemoryBuffer::getFile(library);
  if (!linked)
    return fileError("read", library, linked.getError());
  return (*linked)->getBuffer().str();
}

llvm::Error checkUndefinedSymbols(llvm::StringRef sharedObject) {
  // Each with its float form. libm's, then libc's.
  static const llvm::StringSet<> math = {
      "acos",  "acosh", "asin",  "asinh", "atan",      "atan2", "atanh",
      "cbrt",  "ceil",  "cos",   "cosh",  "erf",       "erfc",  "exp",
      "exp10", "exp2",  "expm1", "floor", "fma",       "fmax",  "fmin",
      "fmod",  "ldexp", "log",   "log10", "log1p",     "log2",  "nearbyint",
      "pow",   "rint",  "round", "sin",   "roundeven", "sinh",  "sincos",
      "sqrt",  "tan",   "tanh",  "trunc"};
  static const llvm::StringSet<> memory = {"memcpy", "memmove", "memset"};

  auto file = llvm::object::ObjectFile::createELFObjectFile(
      llvm::MemoryBufferRef(sharedObject, "code"));
  if (!file)
    return file.takeError();
  auto *elf = llvm::cast<llvm::object::ELFObjectFileBase>(file->get());
  for (llvm::object::ELFSymbolRef symbol : elf->getDynamicSymbolIterators()) {
    llvm::Expected<uint32_t> flags = symbol.getFlags();
    if (!flags)
      return flags.takeError();
    if (!(*flags & llvm::object::SymbolRef::SF_Undefined))
      continue;
    llvm::Expected<llvm::StringRef> name = symbol.getName();
    if (!name)
      return name.takeError();
    bool known = name->empty() || memory.contains(*name) ||
                 math.contains(*name) ||
                 (name->ends_with("f") && math.contains(name->drop_back()));
    if (!known)
      return llvm::createStringError("the code needs the function " + *name +
                                     ", which no machine is sure to have");
  }
  return llvm::Error::success();
}

} // namespace foregrad::compiler
