//===- Philox.h - The counter-based random numbers --------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
// Philox4x32-10 (Salmon et al., 2011): four random words as a pure function of
// a counter and a key. What is drawn from it is the same on every machine.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_SUPPORT_PHILOX_H
#define FOREGRAD_RUNTIME_SUPPORT_PHILOX_H

#include <array>
#include <cstdint>

namespace foregrad::runtime {

inline std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter,
                                      std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    uint64_t first = uint64_t{0xD2511F53u} * counter[0];
    uint64_t second = uint64_t{0xCD9E8D57u} * counter[2];
    counter = {static_cast<uint32_t>(second >> 32) ^ counter[1] ^ key[0],
               static_cast<uint32_t>(second),
               static_cast<uint32_t>(first >> 32) ^ counter[3] ^ key[1],
               static_cast<uint32_t>(first)};
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  return counter;
}

/// The four words number `index` of the stream `stream` of `seed`.
inline std::array<uint32_t, 4> philoxWords(uint64_t seed, uint64_t stream,
                                           uint64_t index) {
  return philox(
      {static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32),
       static_cast<uint32_t>(stream), static_cast<uint32_t>(stream >> 32)},
      {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
}

/// The first 64 bits of these.
inline uint64_t philox64(uint64_t seed, uint64_t stream, uint64_t index) {
  std::array<uint32_t, 4> words = philoxWords(seed, stream, index);
  return uint64_t{words[1]} << 32 | words[0];
}

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_SUPPORT_PHILOX_H
