//===- Noise.h - Perturbations as a pure function ---------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// The definition of every perturbation: a number that depends on nothing but
// (law, seed, step, site, sample, element). This header is the reference in
// plain C++; compiled kernels (compiler/lowering/noise) compute the same
// numbers, in f64 up to the last places of log, sin and cos, in f32 to a
// relative error of about 1e-6.
//
// The generator is Philox4x32-10 (Salmon et al., "Parallel random numbers: as
// easy as 1, 2, 3", SC 2011). The four words of one call belong to elements
// that lie 16 apart, so that one call on 16 vector lanes gives 64 consecutive
// elements without any shuffle:
//
//   lane = element % 16     word = (element / 16) % 4     block = element / 64
//   key     = (seed low 32, seed high 32)
//   counter = (block * 16 + lane, sample, step low 32,
//              site | step high 32 << 24)
//
// Sites are below 2^24 (kMaxNoiseSite), samples and block * 16 below 2^32.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_DIALECTS_FG_NOISE_H
#define FOREGRAD_DIALECTS_FG_NOISE_H

#include <array>
#include <cmath>
#include <cstdint>

namespace foregrad::fg {

/// The distributions of a perturbation. All have mean 0 and variance 1.
enum class NoiseLaw : uint32_t {
  Gaussian = 0,   // normal, by Box-Muller from pairs of words
  Rademacher = 1, // -1 or +1, from the top bit of a word
};

/// The largest site number; a site shares its counter word with the step.
inline constexpr uint32_t kMaxNoiseSite = (1u << 24) - 1;

/// Elements that share a Philox call's lane numbering, and words of a call.
inline constexpr uint64_t kNoiseLanes = 16;
inline constexpr uint64_t kNoiseWords = 4;
/// Consecutive elements made by one call on all lanes.
inline constexpr uint64_t kNoiseBlock = kNoiseLanes * kNoiseWords;

/// Multipliers, Weyl increments and rounds of Philox4x32-10.
inline constexpr uint32_t kPhiloxMultiplier0 = 0xD2511F53u;
inline constexpr uint32_t kPhiloxMultiplier1 = 0xCD9E8D57u;
inline constexpr uint32_t kPhiloxWeyl0 = 0x9E3779B9u;
inline constexpr uint32_t kPhiloxWeyl1 = 0xBB67AE85u;
inline constexpr unsigned kPhiloxRounds = 10;

/// Philox4x32-10: a bijection of the counter for each key.
inline std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter,
                                          std::array<uint32_t, 2> key) {
  for (unsigned round = 0; round < kPhiloxRounds; ++round) {
    uint64_t product0 = uint64_t(kPhiloxMultiplier0) * counter[0];
    uint64_t product1 = uint64_t(kPhiloxMultiplier1) * counter[2];
    counter = {
        uint32_t(product1 >> 32) ^ counter[1] ^ key[0], uint32_t(product1),
        uint32_t(product0 >> 32) ^ counter[3] ^ key[1], uint32_t(product0)};
    key[0] += kPhiloxWeyl0;
    key[1] += kPhiloxWeyl1;
  }
  return counter;
}

/// The four words of the call that `element` belongs to.
inline std::array<uint32_t, 4> noiseWords(uint64_t seed, uint64_t step,
                                          uint32_t site, uint64_t sample,
                                          uint64_t element) {
  uint64_t lane = element % kNoiseLanes;
  uint64_t block = element / kNoiseBlock;
  return philox4x32({uint32_t(block * kNoiseLanes + lane), uint32_t(sample),
                     uint32_t(step), site | uint32_t(step >> 32) << 24},
                    {uint32_t(seed), uint32_t(seed >> 32)});
}

/// The perturbation of one element. `site` is at most kMaxNoiseSite.
inline double noise(NoiseLaw law, uint64_t seed, uint64_t step, uint32_t site,
                    uint64_t sample, uint64_t element) {
  std::array<uint32_t, 4> words = noiseWords(seed, step, site, sample, element);
  uint64_t word = element / kNoiseLanes % kNoiseWords;
  if (law == NoiseLaw::Rademacher)
    return words[word] >> 31 ? -1.0 : 1.0;
  // Words (0, 1) and (2, 3) are the pairs of Box and Muller.
  double even = words[word & 2], odd = words[word | 1];
  double radius = std::sqrt(-2.0 * std::log((even + 0.5) * 0x1p-32));
  double angle = odd * (6.283185307179586 * 0x1p-32);
  return radius * (word & 1 ? std::sin(angle) : std::cos(angle));
}

} // namespace foregrad::fg

#endif // FOREGRAD_DIALECTS_FG_NOISE_H
