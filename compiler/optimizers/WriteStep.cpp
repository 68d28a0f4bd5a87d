//===- WriteStep.cpp - The entry `step` -----------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/optimizers/Optimizer.h"
#include "compiler/rules/Rule.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace foregrad::compiler {

namespace {

struct WriteStepPass : PassWrapper<WriteStepPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(WriteStepPass)

  explicit WriteStepPass(StringRef name = "sgd") { optimizer = name.str(); }
  WriteStepPass(const WriteStepPass &other) : PassWrapper(other) {
    copyOptionValuesFrom(&other);
  }

  StringRef getArgument() const override { return "fg-write-step"; }
  StringRef getDescription() const override {
    return "Writes the entry `step` from `gradient`: the optimizer's update in "
           "place of the gradients";
  }

  void runOnOperation() override {
    const OptimizerInfo *info = findOptimizer(optimizer);
    if (!info) {
      getOperation().emitError("unknown optimizer '") << optimizer << "'";
      return signalPassFailure();
    }
    fg::ModelOp model;
    fg::EntryOp gradient;
    for (auto op : getOperation().getOps<fg::ModelOp>())
      model = op;
    for (auto op : getOperation().getOps<fg::EntryOp>())
      if (op.getName() == "gradient")
        gradient = op;
    if (!model || !gradient) {
      getOperation().emitError("fg-write-step needs a model and its entry "
                               "`gradient`: apply a rule first");
      return signalPassFailure();
    }
    write(model, gradient, *info);
  }

  void write(fg::ModelOp model, fg::EntryOp gradient,
             const OptimizerInfo &info) {
    llvm::StringMap<fg::ParameterOp> parameters;
    for (fg::ParameterOp parameter : collectParameters(model))
      parameters[parameter.getPath()] = parameter;

    OpBuilder builder(gradient.getContext());
    builder.setInsertionPointAfter(gradient);
    auto step = cast<fg::EntryOp>(builder.clone(*gradient));
    step.setName("step");
    llvm::StringMap<Value> hypers, counters;
    builder.setInsertionPointToEnd(&step.getBody().front());
    for (auto write :
         llvm::to_vector(step.getBody().front().getOps<fg::WriteOp>())) {
      if (write.getRole() == fg::Role::Gradient)
        writeUpdate(builder, info, hypers, counters,
                    parameters.lookup(
                        write.getName().drop_back(StringRef(".grad").size())),
                    write.getValue());
      else if (write.getName() == "loss" || write.getName() == "logits")
        continue;
      write.erase(); // gradients, and the blocks' losses: `gradient` gives them
    }
    eraseDeadOps(step);
  }

  /// `hypers` and `counters` hold what was written for parameters before.
  void writeUpdate(OpBuilder &builder, const OptimizerInfo &info,
                   llvm::StringMap<Value> &hypers,
                   llvm::StringMap<Value> &counters, fg::ParameterOp parameter,
                   Value gradient) {
    // What takes no part in learning stays as it is: no decay, no state.
    if (fg::isZero(gradient))
      return;
    Location loc = parameter.getLoc();
    auto type = fg::arrayType(parameter.getResult());
    auto number =
        fg::ArrayType::get(builder.getContext(), {}, type.getElementType());
    auto hyper = [&](StringRef name) -> Value {
      Value &read = hypers[name];
      if (!read)
        read = fg::ReadOp::create(builder, loc, number, name, fg::Role::Hyper);
      return read;
    };
    auto path = [&](StringRef name) {
      return (parameter.getPath() + "." + name).str();
    };
    auto state = [&](StringRef name) -> Value {
      return fg::ReadOp::create(builder, loc, type, path(name),
                                fg::Role::State);
    };
    auto setState = [&](StringRef name, Value value) {
      fg::WriteOp::create(builder, loc, value, path(name), fg::Role::State);
    };
    auto counter = [&](StringRef name,
                       llvm::function_ref<Value(Value)> next) -> Value {
      Value &after = counters[name];
      if (after)
        return after;
      std::string path = ("optimizer." + name).str();
      after =
          next(fg::ReadOp::create(builder, loc, number, path, fg::Role::State));
      fg::WriteOp::create(builder, loc, after, path, fg::Role::State);
      return after;
    };
    auto rate = [&]() -> Value {
      std::optional<StringRef> group = parameter.getRateGroup();
      if (!group)
        return hyper("rate");
      Value &read = hypers[("rate*" + *group).str()];
      if (!read)
        read = fg::MulOp::create(builder, loc, hyper("rate"), hyper(*group));
      return read;
    };
    Value value = fg::ReadOp::create(builder, loc, type, parameter.getPath(),
                                     fg::Role::Parameter);
    UpdateBuilder update{
        builder, loc,   value,    gradient, parameter.getDecay(),
        hyper,   state, setState, counter,  rate};
    Value updated = info.update(update);
    fg::WriteOp::create(builder, loc, updated, parameter.getPath(),
                        fg::Role::Parameter);
  }

  Option<std::string> optimizer{*this, "optimizer",
                                llvm::cl::desc("name of the optimizer"),
                                llvm::cl::init("sgd")};
};

} // namespace

std::unique_ptr<Pass> createWriteStepPass(StringRef optimizer) {
  return std::make_unique<WriteStepPass>(optimizer);
}

void registerEntryPasses() {
  ::mlir::registerPass([] { return createWriteStepPass("sgd"); });
  ::mlir::registerPass(createWriteEntriesPass);
  ::mlir::registerPass(createReadBytesPass);
}

} // namespace foregrad::compiler
