//===- Structure.cpp - Models, blocks, losses, entries --------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Checks of the ops that hold others, and the code that TableGen makes for all
// ops.
//
//===----------------------------------------------------------------------===//

#include "dialects/fg/Support.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace foregrad::fg;

// Generated code shadows names of its own.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#define GET_OP_CLASSES
#include "dialects/fg/FgOps.cpp.inc"
#pragma GCC diagnostic pop

/// The `fg.yield` at the end of a region, or an error.
static FailureOr<YieldOp> findYield(Operation *op, Region &region) {
  Block &block = region.front();
  auto yield = block.empty() ? YieldOp() : dyn_cast<YieldOp>(block.back());
  if (!yield)
    return op->emitOpError() << "the region must end with fg.yield";
  return yield;
}

/// The region's arguments have the types of what enters it.
static LogicalResult verifyArguments(Operation *op, Region &region,
                                     TypeRange types) {
  Block &block = region.front();
  if (block.getArgumentTypes() != types)
    return op->emitOpError()
           << "the region's arguments must have the types of the operands";
  return success();
}

/// The losses that a region yields: floats, one for each sample.
static LogicalResult verifySampleLoss(Operation *op, ArrayType input,
                                      ArrayType loss) {
  if (loss.getRank() != 1 || !loss.hasAxis(kBatchAxis))
    return op->emitOpError() << "a loss has the axis '" << kBatchAxis
                             << "' only, this one is " << loss;
  return verifyAxesWithin(op, "the loss", loss, "the operand", input);
}

//===----------------------------------------------------------------------===//
// model
//===----------------------------------------------------------------------===//

LogicalResult ModelOp::verify() {
  llvm::StringSet<> blocks, losses, values;
  llvm::StringMap<ParameterOp> parameters;
  PredictOp prediction;
  for (Operation &op : getBody().front()) {
    if (auto block = dyn_cast<BlockOp>(op)) {
      if (!blocks.insert(block.getName()).second)
        return block.emitOpError()
               << "there is a block '" << block.getName() << "' already";
    } else if (auto loss = dyn_cast<LocalLossOp>(op)) {
      if (!losses.insert(loss.getName()).second)
        return loss.emitOpError()
               << "there is a loss '" << loss.getName() << "' already";
    } else if (auto predict = dyn_cast<PredictOp>(op)) {
      if (prediction)
        return predict.emitOpError() << "a model has one prediction only";
      prediction = predict;
    } else if (isa<InputOp, LabelOp>(op)) {
      StringRef value = op.getAttrOfType<StringAttr>("name").getValue();
      if (!values.insert(value).second)
        return op.emitOpError()
               << "there is an input '" << value << "' already";
    }
  }
  if (!prediction)
    return emitOpError() << "has no fg.predict";
  WalkResult walked = walk([&](ParameterOp parameter) {
    auto [known, isNew] =
        parameters.try_emplace(parameter.getPath(), parameter);
    if (!isNew && known->second.getType() != parameter.getType()) {
      parameter.emitOpError() << "parameter '" << parameter.getPath() << "' is "
                              << parameter.getType() << " here and "
                              << known->second.getType() << " elsewhere";
      return WalkResult::interrupt();
    }
    if (parameter.getType().hasAxis(kBatchAxis)) {
      parameter.emitOpError()
          << "a parameter cannot have the axis '" << kBatchAxis << "'";
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return failure(walked.wasInterrupted());
}

//===----------------------------------------------------------------------===//
// block, loss, predict
//===----------------------------------------------------------------------===//

LogicalResult PerturbedOp::verify() {
  if (static_cast<int64_t>(getUnits()) < 1 || getActing() < getUnits())
    return emitOpError() << "expected 1 or more units, and no more than the "
                         << getActing() << " that act on a copy, found "
                         << getUnits();
  return success();
}

LogicalResult BlockOp::verify() {
  FailureOr<YieldOp> yield = findYield(*this, getBody());
  if (failed(yield) ||
      failed(verifyArguments(*this, getBody(), getInputs().getTypes())))
    return failure();
  if (yield->getOperandTypes() != getResultTypes())
    return emitOpError()
           << "the types that its region yields are not those of its results";
  return success();
}

LogicalResult LocalLossOp::verify() {
  ArrayType input = arrayType(getInput());
  FailureOr<YieldOp> yield = findYield(*this, getBody());
  if (failed(yield) ||
      failed(verifyArguments(*this, getBody(), getInput().getType())) ||
      failed(verifyAxisNames(*this, input, stringValues(getPer()))))
    return failure();
  if (llvm::is_contained(stringValues(getPer()), kBatchAxis))
    return emitOpError() << "each sample has a loss of its own already: '"
                         << kBatchAxis << "' cannot stand after `per`";
  if (yield->getNumOperands() != 1)
    return emitOpError() << "the region yields " << yield->getNumOperands()
                         << " values, it must yield the loss";
  return verifySampleLoss(*this, input, arrayType(yield->getOperand(0)));
}

LogicalResult PredictOp::verify() {
  FailureOr<YieldOp> yield = findYield(*this, getBody());
  if (failed(yield) ||
      failed(verifyArguments(*this, getBody(), getInput().getType())))
    return failure();
  if (yield->getNumOperands() != 2)
    return emitOpError() << "the region yields " << yield->getNumOperands()
                         << " values, it must yield the logits and the loss";
  return verifySampleLoss(*this, arrayType(getInput()),
                          arrayType(yield->getOperand(1)));
}

//===----------------------------------------------------------------------===//
// entry
//===----------------------------------------------------------------------===//

LogicalResult EntryOp::verify() {
  llvm::StringMap<std::pair<Type, Role>> buffers;
  for (Operation &op : getBody().front()) {
    StringRef buffer;
    std::pair<Type, Role> use;
    if (auto read = dyn_cast<ReadOp>(op)) {
      buffer = read.getName();
      use = {read.getType(), read.getRole()};
    } else if (auto write = dyn_cast<WriteOp>(op)) {
      buffer = write.getName();
      use = {write.getValue().getType(), write.getRole()};
    } else {
      continue;
    }
    auto [known, isNew] = buffers.try_emplace(buffer, use);
    if (isNew)
      continue;
    if (known->second.first != use.first)
      return op.emitOpError()
             << "buffer '" << buffer << "' is " << use.first << " here and "
             << known->second.first << " elsewhere";
    if (known->second.second != use.second)
      return op.emitOpError()
             << "buffer '" << buffer << "' has role "
             << stringifyRole(use.second) << " here and "
             << stringifyRole(known->second.second) << " elsewhere";
  }
  return success();
}

//===----------------------------------------------------------------------===//
// replicated_tangent
//===----------------------------------------------------------------------===//

LogicalResult ReplicatedTangentOp::verify() {
  ArrayType input = arrayType(getInput());
  SmallVector<StringRef> per = stringValues(getPer());
  FailureOr<YieldOp> yield = findYield(*this, getBody());
  if (failed(yield) ||
      failed(verifyArguments(*this, getBody(), getInput().getType())) ||
      failed(verifyAxisNames(*this, input, per)) ||
      failed(verifyAxesWithin(*this, "the operand", input, "the tangent",
                              arrayType(getTangent()))))
    return failure();
  if (yield->getNumOperands() != 1)
    return emitOpError() << "the region yields " << yield->getNumOperands()
                         << " values, it must yield the loss";
  ArrayType loss = arrayType(yield->getOperand(0));
  if (failed(verifySampleLoss(*this, input, loss)) ||
      failed(verifyAxesWithin(*this, "the weight", arrayType(getWeight()),
                              "the loss", loss)))
    return failure();
  SmallVector<AxisAttr> axes = extraAxes(getTangent(), input);
  addAxes(axes, loss.getAxes());
  for (StringRef name : per)
    addAxes(axes, input.getAxes()[input.findAxis(name)]);
  ArrayType expected = loss.cloneWith(axes);
  if (failed(verifyAxesWithin(*this, "the result", getType(),
                              "what is computed", expected)) ||
      failed(verifyAxesWithin(*this, "what is computed", expected, "the result",
                              getType())))
    return failure();
  return verifyFloats(*this, {input, arrayType(getTangent()),
                              arrayType(getWeight()), getType()});
}

//===----------------------------------------------------------------------===//
// recompute
//===----------------------------------------------------------------------===//

LogicalResult RecomputeOp::verify() { return verifyFloats(*this, {getType()}); }

SmallVector<Tensor> RecomputeOp::evaluate(ArrayRef<Tensor> operands) {
  return {operands[0]};
}

SmallVector<Value> RecomputeOp::lower(OpBuilder &builder, ValueRange operands) {
  return {OpaqueOp::create(builder, getLoc(), operands[0].getType(),
                           operands[0], getNumber())};
}
