//===- Products.cpp - matrix products of a library ------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "benchmarks/limit/Products.h"
#include "benchmarks/limit/Team.h"

#include <chrono>
#include <limits>
#include <stdexcept>
#include <thread>

namespace foregrad::limit {

namespace {

int64_t countOf(const std::vector<Loop> &loops) {
  int64_t count = 1;
  for (const Loop &loop : loops)
    count *= loop.count;
  return count;
}

struct Place {
  int64_t a = 0, b = 0, c = 0;
};

/// Where the matrices of the product with this number begin; the last loop runs
/// fastest.
Place placeOf(const std::vector<Loop> &loops, int64_t number) {
  Place place;
  for (auto loop = loops.rbegin(); loop != loops.rend(); ++loop) {
    const int64_t index = number % loop->count;
    number /= loop->count;
    place.a += index * loop->a;
    place.b += index * loop->b;
    place.c += index * loop->c;
  }
  return place;
}

/// Elements that matrices of rows x columns reach over, over all loops.
size_t extent(const ProductSeries &series, int64_t Loop::*stride, int64_t rows,
              int64_t columns, int64_t leading) {
  int64_t last = (rows - 1) * leading + columns;
  for (const auto *loops : {&series.outer, &series.inner})
    for (const Loop &loop : *loops)
      last += (loop.count - 1) * loop.*stride;
  return static_cast<size_t>(last);
}

struct Matrices {
  std::vector<float> a, b, c;

  explicit Matrices(const ProductSeries &series) {
    const Sgemm &p = series.product;
    a.resize(p.transposeA ? extent(series, &Loop::a, p.k, p.m, p.lda)
                          : extent(series, &Loop::a, p.m, p.k, p.lda));
    b.resize(p.transposeB ? extent(series, &Loop::b, p.n, p.k, p.ldb)
                          : extent(series, &Loop::b, p.k, p.n, p.ldb));
    c.resize(extent(series, &Loop::c, p.m, p.n, p.ldc));
    // Any numbers of about this size, none of them denormal.
    for (auto *values : {&a, &b})
      for (size_t i = 0; i < values->size(); ++i)
        (*values)[i] = 0.5f + static_cast<float>(i % 61) / 61;
  }
};

/// The products [first, last) of the outer loops, each with all of the inner.
void run(const Library &library, const ProductSeries &series,
         Matrices &matrices, int64_t first, int64_t last) {
  const int64_t additions = countOf(series.inner);
  for (int64_t number = first; number < last; ++number) {
    const Place outer = placeOf(series.outer, number);
    for (int64_t addition = 0; addition < additions; ++addition) {
      const Place inner = placeOf(series.inner, addition);
      library.multiply(series.product, matrices.a.data() + outer.a + inner.a,
                       matrices.b.data() + outer.b + inner.b,
                       matrices.c.data() + outer.c + inner.c, addition > 0);
    }
  }
}

} // namespace

double ProductSeries::flops() const {
  return 2.0 * static_cast<double>(product.m) * static_cast<double>(product.n) *
         static_cast<double>(product.k) * static_cast<double>(countOf(outer)) *
         static_cast<double>(countOf(inner));
}

void check(const ProductSeries &series) {
  const auto &[m, n, k, transposeA, transposeB, lda, ldb, ldc] = series.product;
  constexpr int64_t most = std::numeric_limits<int>::max();
  for (int64_t size : {m, n, k, lda, ldb, ldc})
    if (size < 1 || size > most)
      throw std::invalid_argument("expected sizes of matrices from 1 to 2^31");
  if (lda < (transposeA ? m : k) || ldb < (transposeB ? k : n) || ldc < n)
    throw std::invalid_argument("expected rows that do not overlap");
  double elements = static_cast<double>(m) * static_cast<double>(lda) +
                    static_cast<double>(n) * static_cast<double>(ldb);
  for (const auto *loops : {&series.outer, &series.inner})
    for (const Loop &loop : *loops) {
      if (loop.count < 1 || loop.a < 0 || loop.b < 0 || loop.c < 0)
        throw std::invalid_argument("expected loops that go forward");
      for (int64_t stride : {loop.a, loop.b, loop.c})
        elements +=
            static_cast<double>(loop.count) * static_cast<double>(stride);
    }
  if (elements > 4e9)
    throw std::invalid_argument("expected matrices of less than 16 GB");
}

SeriesTime timeSeries(Library &library, const ProductSeries &series,
                      int threads, double seconds) {
  Matrices matrices(series);
  const int64_t products = countOf(series.outer);
  SeriesTime time;
  library.setThreads(threads);
  time.libraryThreads = median(timeFor(
      seconds, 1, [&](int) { run(library, series, matrices, 0, products); }));
  if (threads == 1 || products < threads)
    return time;
  // The library's own threads may spin for some milliseconds after their work.
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  time.ownThreads = median(timeFor(seconds, threads, [&](int thread) {
    library.setThreads(1);
    run(library, series, matrices, products * thread / threads,
        products * (thread + 1) / threads);
  }));
  return time;
}

} // namespace foregrad::limit
