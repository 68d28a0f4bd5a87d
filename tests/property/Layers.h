//===- Layers.h - The parts of random programs ----------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_TESTS_PROPERTY_LAYERS_H
#define FOREGRAD_TESTS_PROPERTY_LAYERS_H

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace foregrad::property {

/// Random numbers of one part. Of 0, the simplest: all below() are 0 and
/// nothing happens.
class Random {
public:
  explicit Random(uint64_t seed) : isSimple(seed == 0), engine(seed) {}

  size_t below(size_t count) { return isSimple ? 0 : engine() % count; }
  bool happens(double probability) {
    return !isSimple &&
           static_cast<double>(engine() >> 11) * 0x1p-53 < probability;
  }
  /// A number for a part; never 0.
  uint64_t choice() { return engine() | 1; }

private:
  bool isSimple;
  std::mt19937_64 engine;
};

struct Axis {
  std::string name;
  size_t size;
};

/// The product of the sizes.
size_t product(const std::vector<Axis> &axes);

/// "a" or "[a, b]".
std::string list(const std::vector<Axis> &axes);

/// The program so far. The array `x`, with the axes `axes`, is what the next
/// part starts from.
struct Writer {
  std::string text;
  size_t indent = 0;
  std::vector<Axis> axes;
  size_t layers = 0; // named so far in this block
  bool isWide = false;

  /// Elements of an array, for one sample, at most.
  size_t mostElements() const { return isWide ? 800 : 60; }
  /// Of a size that a layer chooses, `least` at least.
  size_t size(Random &random, size_t least) const {
    return least + random.below(isWide ? 40 : 4);
  }

  void line(const std::string &content);
  /// A name for the next layer of the block.
  std::string layerName();
  /// A name that no axis of `x` has.
  std::string axisName(Random &random) const;
};

/// The input and the label, and what stands before the first block.
void writeInput(Writer &writer, uint64_t choice);

/// One layer of a block; true if it learns.
bool writeLayer(Writer &writer, uint64_t choice);

/// What has no parameters and may stand anywhere.
void writeFixedLayer(Writer &writer, Random &random);

/// A layer that learns and keeps the axes of `x`, called `name`.
void writeSameAxes(Writer &writer, Random &random, const std::string &name);

} // namespace foregrad::property

#endif // FOREGRAD_TESTS_PROPERTY_LAYERS_H
