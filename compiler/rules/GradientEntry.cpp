//===- GradientEntry.cpp - The entry that a rule writes -------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/rules/Rule.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace foregrad::compiler {

GradientEntry::GradientEntry(fg::ModelOp modelOp,
                             const RuleOptions &ruleOptions)
    : model(modelOp), options(ruleOptions), opBuilder(modelOp.getContext()) {
  opBuilder.setInsertionPointAfter(model);
  entry = fg::EntryOp::create(opBuilder, model.getLoc(), "gradient");
  opBuilder.setInsertionPointToStart(&entry.getBody().emplaceBlock());
}

FailureOr<GradientEntry> GradientEntry::begin(fg::ModelOp model,
                                              const RuleOptions &options) {
  GradientEntry result(model, options);
  FailureOr<Primal> primal =
      Primal::write(result.opBuilder, model, /*withLosses=*/true);
  if (failed(primal))
    return failure();
  result.primalRecord = std::move(*primal);
  return result;
}

void GradientEntry::collect(ArrayRef<ParameterUse> parameters,
                            const DerivativeMap &cotangents) {
  llvm::DenseSet<Value> done; // a part may use a parameter twice
  for (const ParameterUse &use : parameters) {
    Value cotangent = cotangents.lookup(use.value);
    if (!cotangent || !done.insert(use.value).second)
      continue;
    fg::ParameterOp parameter = use.declaration;
    Value &gradient = gradients[parameter.getPathAttr()];
    gradient = gradient && !fg::isZero(gradient)
                   ? fg::AddOp::create(opBuilder, parameter.getLoc(), gradient,
                                       cotangent)
                         .getResult()
                   : cotangent;
  }
}

/// The most elements of an array, as in the language.
static constexpr int64_t kMostElements = int64_t(1) << 31;

FailureOr<Value> GradientEntry::perturb(fg::SiteOpInterface site) {
  Location loc = site.getLoc();
  StringAttr name = opBuilder.getStringAttr(site.getSiteName());
  fg::ArrayType type = fg::arrayType(site->getOperand(0));
  if (options.directions > 1) {
    SmallVector<fg::AxisAttr> axes = {fg::AxisAttr::get(
        opBuilder.getContext(), opBuilder.getStringAttr(kDirectionAxis),
        options.directions)};
    llvm::append_range(axes, type.getAxes());
    if (type.getNumElements() > kMostElements / options.directions)
      return emitError(loc, "the perturbation of '")
             << name.getValue() << "' would have " << type.getNumElements()
             << " elements for each of " << options.directions
             << " directions, more than 2^31 together: take fewer directions "
                "or a smaller batch";
    type = type.cloneWith(axes);
  }
  if (Value known = perturbations.lookup(name)) {
    if (known.getType() == type)
      return known;
    return emitError(loc, "there are two nonlinearities called '")
           << name.getValue() << "'; name them differently";
  }
  Value result;
  if (options.externalPerturbation) {
    result = fg::ReadOp::create(opBuilder, loc, type,
                                (site.getSiteName() + ".perturbation").str(),
                                fg::Role::Perturbation);
  } else {
    if (!seed) {
      auto number = fg::ArrayType::get(opBuilder.getContext(), {},
                                       opBuilder.getI64Type());
      seed = fg::ReadOp::create(opBuilder, loc, number, "seed", fg::Role::Seed);
      step = fg::ReadOp::create(opBuilder, loc, number, "step", fg::Role::Step);
    }
    // Sites are numbered in the order of the model's text.
    auto number = static_cast<uint32_t>(perturbations.size());
    result = fg::PerturbOp::create(opBuilder, loc, type, seed, step, number,
                                   options.perturbation);
  }
  perturbations[name] = result;
  return result;
}

LogicalResult GradientEntry::learnHead(const Head &head) {
  SmallVector<Value> leaves;
  for (const ParameterUse &use : head.parameters)
    leaves.push_back(use.value);
  DerivativeMap cotangents;
  cotangents[head.losses] =
      createMeanWeight(opBuilder, head.losses.getLoc(), primalRecord);
  if (failed(reverseSweep(opBuilder, head.ops, cotangents, {leaves})))
    return failure();
  collect(head.parameters, cotangents);
  return success();
}

void GradientEntry::leaveHead(const Head &head) {
  for (const ParameterUse &use : head.parameters) {
    fg::ParameterOp parameter = use.declaration;
    Value &gradient = gradients[parameter.getPathAttr()];
    if (!gradient)
      gradient = fg::createZeros(opBuilder, parameter.getLoc(),
                                 fg::arrayType(parameter.getResult()));
  }
}

LogicalResult GradientEntry::finish(StringRef rule, StringRef reason) {
  SmallVector<ParameterUse> parameters = primalRecord.parameters();
  if (parameters.empty())
    return primalRecord.readout.declaration->emitError(
        "nothing in this model learns: no layer (linear) leads to the "
        "prediction");
  for (const ParameterUse &use : parameters) {
    fg::ParameterOp parameter = use.declaration;
    Value gradient = gradients.lookup(parameter.getPathAttr());
    if (!gradient) {
      InFlightDiagnostic error =
          parameter.emitError() << "parameter '" << parameter.getPath()
                                << "' gets no gradient under the rule " << rule;
      error.attachNote() << reason;
      return error;
    }
    auto type = fg::arrayType(parameter.getResult());
    if (gradient.getType() != type)
      gradient =
          fg::createExpanded(opBuilder, gradient.getLoc(), gradient, type);
    fg::WriteOp::create(opBuilder, parameter.getLoc(), gradient,
                        (parameter.getPath() + ".grad").str(),
                        fg::Role::Gradient);
  }
  auto writeMean = [&](const Head &head, const llvm::Twine &name) {
    Location loc = head.losses.getLoc();
    fg::WriteOp::create(opBuilder, loc,
                        createBatchMean(opBuilder, loc, head.losses),
                        name.str(), fg::Role::Output);
  };
  for (const Segment &segment : primalRecord.segments)
    for (const Head &head : segment.losses)
      writeMean(head, head.name + ".loss");
  writeMean(primalRecord.readout, "loss");
  fg::WriteOp::create(opBuilder, primalRecord.readout.logits.getLoc(),
                      primalRecord.readout.logits, "logits", fg::Role::Output);

  // What a run uses can be asked for, so that anyone can check the step from
  // outside.
  if (!perturbations.empty() && !options.externalPerturbation) {
    OpBuilder builder(model.getContext());
    builder.setInsertionPointAfter(entry);
    auto dump = fg::EntryOp::create(builder, model.getLoc(), "perturbation");
    builder.setInsertionPointToStart(&dump.getBody().emplaceBlock());
    IRMapping mapping;
    builder.clone(*seed.getDefiningOp(), mapping);
    builder.clone(*step.getDefiningOp(), mapping);
    for (auto &[site, value] : perturbations) {
      Operation *copy = builder.clone(*value.getDefiningOp(), mapping);
      fg::WriteOp::create(builder, copy->getLoc(), copy->getResult(0),
                          (site.getValue() + ".perturbation").str(),
                          fg::Role::Perturbation);
    }
  }
  eraseDeadOps(entry);
  return success();
}

void eraseDeadOps(fg::EntryOp entry) {
  for (Operation &op :
       llvm::make_early_inc_range(llvm::reverse(entry.getBody().front())))
    if (isOpTriviallyDead(&op))
      op.erase();
}

} // namespace foregrad::compiler
