//===- RandomModel.cpp - Random programs of the language ------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "tests/property/RandomModel.h"
#include "tests/property/Layers.h"

namespace foregrad::property {

ModelPlan planModel(uint64_t seed) {
  Random random(seed);
  ModelPlan plan;
  plan.input = random.choice();
  size_t blocks = 1 + random.below(3);
  for (size_t i = 0; i < blocks; ++i) {
    BlockPlan block;
    size_t layers = 1 + random.below(3);
    for (size_t k = 0; k < layers; ++k)
      block.layers.push_back(random.choice());
    block.loss = random.choice();
    plan.blocks.push_back(std::move(block));
  }
  plan.readout = random.choice();
  plan.isWide = random.happens(0.3);
  return plan;
}

int64_t batchOf(const ModelPlan &plan) { return plan.isWide ? 19 : 3; }

std::vector<ModelPlan> smallerModels(const ModelPlan &plan) {
  std::vector<ModelPlan> result;
  auto add = [&](auto change) {
    result.push_back(plan);
    change(result.back());
  };
  if (plan.isWide)
    add([](ModelPlan &smaller) { smaller.isWide = false; });
  if (plan.blocks.size() > 1)
    for (size_t i = 0; i < plan.blocks.size(); ++i)
      add([&](ModelPlan &smaller) {
        smaller.blocks.erase(smaller.blocks.begin() + static_cast<long>(i));
      });
  for (size_t i = 0; i < plan.blocks.size(); ++i) {
    const std::vector<Choice> &layers = plan.blocks[i].layers;
    for (size_t k = 0; k < layers.size(); ++k) {
      if (layers.size() > 1)
        add([&](ModelPlan &smaller) {
          std::vector<Choice> &left = smaller.blocks[i].layers;
          left.erase(left.begin() + static_cast<long>(k));
        });
      if (layers[k] != 0)
        add([&](ModelPlan &smaller) { smaller.blocks[i].layers[k] = 0; });
    }
    if (plan.blocks[i].loss != 0)
      add([&](ModelPlan &smaller) { smaller.blocks[i].loss = 0; });
  }
  if (plan.readout != 0)
    add([](ModelPlan &smaller) { smaller.readout = 0; });
  if (plan.input != 0)
    add([](ModelPlan &smaller) { smaller.input = 0; });
  return result;
}

/// The expression without the means over `pooled`, and the axes that are left.
static std::string writeMean(const std::string &value,
                             const std::vector<Axis> &pooled) {
  return pooled.empty() ? value : "mean(" + value + ", " + list(pooled) + ")";
}

/// Axes of `x` in two parts; `left` is not empty.
static void divideAxes(Random &random, const std::vector<Axis> &axes,
                       std::vector<Axis> &pooled, std::vector<Axis> &left) {
  size_t kept = random.below(axes.size());
  for (size_t i = 0; i < axes.size(); ++i)
    (i != kept && random.happens(0.5) ? pooled : left).push_back(axes[i]);
}

/// A head: from `x` to one number for each class.
static std::string writeHead(Random &random, const std::vector<Axis> &axes,
                             const std::string &outer,
                             const std::string &inner) {
  std::vector<Axis> pooled, left;
  divideAxes(random, axes, pooled, left);
  std::string value = writeMean("x", pooled);
  if (product(left) > 2 && random.happens(0.2))
    value = "norm(" + value + ", " + list(left) + ")";
  if (random.happens(0.35))
    return outer + "linear(relu(" + inner + ": linear(" + value + ", " +
           list(left) + " -> deep = " + std::to_string(2 + random.below(3)) +
           ")), deep -> class)";
  return outer + "linear(" + value + ", " + list(left) + " -> class)";
}

static void writeLoss(Writer &writer, Choice choice) {
  Random random(choice);
  if (choice != 0 && random.happens(0.06))
    return; // greedy rules refuse the model, the others take it
  std::vector<Axis> per;
  for (const Axis &axis : writer.axes)
    if (random.happens(0.5))
      per.push_back(axis);
  std::string head = writeHead(random, writer.axes, "head: ", "hidden");
  std::string loss = random.happens(0.7) ? "cross_entropy" : "squared_error";
  writer.line("loss " + loss + "(" + head + ", class)" +
              (per.empty() ? "" : " per " + list(per)));
}

/// Several equal blocks: their layers keep all axes.
static void writeRepeatedBlocks(Writer &writer, Random &random,
                                const BlockPlan &plan, size_t number) {
  writer.line("repeat i in 0..2 block again" + std::to_string(number) +
              "_{i} {");
  writer.indent += 2;
  for (size_t k = 0; k < plan.layers.size(); ++k)
    writeSameAxes(writer, random, "layer" + std::to_string(k));
  writeLoss(writer, plan.loss);
  writer.indent -= 2;
  writer.line("}");
}

static void writeBlock(Writer &writer, const BlockPlan &plan, size_t number) {
  Random random(plan.loss ^ 0x5851F42D4C957F2Dull);
  if (plan.loss != 0 && random.happens(0.2))
    writeFixedLayer(writer, random); // between blocks
  if (plan.loss != 0 && random.happens(0.15))
    return writeRepeatedBlocks(writer, random, plan, number);
  writer.line("block block" + std::to_string(number) + " {");
  writer.indent += 2;
  writer.layers = 0;
  bool learns = false;
  for (Choice layer : plan.layers)
    learns |= writeLayer(writer, layer);
  if (!learns)
    writeLayer(writer, 0);
  writeLoss(writer, plan.loss);
  writer.indent -= 2;
  writer.line("}");
}

std::string writeModel(const ModelPlan &plan) {
  Writer writer;
  writer.isWide = plan.isWide;
  writer.line("model Random(on = true, off = false, size = 3) {");
  writer.indent = 2;
  writeInput(writer, plan.input);
  size_t number = 0;
  for (const BlockPlan &block : plan.blocks)
    writeBlock(writer, block, number++);
  Random random(plan.readout);
  std::string head = writeHead(random, writer.axes, "", "before");
  writer.line("predict readout: " + head +
              (random.happens(0.25) ? " loss squared_error" : ""));
  writer.indent = 0;
  writer.line("}");
  return writer.text;
}

} // namespace foregrad::property
