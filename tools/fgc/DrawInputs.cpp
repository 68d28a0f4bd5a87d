//===- DrawInputs.cpp - Random content for a step -------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// At a kink two results that differ by rounding only have derivatives that
// differ by much; a comparison there says nothing. So samples that lie at one
// are replaced.
//
//===----------------------------------------------------------------------===//

#include "tools/fgc/DrawInputs.h"
#include "compiler/rules/Rule.h"
#include "dialects/fg/Support.h"
#include <cmath>
#include <random>
#include <set>

using namespace mlir;

namespace foregrad::fgc {

fg::EntryOp findEntry(ModuleOp program, llvm::StringRef name) {
  for (auto entry : program.getOps<fg::EntryOp>())
    if (entry.getName() == name)
      return entry;
  return {};
}

namespace {

/// How often samples are drawn again, at most.
constexpr int kMostRounds = 30;

/// Of a parameter that starts at zero.
constexpr double kSmallDeviation = 0.1;

class Drawing {
public:
  Drawing(ModuleOp module, const DrawOptions &drawOptions)
      : program(module), options(drawOptions), random(drawOptions.seed) {}

  llvm::Expected<DrawnInputs> run();

private:
  double round(double value) {
    return options.roundToFloat ? static_cast<double>(static_cast<float>(value))
                                : value;
  }
  fg::Tensor drawNormal(fg::ArrayType type, double deviation);
  llvm::Error drawParameters();
  fg::Tensor draw(fg::ReadOp read);
  double drawInput(bool isBytes);
  void redraw(const std::set<int64_t> &samples);
  /// The samples with a site too close to its kink; counts such sites.
  llvm::Expected<std::set<int64_t>> findNearKinks(fg::EntryOp probe,
                                                  int64_t &count);

  ModuleOp program;
  const DrawOptions &options;
  std::mt19937_64 random;
  fg::Buffers buffers;
  std::map<std::string, fg::ReadOp, std::less<>> inputs;
  std::set<std::string, std::less<>> byteInputs;
  int64_t classes = 2;
};

} // namespace

fg::Tensor Drawing::drawNormal(fg::ArrayType type, double deviation) {
  fg::Tensor tensor(type.getShape());
  std::normal_distribution<double> normal(0.0, deviation);
  for (double &value : tensor.values)
    value = round(normal(random));
  return tensor;
}

double Drawing::drawInput(bool isBytes) {
  if (isBytes)
    return round(static_cast<double>(random() % 256) / 255.0);
  return round(std::normal_distribution<double>()(random));
}

llvm::Error Drawing::drawParameters() {
  fg::EntryOp init = findEntry(program, "init");
  if (!init)
    return llvm::Error::success();
  fg::Tensor seed((llvm::ArrayRef<int64_t>()));
  seed.integer = options.seed;
  llvm::Expected<fg::Buffers> started =
      fg::evaluateEntry(init, {{"seed", seed}});
  if (!started)
    return started.takeError();
  std::normal_distribution<double> normal(0.0, kSmallDeviation);
  for (auto &[name, tensor] : *started) {
    bool isZero = llvm::all_of(tensor.values, [](double x) { return x == 0; });
    for (double &value : tensor.values)
      value = round(isZero ? normal(random) : value);
    buffers[name] = std::move(tensor);
  }
  return llvm::Error::success();
}

fg::Tensor Drawing::draw(fg::ReadOp read) {
  auto type = fg::arrayType(read.getResult());
  fg::Tensor tensor(type.getShape());
  switch (read.getRole()) {
  case fg::Role::Input: {
    bool isBytes = byteInputs.contains(read.getName());
    for (double &value : tensor.values)
      value = drawInput(isBytes);
    return tensor;
  }
  case fg::Role::Label:
    for (double &value : tensor.values)
      value = static_cast<double>(random() % static_cast<uint64_t>(classes));
    return tensor;
  case fg::Role::Seed:
  case fg::Role::Step:
    tensor.integer = random() % 1000;
    return tensor;
  default:
    return drawNormal(type, 1.0);
  }
}

void Drawing::redraw(const std::set<int64_t> &samples) {
  for (auto &[name, read] : inputs) {
    auto type = fg::arrayType(read.getResult());
    int64_t batchAxis = type.findAxis(fg::kBatchAxis);
    bool isBytes = byteInputs.contains(name);
    fg::Tensor &tensor = buffers.find(name)->second;
    size_t position = 0;
    fg::forEachIndex(type.getShape(), [&](llvm::ArrayRef<int64_t> index) {
      if (batchAxis >= 0 && samples.contains(index[batchAxis]))
        tensor.values[position] = drawInput(isBytes);
      ++position;
    });
  }
}

/// A copy of the entry that computes what enters its nonlinearities and
/// nothing else.
static OwningOpRef<fg::EntryOp> makeProbe(fg::EntryOp gradient) {
  OwningOpRef<fg::EntryOp> probe(cast<fg::EntryOp>(gradient->clone()));
  Block &block = probe->getBody().front();
  for (Operation &op : llvm::make_early_inc_range(block))
    if (isa<fg::WriteOp>(op))
      op.erase();
  OpBuilder builder = OpBuilder::atBlockEnd(&block);
  unsigned number = 0;
  for (Operation &op : llvm::make_early_inc_range(block))
    if (isa<fg::SiteOpInterface>(op))
      fg::WriteOp::create(builder, op.getLoc(), op.getOperand(0),
                          "site" + std::to_string(number++), fg::Role::Output);
  compiler::eraseDeadOps(*probe);
  return probe;
}

llvm::Expected<std::set<int64_t>> Drawing::findNearKinks(fg::EntryOp probe,
                                                         int64_t &count) {
  count = 0;
  std::set<int64_t> samples;
  llvm::Expected<fg::Buffers> sites = fg::evaluateEntry(probe, buffers);
  if (!sites)
    return sites.takeError();
  for (auto write : probe.getBody().getOps<fg::WriteOp>()) {
    const fg::Tensor &site = sites->find(write.getName())->second;
    auto type = fg::arrayType(write.getValue());
    int64_t batchAxis = type.findAxis(fg::kBatchAxis);
    double squares = 0;
    for (double value : site.values)
      squares += value * value;
    double margin =
        options.margin * std::sqrt(squares / static_cast<double>(site.size()));
    size_t position = 0;
    fg::forEachIndex(type.getShape(), [&](llvm::ArrayRef<int64_t> index) {
      double distance = std::abs(site.values[position++]);
      // Zero itself is no chance: both sides compute it exactly.
      if (distance == 0.0 || distance >= margin)
        return;
      ++count;
      if (batchAxis >= 0)
        samples.insert(index[batchAxis]);
    });
  }
  return samples;
}

llvm::Expected<DrawnInputs> Drawing::run() {
  fg::EntryOp gradient = findEntry(program, "gradient");
  if (!gradient)
    return llvm::createStringError("there is no entry 'gradient'");
  program.walk([&](fg::InputOp input) {
    if (input.getBytes())
      byteInputs.insert(input.getName().str());
  });
  for (auto write : gradient.getBody().getOps<fg::WriteOp>())
    if (write.getName() == "logits")
      classes = fg::arrayType(write.getValue()).getShape().back();
  if (llvm::Error error = drawParameters())
    return std::move(error);
  for (auto read : gradient.getBody().getOps<fg::ReadOp>()) {
    if (read.getRole() == fg::Role::Input)
      inputs[read.getName().str()] = read;
    if (!buffers.contains(read.getName()))
      buffers[read.getName().str()] = draw(read);
  }
  DrawnInputs result;
  OwningOpRef<fg::EntryOp> probe = makeProbe(gradient);
  for (int round = 0; round <= kMostRounds; ++round) {
    llvm::Expected<std::set<int64_t>> samples =
        findNearKinks(*probe, result.nearKinks);
    if (!samples)
      return samples.takeError();
    if (samples->empty() || round == kMostRounds)
      break;
    redraw(*samples);
  }
  result.buffers = std::move(buffers);
  return result;
}

llvm::Expected<DrawnInputs> drawInputs(ModuleOp program,
                                       const DrawOptions &options) {
  return Drawing(program, options).run();
}

} // namespace foregrad::fgc
