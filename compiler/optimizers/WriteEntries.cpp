//===- WriteEntries.cpp - The entries `init`, `eval`, `predict` -----------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/optimizers/Optimizer.h"
#include "compiler/rules/Rule.h"

using namespace mlir;

namespace foregrad::compiler {
namespace {

/// Streams of random numbers for parameters start here, above those of sites.
constexpr uint32_t kFirstParameterStream = 1u << 20;

struct WriteEntriesPass
    : PassWrapper<WriteEntriesPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(WriteEntriesPass)

  StringRef getArgument() const override { return "fg-write-entries"; }
  StringRef getDescription() const override {
    return "Writes the entries `init`, `eval` and `predict` from the model";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<fg::FgDialect>();
  }

  void runOnOperation() override {
    for (auto model : llvm::to_vector(getOperation().getOps<fg::ModelOp>())) {
      writeInit(model);
      if (failed(writeForward(model, "eval", /*withLosses=*/true)) ||
          failed(writeForward(model, "predict", /*withLosses=*/false)))
        return signalPassFailure();
    }
  }

  fg::EntryOp beginEntry(OpBuilder &builder, fg::ModelOp model,
                         StringRef name) {
    builder.setInsertionPointToEnd(getOperation().getBody());
    auto entry = fg::EntryOp::create(builder, model.getLoc(), name);
    builder.setInsertionPointToStart(&entry.getBody().emplaceBlock());
    return entry;
  }

  /// Every parameter has a stream of its own, numbered in the order of the
  /// model's text, so that no two start alike.
  void writeInit(fg::ModelOp model) {
    OpBuilder builder(model.getContext());
    fg::EntryOp entry = beginEntry(builder, model, "init");
    entry.setRare(true);
    auto number =
        fg::ArrayType::get(builder.getContext(), {}, builder.getI64Type());
    Location loc = model.getLoc();
    Value seed =
        fg::ReadOp::create(builder, loc, number, "seed", fg::Role::Seed);
    Value step = fg::ConstantOp::create(builder, loc, number, 0.0);
    uint32_t stream = kFirstParameterStream;
    for (fg::ParameterOp parameter : collectParameters(model)) {
      auto type = fg::arrayType(parameter.getResult());
      Value value;
      switch (parameter.getInit()) {
      case fg::Init::Zero:
        value = fg::createZeros(builder, parameter.getLoc(), type);
        break;
      case fg::Init::Normal:
        value = fg::PerturbOp::create(builder, parameter.getLoc(), type, seed,
                                      step, stream, fg::Law::Gaussian);
        value = fg::ScaleOp::create(builder, parameter.getLoc(), value,
                                    parameter.getScale().convertToDouble());
        break;
      }
      ++stream;
      fg::WriteOp::create(builder, parameter.getLoc(), value,
                          parameter.getPath(), fg::Role::Parameter);
    }
    for (auto feedback : model.getBody().front().getOps<fg::FeedbackOp>()) {
      Value value = fg::PerturbOp::create(
          builder, feedback.getLoc(), cast<fg::ArrayType>(feedback.getArray()),
          seed, step, stream++, fg::Law::Gaussian);
      value = fg::ScaleOp::create(builder, feedback.getLoc(), value,
                                  feedback.getScale().convertToDouble());
      fg::WriteOp::create(builder, feedback.getLoc(), value, feedback.getPath(),
                          fg::Role::Feedback);
    }
    eraseDeadOps(entry);
  }

  /// What the logits say of each class, where the loss takes them for
  /// logarithms of probabilities; null for other losses.
  Value writeProbabilities(OpBuilder &builder, const Head &readout) {
    auto loss = readout.losses.getDefiningOp<fg::CrossEntropyOp>();
    if (!loss || loss.getPrediction() != readout.logits)
      return Value();
    return fg::SoftmaxOp::create(builder, loss.getLoc(), readout.logits,
                                 loss.getOver());
  }

  LogicalResult writeForward(fg::ModelOp model, StringRef name,
                             bool withLosses) {
    OpBuilder builder(model.getContext());
    fg::EntryOp entry = beginEntry(builder, model, name);
    FailureOr<Primal> primal = Primal::write(builder, model, false);
    if (failed(primal))
      return failure();
    Location loc = primal->readout.declaration->getLoc();
    fg::WriteOp::create(builder, loc, primal->readout.logits, "logits",
                        fg::Role::Output);
    if (withLosses)
      fg::WriteOp::create(builder, loc, primal->readout.losses, "losses",
                          fg::Role::Output);
    else if (Value probabilities = writeProbabilities(builder, primal->readout))
      fg::WriteOp::create(builder, loc, probabilities, "probabilities",
                          fg::Role::Output);
    eraseDeadOps(entry);
    return success();
  }
};

} // namespace

std::unique_ptr<Pass> createWriteEntriesPass() {
  return std::make_unique<WriteEntriesPass>();
}

} // namespace foregrad::compiler
