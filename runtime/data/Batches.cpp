//===- Batches.cpp - Samples in order, as the entries want them -----------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/Batches.h"

#include "runtime/support/Philox.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

namespace foregrad::runtime {

namespace {

// Streams of the seed's random numbers: below 2^32 may be used by compiled
// code. Another one is in Augment.cpp.
constexpr uint64_t shuffleStream = uint64_t{0x73687566} << 32;

template <typename T> void scaleBytes(std::span<const uint8_t> from, T *to) {
  for (size_t i = 0; i < from.size(); ++i)
    to[i] = static_cast<T>(from[i]) / T{255};
}

} // namespace

void storeBytes(std::span<const uint8_t> from, DType type, void *data,
                size_t first) {
  if (type == DType::U8) {
    std::copy(from.begin(), from.end(), static_cast<uint8_t *>(data) + first);
    return;
  }
  if (type == DType::F32)
    return scaleBytes(from, static_cast<float *>(data) + first);
  if (type == DType::F64)
    return scaleBytes(from, static_cast<double *>(data) + first);
  std::vector<float> scaled(from.size());
  scaleBytes(from, scaled.data());
  convertElements(DType::F32, scaled.data(), type,
                  static_cast<char *>(data) + first * sizeOf(type),
                  from.size());
}

std::vector<uint64_t> shuffledOrder(uint64_t seed, uint64_t epoch,
                                    uint64_t count) {
  std::vector<uint64_t> order(count);
  std::iota(order.begin(), order.end(), uint64_t{0});
  for (uint64_t i = count; i > 1; --i) {
    // The high word of a 128-bit product: uniform over i to within 2^-64 * i.
    uint64_t bits = philox64(seed, shuffleStream | epoch, i);
    auto other =
        static_cast<uint64_t>(static_cast<unsigned __int128>(bits) * i >> 64);
    std::swap(order[i - 1], order[other]);
  }
  return order;
}

void Batch::fetch(const TensorInfo &input, uint64_t first, uint64_t count,
                  void *to) const noexcept {
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t sample = sampleAt(first + i);
    std::span<const uint8_t> image = dataset.image(split, sample);
    if (augmenter)
      image = augmenter->apply(sample, image);
    storeBytes(image, input.dtype, to, i * image.size());
  }
}

void Batch::fill(Program &program) const {
  const Artifact &artifact = program.artifact();
  for (const TensorInfo *input : program.tensorsOf({Role::Input}))
    fetch(*input, 0, artifact.batch, program.data(*input));
  for (const TensorInfo *label : program.tensorsOf({Role::Label})) {
    auto *labels = static_cast<int32_t *>(program.data(*label));
    for (uint64_t i = 0; i < artifact.batch; ++i)
      labels[i] = dataset.label(split, sampleAt(i));
  }
}

bool runBatches(Program &program, std::string_view entry,
                const Dataset &dataset, Dataset::Split split,
                const std::function<void(std::span<const uint64_t>)> &after,
                const std::function<bool()> &stop) {
  const uint64_t count = dataset.size(split);
  std::vector<uint64_t> samples;
  for (uint64_t done = 0; done < count; done += samples.size()) {
    if (stop && stop())
      return false;
    samples.resize(std::min<uint64_t>(program.artifact().batch, count - done));
    std::iota(samples.begin(), samples.end(), done);
    const Batch batch(dataset, split, samples);
    batch.fill(program);
    program.run(entry, {.samples = &batch});
    after(samples);
  }
  return true;
}

std::optional<uint32_t> predictedClass(const Program &program, uint64_t row) {
  const Artifact &artifact = program.artifact();
  const TensorInfo &logits = *artifact.findTensor("logits");
  const void *data = program.data(logits);
  const size_t classes = artifact.classes.size();
  std::optional<uint32_t> best;
  double greatest = 0;
  for (size_t i = 0; i < classes; ++i) {
    double value = loadElement(logits.dtype, data, row * classes + i);
    if (!std::isnan(value) && (!best || value > greatest)) {
      best = static_cast<uint32_t>(i);
      greatest = value;
    }
  }
  return best;
}

uint64_t countErrors(const Program &program, const Dataset &dataset,
                     Dataset::Split split, std::span<const uint64_t> samples) {
  uint64_t errors = 0;
  for (size_t row = 0; row < samples.size(); ++row) {
    const std::optional<uint32_t> predicted = predictedClass(program, row);
    errors += !predicted || static_cast<int64_t>(*predicted) !=
                                dataset.label(split, samples[row]);
  }
  return errors;
}

} // namespace foregrad::runtime
