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

namespace {
/// One run over the ops of an entry or a model.
class Evaluation {
public:
  Evaluation(const Buffers &buffers, Values &values)
      : buffers(buffers), values(values) {}

  llvm::Error run(Block &block);

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

/// Name of the axis that counts the copies of a replicated loss along `axis`.
static StringAttr copyAxisName(StringAttr axis) {
  return StringAttr::get(axis.getContext(), axis.getValue() + "'copy");
}

llvm::Error Evaluation::runReplicatedTangent(ReplicatedTangentOp op) {
  // Literally: copy c sees the tangent times the identity's row c, by forward
  // mode.
  ArrayType input = arrayType(op.getInput());
  Block scratch;
  OpBuilder builder(op.getContext());
  builder.setInsertionPointToEnd(&scratch);
  Location loc = op.getLoc();
  SmallVector<AxisAttr> copies = extraAxes(op.getTangent(), input);
  Value masked = op.getTangent();
  for (StringAttr name : op.getPer().getAsRange<StringAttr>()) {
    AxisAttr axis = input.getAxes()[input.findAxis(name)];
    AxisAttr copy =
        AxisAttr::get(op.getContext(), copyAxisName(name), axis.getSize());
    copies.push_back(copy);
    Value mask = IdentityOp::create(
        builder, loc, input.cloneWith(SmallVector<AxisAttr>{copy, axis}));
    masked = MulOp::create(builder, loc, derivativeType(input, copies), masked,
                           mask);
  }
  llvm::Expected<Value> tangent =
      cloneTangent(op.getBody(), scratch, op.getInput(), masked);
  if (!tangent)
    return tangent.takeError();
  Tensor result(op.getType().getShape());
  if (*tangent) {
    if (llvm::Error error = evaluateOps(scratch, values))
      return error;
    // The result's axes, those along which there are copies called as in the
    // tangent.
    SmallVector<AxisAttr> axes;
    SmallVector<StringRef> per = stringValues(op.getPer());
    for (AxisAttr axis : op.getType().getAxes())
      axes.push_back(llvm::is_contained(per, axis.getName().getValue())
                         ? AxisAttr::get(op.getContext(),
                                         copyAxisName(axis.getName()),
                                         axis.getSize())
                         : axis);
    result = evaluateElementwise(
        op.getType().cloneWith(axes), {get(*tangent), get(op.getWeight())},
        {arrayType(*tangent), arrayType(op.getWeight())},
        [](ArrayRef<double> x) { return x[0] * x[1]; });
    for (Operation &scratchOp : scratch)
      for (Value scratchResult : scratchOp.getResults())
        values.erase(scratchResult);
  }
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
  for (Operation &op : block)
    if (llvm::Error error = runOp(op))
      return error;
  return llvm::Error::success();
}

llvm::Error evaluateOps(Block &block, Values &values) {
  Buffers none;
  return Evaluation(none, values).run(block);
}

llvm::Expected<Buffers> evaluateEntry(EntryOp entry, const Buffers &buffers) {
  Values values;
  Evaluation evaluation(buffers, values);
  if (llvm::Error error = evaluation.run(entry.getBody().front()))
    return error;
  return std::move(evaluation.written);
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
