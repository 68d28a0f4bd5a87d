//===- RandomModel.h - Random programs of the language --------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// A model is planned as a list of parts, each with a random number of its own,
// and written from the plan: what a part becomes depends on its number and on
// the axes that reach it. So any list of parts is a valid program, and a plan
// with a part left out is a smaller program that is much like the first.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_TESTS_PROPERTY_RANDOMMODEL_H
#define FOREGRAD_TESTS_PROPERTY_RANDOMMODEL_H

#include <cstdint>
#include <string>
#include <vector>

namespace foregrad::property {

/// A number that stands for a part; 0 is the simplest part of its kind.
using Choice = uint64_t;

struct BlockPlan {
  std::vector<Choice> layers; // at least one
  Choice loss = 0;            // a block without a loss is one of the choices
};

struct ModelPlan {
  Choice input = 0;
  std::vector<BlockPlan> blocks; // at least one
  Choice readout = 0;
  bool isWide = false;
};

/// Wide models have layers and a batch that fill several of a machine's vectors
/// and tiles, and something over; all others are as small as can be.
int64_t batchOf(const ModelPlan &plan);

/// The plan of a seed.
ModelPlan planModel(uint64_t seed);

/// The program: valid, with arrays of some dozens of elements for a sample, or
/// some hundreds in a wide model.
std::string writeModel(const ModelPlan &plan);

/// Plans with one part less, or with one part made as simple as can be.
std::vector<ModelPlan> smallerModels(const ModelPlan &plan);

} // namespace foregrad::property

#endif // FOREGRAD_TESTS_PROPERTY_RANDOMMODEL_H
