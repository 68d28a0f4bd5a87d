//===- noise_test.cpp - The definition of perturbations -------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Philox against the known answers of Random123, the numbering of elements,
// and the first moments of both laws.
//
//===----------------------------------------------------------------------===//

#include "dialects/fg/Noise.h"

#include <gtest/gtest.h>

#include <set>

using namespace foregrad::fg;

namespace {

using Words = std::array<uint32_t, 4>;

TEST(Philox, KnownAnswers) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox4x32({ones, ones, ones, ones}, {ones, ones}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                       {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Noise, ElementsOfABlockShareCalls) {
  uint64_t seed = 0x299f31d0a4093822u, step = 0x9913198a2eu;
  // Elements 16 apart use the words of one call, in order.
  for (uint64_t lane : {0u, 5u, 15u}) {
    Words words = noiseWords(seed, step, 7, 3, 128 + lane);
    for (uint64_t word = 0; word < 4; ++word) {
      EXPECT_EQ(noiseWords(seed, step, 7, 3, 128 + 16 * word + lane), words);
      EXPECT_EQ(
          noise(NoiseLaw::Rademacher, seed, step, 7, 3, 128 + 16 * word + lane),
          words[word] >> 31 ? -1.0 : 1.0);
    }
    EXPECT_EQ(words, philox4x32({uint32_t(2 * 16 + lane), 3, 0x13198a2e,
                                 7 | 0x99u << 24},
                                {0xa4093822, 0x299f31d0}));
  }
}

TEST(Noise, EachCoordinateMatters) {
  std::set<double> values;
  for (uint64_t bit = 0; bit < 40; ++bit)
    values.insert(noise(NoiseLaw::Gaussian, 0, uint64_t(1) << bit, 0, 0, 0));
  for (uint64_t bit = 0; bit < 64; ++bit)
    values.insert(noise(NoiseLaw::Gaussian, uint64_t(1) << bit, 0, 0, 0, 0));
  for (uint64_t bit = 0; bit < 24; ++bit)
    values.insert(noise(NoiseLaw::Gaussian, 0, 0, 1u << bit, 0, 0));
  for (uint64_t bit = 0; bit < 32; ++bit) {
    values.insert(noise(NoiseLaw::Gaussian, 0, 0, 0, uint64_t(1) << bit, 0));
    values.insert(noise(NoiseLaw::Gaussian, 0, 0, 0, 0, uint64_t(1) << bit));
  }
  EXPECT_EQ(values.size(), 40u + 64u + 24u + 32u + 32u);
}

struct Moments {
  double mean = 0, variance = 0, skewness = 0, kurtosis = 0, neighbours = 0;
};

Moments momentsOf(NoiseLaw law) {
  constexpr uint64_t samples = 64, elements = 8192;
  constexpr double count = double(samples * elements);
  Moments m;
  for (uint64_t sample = 0; sample < samples; ++sample) {
    double previous = 0;
    for (uint64_t element = 0; element < elements; ++element) {
      double x = noise(law, 42, 17, 3, sample, element);
      m.mean += x / count;
      m.variance += x * x / count;
      m.skewness += x * x * x / count;
      m.kurtosis += x * x * x * x / count;
      m.neighbours += x * previous / count;
      previous = x;
    }
  }
  return m;
}

// Bounds are about five standard errors of 2^19 draws.
TEST(Noise, GaussianMoments) {
  Moments m = momentsOf(NoiseLaw::Gaussian);
  EXPECT_NEAR(m.mean, 0.0, 0.007);
  EXPECT_NEAR(m.variance, 1.0, 0.01);
  EXPECT_NEAR(m.skewness, 0.0, 0.027);
  EXPECT_NEAR(m.kurtosis, 3.0, 0.07);
  EXPECT_NEAR(m.neighbours, 0.0, 0.007);
}

TEST(Noise, RademacherMoments) {
  Moments m = momentsOf(NoiseLaw::Rademacher);
  EXPECT_NEAR(m.mean, 0.0, 0.007);
  EXPECT_EQ(m.variance, 1.0);
  EXPECT_NEAR(m.skewness, 0.0, 0.007);
  EXPECT_EQ(m.kurtosis, 1.0);
  EXPECT_NEAR(m.neighbours, 0.0, 0.007);
}

} // namespace
