//===- Evaluate.cpp - The reference interpreter ---------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Runs entries and models in f64, op by op.
//
//===----------------------------------------------------------------------===//

#include "dialects/fg/Evaluate.h"
#include "dialects/fg/Support.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace foregrad::fg {

using LastUses = DenseMap<Operation *, SmallVector<Value>>;

/// The values of `block` by the op of it that uses them last.
static LastUses findLastUses(Block &block) {
  LastUses lastUses;
  for (Operation &op : block)
    for (Value result : op.getResults()) {
      Operation *last = &op;
      for (Operation *user : result.getUsers()) {
        Operation *use = block.findAncestorOpInBlock(*user);
        if (use && last->isBeforeInBlock(use))
          last = use;
      }
      lastUses[last].push_back(result);
    }
  return lastUses;
}

namespace {
/// One run over the ops of an entry or a model.
class Evaluation {
public:
  Evaluation(const Buffers &buffers, Values &values)
      : buffers(buffers), values(values) {}

  llvm::Error run(Block &block);

  /// Lets go of what `block` computes once its last user has run: a model's
  /// arrays would not fit into memory all at once.
  void releaseAfterLastUse(Block &block) { lastUses = findLastUses(block); }

  Buffers written;
  ModelValues model;

private:
  llvm::Error runOp(Operation &op);
  llvm::Error runRegion(Region &region, ValueRange operands);
  llvm::Error runCompute(ComputeOpInterface op);
  llvm::Error runReplicatedTangent(ReplicatedTangentOp op);
  llvm::Error load(StringRef name, Value result);
  const Tensor &get(Value value) { return values.find(value)->second; }

  const Buffers &buffers;
  Values &values;
  LastUses lastUses;
};
} // namespace

llvm::Error Evaluation::load(StringRef name, Value result) {
  auto buffer = buffers.find(name);
  if (buffer == buffers.end())
    return llvm::createStringError("buffer '" + name + "' is missing");
  Tensor value = buffer->second;
  int64_t expected = arrayType(result).getNumElements();
  if (value.size() != expected)
    return llvm::createStringError(
        "buffer '" + name + "' has " + llvm::Twine(value.size()) +
        " elements, the program reads " + llvm::Twine(expected));
  value.shape.assign(arrayType(result).getShape());
  values[result] = std::move(value);
  return llvm::Error::success();
}

llvm::Error Evaluation::runCompute(ComputeOpInterface op) {
  SmallVector<Tensor> operands;
  for (Value operand : op->getOperands())
    operands.push_back(get(operand));
  SmallVector<Tensor> results = op.evaluate(operands);
  for (auto [value, tensor] : llvm::zip_equal(op->getResults(), results))
    values[value] = std::move(tensor);
  return llvm::Error::success();
}

llvm::Error Evaluation::runRegion(Region &region, ValueRange operands) {
  for (auto [argument, operand] :
       llvm::zip_equal(region.getArguments(), operands)) {
    Tensor value = get(operand);
    values[argument] = std::move(value);
  }
  return run(region.front());
}

/// Copies the ops of the region and their tangents to the end of `block`; the
/// region's argument and its tangent are `input` and `tangent`. Returns the
/// loss's tangent, or null if it is zero; an error if an op has no derivative.
static llvm::Expected<Value> cloneTangent(Region &region, Block &block,
                                          Value input, Value tangent) {
  IRMapping mapping;
  DenseMap<Value, Value> tangents;
  mapping.map(region.getArgument(0), input);
  tangents[input] = tangent;
  OpBuilder builder(region.getContext());
  builder.setInsertionPointToEnd(&block);
  for (Operation &op : region.front().without_terminator()) {
    Operation *copy = builder.clone(op, mapping);
    SmallVector<Value> operandTangents;
    for (Value operand : copy->getOperands())
      operandTangents.push_back(tangents.lookup(operand));
    if (llvm::none_of(operandTangents, [](Value v) { return bool(v); }))
      continue;
    auto differentiable = dyn_cast<DifferentiableOpInterface>(copy);
    if (!differentiable)
      return llvm::createStringError(copy->getName().getStringRef() +
                                     " has no derivative");
    tangents[copy->getResult(0)] =
        differentiable.tangent(builder, operandTangents);
  }
  Value loss =
      mapping.lookupOrDefault(region.front().getTerminator()->getOperand(0));
  return tangents.lookup(loss);
}

/// `tangent` with zeros outside of the copy: of the elements at other indices
/// along the axes `per`.
static Tensor maskToCopy(const Tensor &tangent, ArrayRef<unsigned> per,
                         ArrayRef<int64_t> copy) {
  Tensor masked(tangent.shape);
  size_t position = 0;
  forEachIndex(tangent.shape, [&](ArrayRef<int64_t> index) {
    bool isSeen = true;
    for (auto [axis, i] : llvm::zip_equal(per, copy))
      isSeen &= index[axis] == i;
    if (isSeen)
      masked.values[position] = tangent.values[position];
    ++position;
  });
  return masked;
}

// Literally: one copy after another, each by forward mode from the elements of
// the tangent that it sees. So no array is larger than those of one copy.
llvm::Error Evaluation::runReplicatedTangent(ReplicatedTangentOp op) {
  Block scratch;
  Value masked = scratch.addArgument(op.getTangent().getType(), op.getLoc());
  llvm::Expected<Value> tangent =
      cloneTangent(op.getBody(), scratch, op.getInput(), masked);
  if (!tangent)
    return tangent.takeError();
  Tensor result(op.getType().getShape());
  values[op.getResult()] = result;
  if (!*tangent)
    return llvm::Error::success();

  // What no copy changes is computed once.
  SmallVector<Operation *> ofCopy;
  DenseSet<Value> changing = {masked};
  for (Operation &scratchOp : scratch) {
    if (llvm::none_of(scratchOp.getOperands(),
                      [&](Value v) { return changing.contains(v); })) {
      if (llvm::Error error = runOp(scratchOp))
        return error;
      continue;
    }
    ofCopy.push_back(&scratchOp);
    changing.insert(scratchOp.result_begin(), scratchOp.result_end());
  }

  SmallVector<StringRef> per = stringValues(op.getPer());
  ArrayType seen = arrayType(op.getTangent());
  ArrayType ofOneCopy = op.getType().dropAxes(per);
  SmallVector<AxisAttr> axes(ofOneCopy.getAxes());
  SmallVector<unsigned> perAxes;
  SmallVector<int64_t> copies;
  for (StringRef name : per) {
    perAxes.push_back(static_cast<unsigned>(seen.findAxis(name)));
    axes.push_back(seen.getAxes()[perAxes.back()]);
    copies.push_back(axes.back().getSize());
  }
  Locator place(op.getType(), op.getType().cloneWith(axes));
  const Tensor whole = get(op.getTangent());
  llvm::Error failed = llvm::Error::success();
  forEachIndex(copies, [&](ArrayRef<int64_t> copy) {
    if (failed)
      return;
    values[masked] = maskToCopy(whole, perAxes, copy);
    for (Operation *scratchOp : ofCopy)
      if ((failed = runOp(*scratchOp)))
        return;
    Tensor losses =
        evaluateElementwise(ofOneCopy, {get(*tangent), get(op.getWeight())},
                            {arrayType(*tangent), arrayType(op.getWeight())},
                            [](ArrayRef<double> x) { return x[0] * x[1]; });
    size_t position = 0;
    forEachIndex(losses.shape, [&](ArrayRef<int64_t> index) {
      SmallVector<int64_t> full(index);
      llvm::append_range(full, copy);
      result.values[place(full)] = losses.values[position++];
    });
  });
  if (failed)
    return failed;
  values.erase(masked);
  for (Operation &scratchOp : scratch)
    for (Value scratchResult : scratchOp.getResults())
      values.erase(scratchResult);
  values[op.getResult()] = std::move(result);
  return llvm::Error::success();
}

llvm::Error Evaluation::runOp(Operation &op) {
  if (auto compute = dyn_cast<ComputeOpInterface>(op))
    return runCompute(compute);
  if (auto read = dyn_cast<ReadOp>(op))
    return load(read.getName(), read.getResult());
  if (auto input = dyn_cast<InputOp>(op))
    return load(input.getName(), input.getResult());
  if (auto label = dyn_cast<LabelOp>(op))
    return load(label.getName(), label.getResult());
  if (auto parameter = dyn_cast<ParameterOp>(op))
    return load(parameter.getPath(), parameter.getResult());
  if (auto write = dyn_cast<WriteOp>(op)) {
    written[write.getName().str()] = get(write.getValue());
    return llvm::Error::success();
  }
  if (auto replicated = dyn_cast<ReplicatedTangentOp>(op))
    return runReplicatedTangent(replicated);
  if (isa<YieldOp>(op))
    return llvm::Error::success();
  if (auto block = dyn_cast<BlockOp>(op)) {
    if (llvm::Error error = runRegion(block.getBody(), block.getInputs()))
      return error;
    ValueRange yielded = block.getBody().front().getTerminator()->getOperands();
    for (auto [result, value] : llvm::zip_equal(block.getResults(), yielded)) {
      Tensor tensor = get(value);
      values[result] = std::move(tensor);
    }
    return llvm::Error::success();
  }
  if (auto loss = dyn_cast<LocalLossOp>(op)) {
    if (llvm::Error error = runRegion(loss.getBody(), loss.getInput()))
      return error;
    model.blockLosses[loss.getName().str()] =
        get(loss.getBody().front().getTerminator()->getOperand(0));
    return llvm::Error::success();
  }
  if (auto predict = dyn_cast<PredictOp>(op)) {
    if (llvm::Error error = runRegion(predict.getBody(), predict.getInput()))
      return error;
    Operation *yield = predict.getBody().front().getTerminator();
    model.logits = get(yield->getOperand(0));
    model.losses = get(yield->getOperand(1));
    return llvm::Error::success();
  }
  return llvm::createStringError(op.getName().getStringRef() +
                                 " cannot be evaluated");
}

llvm::Error Evaluation::run(Block &block) {
  for (Operation &op : block) {
    if (llvm::Error error = runOp(op))
      return error;
    auto last = lastUses.find(&op);
    if (last != lastUses.end())
      for (Value value : last->second)
        values.erase(value);
  }
  return llvm::Error::success();
}

llvm::Error evaluateOps(Block &block, Values &values) {
  Buffers none;
  return Evaluation(none, values).run(block);
}

llvm::Expected<Buffers> evaluateEntry(EntryOp entry, const Buffers &buffers) {
  Values values;
  Evaluation evaluation(buffers, values);
  evaluation.releaseAfterLastUse(entry.getBody().front());
  if (llvm::Error error = evaluation.run(entry.getBody().front()))
    return error;
  return std::move(evaluation.written);
}

static double elementsOf(ValueRange values) {
  double elements = 0;
  for (Value value : values)
    elements += static_cast<double>(arrayType(value).getNumElements());
  return elements;
}

/// The products of a contraction: every letter is one loop.
static double productsOf(ContractOp op) {
  double products = elementsOf(op.getResult());
  for (auto [letter, axis] :
       llvm::zip_equal(op.getLhsLabels(), arrayType(op.getLhs()).getAxes()))
    if (!op.getResultLabels().contains(letter))
      products *= static_cast<double>(axis.getSize());
  return products;
}

/// Adds what one op costs, or `times` of them.
static void addCost(Operation &op, double times, EvaluationCost &cost) {
  if (auto contract = dyn_cast<ContractOp>(op))
    cost.products += times * productsOf(contract);
  else
    cost.elements +=
        times * (elementsOf(op.getResults()) + elementsOf(op.getOperands()));
}

EvaluationCost evaluationCost(EntryOp entry) {
  Block &block = entry.getBody().front();
  LastUses lastUses = findLastUses(block);
  EvaluationCost cost;
  double held = 0, most = 0; // elements
  for (Operation &op : block) {
    double scratch = elementsOf(op.getOperands());
    if (auto replicated = dyn_cast<ReplicatedTangentOp>(op)) {
      ArrayType input = arrayType(replicated.getInput());
      double copies = 1;
      for (StringRef name : stringValues(replicated.getPer()))
        copies *= static_cast<double>(
            input.getAxes()[input.findAxis(name)].getSize());
      // A tangent costs about as much as its primal once more.
      for (Operation &inner : replicated.getBody().front()) {
        addCost(inner, 2 * copies, cost);
        scratch += 2 * elementsOf(inner.getResults());
      }
      cost.elements += copies * elementsOf(replicated.getTangent());
    } else {
      addCost(op, 1, cost);
    }
    held += elementsOf(op.getResults());
    most = std::max(most, held + scratch);
    auto last = lastUses.find(&op);
    if (last != lastUses.end())
      held -= elementsOf(last->second);
  }
  cost.bytes = most * sizeof(double);
  return cost;
}

llvm::Expected<ModelValues> evaluateModel(ModelOp model,
                                          const Buffers &buffers) {
  Values values;
  Evaluation evaluation(buffers, values);
  if (llvm::Error error = evaluation.run(model.getBody().front()))
    return error;
  return std::move(evaluation.model);
}

} // namespace foregrad::fg
