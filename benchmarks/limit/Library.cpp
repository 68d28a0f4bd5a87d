//===- Library.cpp - a library with sgemm, loaded by name -----------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "benchmarks/limit/Library.h"

#include <initializer_list>
#include <stdexcept>

#include <dlfcn.h>
#include <fmt/format.h>

namespace foregrad::limit {

template <typename Function> Function Library::symbol(const char *name) const {
  return reinterpret_cast<Function>(dlsym(handle, name));
}

template <typename Function>
Function Library::firstOf(std::initializer_list<const char *> names) const {
  for (const char *name : names)
    if (auto found = symbol<Function>(name))
      return found;
  return nullptr;
}

Library::Library(const std::string &file)
    : handle(dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL)), path(file) {
  if (!handle)
    throw std::runtime_error(fmt::format("{}: {}", path, dlerror()));
  // The wheels that bring OpenBLAS along put a prefix before its names.
  cblas = firstOf<Cblas>({"cblas_sgemm", "scipy_cblas_sgemm"});
  dnnl = symbol<Dnnl>("dnnl_sgemm");
  if (!cblas && !dnnl)
    throw std::runtime_error(
        fmt::format("{}: expected cblas_sgemm or dnnl_sgemm in it", path));
  threadSetter =
      dnnl ? symbol<void (*)(int)>("omp_set_num_threads")
           : firstOf<void (*)(int)>({"openblas_set_num_threads",
                                     "scipy_openblas_set_num_threads"});
  if (!threadSetter)
    throw std::runtime_error(
        fmt::format("{}: expected a function that sets its threads (of "
                    "OpenBLAS, or of a oneDNN built with OpenMP)",
                    path));
}

std::string Library::description() const {
  if (dnnl) {
    struct Version {
      int major, minor, patch; // the first members of dnnl_version_t
    };
    if (auto version = symbol<const Version *(*)()>("dnnl_version"))
      return fmt::format("oneDNN {}.{}.{}", version()->major, version()->minor,
                         version()->patch);
    return "oneDNN";
  }
  auto config = firstOf<char *(*)()>(
      {"openblas_get_config", "scipy_openblas_get_config"});
  auto core = firstOf<char *(*)()>(
      {"openblas_get_corename", "scipy_openblas_get_corename"});
  if (!config || !core)
    return "BLAS";
  // "OpenBLAS 0.3.34 DYNAMIC_ARCH ...": the name and the version.
  std::string name = config();
  name = name.substr(0, name.find(' ', name.find(' ') + 1));
  return fmt::format("{} as {}", name, core());
}

void Library::setThreads(int threads) { threadSetter(threads); }

void Library::multiply(const Sgemm &product, const float *a, const float *b,
                       float *c, bool add) const {
  const auto &[m, n, k, transposeA, transposeB, lda, ldb, ldc] = product;
  const float beta = add ? 1.0f : 0.0f;
  if (dnnl) {
    dnnl(transposeA ? 'T' : 'N', transposeB ? 'T' : 'N', m, n, k, 1.0f, a, lda,
         b, ldb, beta, c, ldc);
    return;
  }
  constexpr int rowMajor = 101, plain = 111, transposed = 112;
  auto narrow = [](int64_t value) { return static_cast<int>(value); };
  cblas(rowMajor, transposeA ? transposed : plain,
        transposeB ? transposed : plain, narrow(m), narrow(n), narrow(k), 1.0f,
        a, narrow(lda), b, narrow(ldb), beta, c, narrow(ldc));
}

} // namespace foregrad::limit
