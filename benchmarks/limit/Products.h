//===- Products.h - matrix products of a library ----------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_BENCHMARKS_LIMIT_PRODUCTS_H
#define FOREGRAD_BENCHMARKS_LIMIT_PRODUCTS_H

#include "benchmarks/limit/Library.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace foregrad::limit {

/// How far the three matrices move from one product to the next, in elements.
struct Loop {
  int64_t count = 1, a = 0, b = 0, c = 0;
};

/// Matrix products as they lie in memory. `outer`: products that do not depend
/// on each other; `inner`: those that add up into one C.
struct ProductSeries {
  Sgemm product;
  std::vector<Loop> outer, inner;

  double flops() const;
};

/// Throws std::invalid_argument where the numbers describe no product.
void check(const ProductSeries &series);

/// Median seconds of the whole series.
struct SeriesTime {
  double libraryThreads;            ///< the library uses all threads
  std::optional<double> ownThreads; ///< each thread does whole products
};

SeriesTime timeSeries(Library &library, const ProductSeries &series,
                      int threads, double seconds);

} // namespace foregrad::limit

#endif // FOREGRAD_BENCHMARKS_LIMIT_PRODUCTS_H
