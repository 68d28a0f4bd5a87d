//===- Primal.cpp - A model's forward computation inside of an entry ------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/rules/Primal.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace foregrad::compiler {

class Primal::Writer {
public:
  Writer(OpBuilder &opBuilder, bool losses)
      : builder(opBuilder), withLosses(losses) {}

  FailureOr<Primal> run(fg::ModelOp model);

private:
  /// Writes one op of the model: reads in place of declarations, else a clone.
  void write(Operation &op, SmallVectorImpl<Operation *> &ops,
             SmallVectorImpl<ParameterUse> &parameters);
  void writeRead(Operation &op, StringRef name, fg::Role role);
  LogicalResult writeBlock(fg::BlockOp block);
  Head writeHead(Operation *declaration, StringRef name, Value input);
  Segment &currentSegment();

  OpBuilder &builder;
  bool withLosses;
  IRMapping mapping;
  llvm::StringMap<Value> reads; // one read a name
  Primal primal;
};

void Primal::Writer::writeRead(Operation &op, StringRef name, fg::Role role) {
  Value &read = reads[name];
  if (!read)
    read = fg::ReadOp::create(builder, op.getLoc(), op.getResult(0).getType(),
                              name, role);
  mapping.map(op.getResult(0), read);
}

void Primal::Writer::write(Operation &op, SmallVectorImpl<Operation *> &ops,
                           SmallVectorImpl<ParameterUse> &parameters) {
  if (auto input = dyn_cast<fg::InputOp>(op)) {
    auto type = fg::arrayType(input.getResult());
    primal.batch = type.getAxes()[type.findAxis(fg::kBatchAxis)].getSize();
    return writeRead(op, input.getName(), fg::Role::Input);
  }
  if (auto label = dyn_cast<fg::LabelOp>(op))
    return writeRead(op, label.getName(), fg::Role::Label);
  if (auto parameter = dyn_cast<fg::ParameterOp>(op)) {
    writeRead(op, parameter.getPath(), fg::Role::Parameter);
    parameters.push_back({parameter, mapping.lookup(parameter.getResult())});
    return;
  }
  ops.push_back(builder.clone(op, mapping));
}

Head Primal::Writer::writeHead(Operation *declaration, StringRef name,
                               Value input) {
  Head head;
  head.declaration = declaration;
  head.name = name.str();
  head.input = mapping.lookup(input);
  Block &body = declaration->getRegion(0).front();
  mapping.map(body.getArgument(0), head.input);
  for (Operation &op : body.without_terminator())
    write(op, head.ops, head.parameters);
  OperandRange yielded = body.getTerminator()->getOperands();
  head.losses = mapping.lookup(yielded.back());
  if (yielded.size() > 1)
    head.logits = mapping.lookup(yielded.front());
  return head;
}

LogicalResult Primal::Writer::writeBlock(fg::BlockOp block) {
  Segment segment;
  segment.declaration = block;
  Block &body = block.getBody().front();
  for (auto [argument, input] :
       llvm::zip_equal(body.getArguments(), block.getInputs())) {
    mapping.map(argument, mapping.lookup(input));
    segment.inputs.push_back(mapping.lookup(input));
  }
  for (Operation &op : body.without_terminator()) {
    if (auto loss = dyn_cast<fg::LocalLossOp>(op)) {
      if (!withLosses)
        continue;
      if (!segment.losses.empty())
        return loss.emitError("a block has one loss; this is the second one");
      segment.losses.push_back(
          writeHead(loss, loss.getName(), loss.getInput()));
      continue;
    }
    write(op, segment.ops, segment.parameters);
  }
  for (auto [result, yielded] :
       llvm::zip_equal(block.getResults(), body.getTerminator()->getOperands()))
    mapping.map(result, mapping.lookup(yielded));
  primal.segments.push_back(std::move(segment));
  return success();
}

Segment &Primal::Writer::currentSegment() {
  if (primal.segments.empty() || primal.segments.back().declaration)
    primal.segments.emplace_back();
  return primal.segments.back();
}

FailureOr<Primal> Primal::Writer::run(fg::ModelOp model) {
  auto inputs = model.getBody().front().getOps<fg::InputOp>();
  if (inputs.empty())
    return model.emitError("the model has no input");
  for (fg::InputOp input : inputs)
    if (!fg::arrayType(input.getResult()).hasAxis(fg::kBatchAxis))
      return input.emitError("the input '")
             << input.getName() << "' has no axis '" << fg::kBatchAxis << "'";
  for (Operation &op : model.getBody().front()) {
    if (isa<fg::FeedbackOp, fg::PerturbedOp>(op))
      continue; // what rules have found out
    if (isa<fg::LocalLossOp>(op))
      return op.emitError("a loss stands in a block");
    if (auto block = dyn_cast<fg::BlockOp>(op)) {
      if (failed(writeBlock(block)))
        return failure();
    } else if (auto predict = dyn_cast<fg::PredictOp>(op)) {
      primal.readout =
          writeHead(predict, predict.getName(), predict.getInput());
    } else {
      Segment &segment = currentSegment();
      write(op, segment.ops, segment.parameters);
    }
  }
  if (!primal.readout.declaration)
    return model.emitError("the model predicts nothing: add `predict "
                           "readout: ...`");
  return std::move(primal);
}

FailureOr<Primal> Primal::write(OpBuilder &builder, fg::ModelOp model,
                                bool withLosses) {
  return Writer(builder, withLosses).run(model);
}

SmallVector<Operation *> Primal::bodyOps() const {
  SmallVector<Operation *> ops;
  for (const Segment &segment : segments)
    llvm::append_range(ops, segment.ops);
  return ops;
}

SmallVector<ParameterUse> Primal::parameters() const {
  SmallVector<ParameterUse> all;
  llvm::StringSet<> seen;
  auto append = [&](ArrayRef<ParameterUse> uses) {
    for (const ParameterUse &use : uses)
      if (seen.insert(fg::ParameterOp(use.declaration).getPath()).second)
        all.push_back(use);
  };
  for (const Segment &segment : segments) {
    append(segment.parameters);
    for (const Head &head : segment.losses)
      append(head.parameters);
  }
  append(readout.parameters);
  return all;
}

SmallVector<fg::ParameterOp> collectParameters(fg::ModelOp model) {
  SmallVector<fg::ParameterOp> parameters;
  llvm::StringSet<> seen;
  model.walk([&](fg::ParameterOp parameter) {
    if (seen.insert(parameter.getPath()).second)
      parameters.push_back(parameter);
  });
  return parameters;
}

Value createMeanWeight(OpBuilder &builder, Location loc, const Primal &primal) {
  auto type = fg::ArrayType::get(
      builder.getContext(),
      fg::AxisAttr::get(builder.getContext(),
                        builder.getStringAttr(fg::kBatchAxis), primal.batch),
      fg::arrayType(primal.readout.logits).getElementType());
  return fg::ConstantOp::create(builder, loc, type,
                                1.0 / static_cast<double>(primal.batch));
}

Value createBatchMean(OpBuilder &builder, Location loc, Value perSample) {
  fg::ArrayType type = fg::arrayType(perSample);
  int64_t batch = type.getAxes()[type.findAxis(fg::kBatchAxis)].getSize();
  Value sum = fg::SumOp::create(builder, loc, perSample,
                                ArrayRef<StringRef>{fg::kBatchAxis});
  return fg::ScaleOp::create(builder, loc, sum,
                             1.0 / static_cast<double>(batch));
}

} // namespace foregrad::compiler
