//===- Error.h - How the runtime reports what went wrong --------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
// Every public function of the runtime reports a fault of its input, of the run
// or of its use by throwing `Error`, and nothing else; main() catches it,
// prints the message and exits with its code. std::bad_alloc is the one other
// exception that main() expects.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_SUPPORT_ERROR_H
#define FOREGRAD_RUNTIME_SUPPORT_ERROR_H

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace foregrad::runtime {

/// Who is at fault; the value is the exit code of the program.
enum class Fault : int {
  Input = 1,    ///< a file or the run
  Usage = 2,    ///< the command line
  Stopped = 75, ///< nobody: stopped on request after saving
};

class Error : public std::runtime_error {
public:
  explicit Error(const std::string &message, Fault fault = Fault::Input)
      : std::runtime_error(message), fault(fault) {}

  Fault getFault() const { return fault; }
  int exitCode() const { return static_cast<int>(fault); }

private:
  Fault fault;
};

/// Throws an Error of the input.
template <typename... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args &&...args) {
  throw Error(fmt::format(format, std::forward<Args>(args)...));
}

/// Throws an Error of the command line.
template <typename... Args>
[[noreturn]] void failUsage(fmt::format_string<Args...> format,
                            Args &&...args) {
  throw Error(fmt::format(format, std::forward<Args>(args)...), Fault::Usage);
}

/// Throws an Error about the contents of a file.
[[noreturn]] inline void failAt(std::string_view file, uint64_t offset,
                                std::string_view expected,
                                std::string_view found) {
  fail("{}: byte {}: expected {}, found {}", file, offset, expected, found);
}

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_SUPPORT_ERROR_H
