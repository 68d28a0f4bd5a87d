//===- Library.h - a library with sgemm, loaded by name ---------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_BENCHMARKS_LIMIT_LIBRARY_H
#define FOREGRAD_BENCHMARKS_LIMIT_LIBRARY_H

#include <cstdint>
#include <string>

namespace foregrad::limit {

/// C = A B (+ C), row-major: C is m x n, A is m x k or, transposed, k x m.
struct Sgemm {
  int64_t m = 1, n = 1, k = 1;
  bool transposeA = false, transposeB = false;
  int64_t lda = 1, ldb = 1, ldc = 1;
};

/// OpenBLAS or oneDNN, opened while running: neither is needed to build.
class Library {
public:
  /// Throws std::runtime_error where the file cannot be opened or has neither.
  explicit Library(const std::string &path);

  /// Its name, version and, where it says so, the processor it is tuned for.
  std::string description() const;

  /// For what the calling thread asks for next.
  void setThreads(int threads);

  void multiply(const Sgemm &product, const float *a, const float *b, float *c,
                bool add) const;

private:
  /// nullptr where the library has no such symbol.
  template <typename Function> Function symbol(const char *name) const;
  template <typename Function>
  Function firstOf(std::initializer_list<const char *> names) const;

  void *handle;
  std::string path;
  using Cblas = void (*)(int order, int transposeA, int transposeB, int m,
                         int n, int k, float alpha, const float *a, int lda,
                         const float *b, int ldb, float beta, float *c,
                         int ldc);
  using Dnnl = int (*)(char transposeA, char transposeB, int64_t m, int64_t n,
                       int64_t k, float alpha, const float *a, int64_t lda,
                       const float *b, int64_t ldb, float beta, float *c,
                       int64_t ldc);
  Cblas cblas = nullptr;
  Dnnl dnnl = nullptr;
  void (*threadSetter)(int) = nullptr;
};

} // namespace foregrad::limit

#endif // FOREGRAD_BENCHMARKS_LIMIT_LIBRARY_H
