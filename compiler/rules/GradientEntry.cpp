//===- GradientEntry.cpp - The entry that a rule writes -------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/rules/GradientEntry.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace foregrad::compiler {

static constexpr StringLiteral kPerturbationNames[] = {"gaussian", "rademacher",
                                                       "orthogonal"};

StringRef perturbationName(Perturbation law) {
  return kPerturbationNames[static_cast<size_t>(law)];
}

std::optional<Perturbation> findPerturbation(StringRef name) {
  const auto *found = llvm::find(kPerturbationNames, name);
  if (found == std::end(kPerturbationNames))
    return std::nullopt;
  return static_cast<Perturbation>(found - std::begin(kPerturbationNames));
}

fg::NoiseLaw drawnLaw(Perturbation law) {
  return law == Perturbation::Gaussian ? fg::NoiseLaw::Gaussian
                                       : fg::NoiseLaw::Rademacher;
}

fg::ArrayType withDirections(fg::ArrayType type, int64_t directions) {
  MLIRContext *context = type.getContext();
  SmallVector<fg::AxisAttr> axes = {fg::AxisAttr::get(
      context, StringAttr::get(context, kDirectionAxis), directions)};
  llvm::append_range(axes, type.getAxes());
  return type.cloneWith(axes);
}

GradientEntry::GradientEntry(fg::ModelOp modelOp, StringRef rule,
                             const RuleOptions &ruleOptions,
                             Purpose entryPurpose)
    : model(modelOp), ruleName(rule), options(ruleOptions),
      purpose(entryPurpose), opBuilder(modelOp.getContext()) {
  if (purpose == Purpose::Learn)
    opBuilder.setInsertionPointAfter(model);
  else
    opBuilder.setInsertionPointToEnd(model->getBlock());
  entry = fg::EntryOp::create(opBuilder, model.getLoc(),
                              purpose == Purpose::Learn ? "gradient" : "exact");
  opBuilder.setInsertionPointToStart(&entry.getBody().emplaceBlock());
}

FailureOr<GradientEntry> GradientEntry::begin(fg::ModelOp model, StringRef rule,
                                              const RuleOptions &options,
                                              Purpose purpose) {
  GradientEntry result(model, rule, options, purpose);
  FailureOr<Primal> primal =
      Primal::write(result.opBuilder, model, /*withLosses=*/true);
  if (failed(primal))
    return failure();
  result.primalRecord = std::move(*primal);
  if (!options.normGradient)
    for (Operation &op : result.entry.getBody().front())
      if (auto norm = dyn_cast<fg::NormalizationOpInterface>(op))
        norm.freezeStatistics();
  return result;
}

void GradientEntry::addGradient(fg::ParameterOp parameter, Value gradient) {
  Value &known = gradients[parameter.getPathAttr()];
  known =
      known && !fg::isZero(known)
          ? fg::AddOp::create(opBuilder, parameter.getLoc(), known, gradient)
                .getResult()
          : gradient;
}

void GradientEntry::collect(ArrayRef<ParameterUse> parameters,
                            const DerivativeMap &cotangents) {
  llvm::DenseSet<Value> done; // a part may use a parameter twice
  for (const ParameterUse &use : parameters) {
    Value cotangent = cotangents.lookup(use.value);
    if (cotangent && done.insert(use.value).second)
      addGradient(use.declaration, cotangent);
  }
}

/// The most elements of an array, as in the language.
static constexpr int64_t kMostElements = int64_t(1) << 31;

FailureOr<Value> GradientEntry::perturb(StringRef name, Location loc,
                                        fg::ArrayType type, Value rows) {
  StringAttr key = opBuilder.getStringAttr(name);
  fg::ArrayType own = type; // without directions
  if (options.directions > 1) {
    if (type.getNumElements() > kMostElements / options.directions)
      return emitError(loc, "the perturbation of '")
             << name << "' would have " << type.getNumElements()
             << " elements for each of " << options.directions
             << " directions, more than 2^31 together: take fewer directions "
                "or a smaller batch";
    type = withDirections(type, options.directions);
  }
  if (Value known = perturbations.lookup(key)) {
    if (known.getType() == type)
      return known;
    return emitError(loc, "there are two nonlinearities called '")
           << name << "'; name them differently";
  }
  Value result;
  if (options.externalPerturbation) {
    result =
        fg::ReadOp::create(opBuilder, loc, type, (name + ".perturbation").str(),
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
    auto law = static_cast<fg::Law>(drawnLaw(options.perturbation));
    result = fg::PerturbOp::create(opBuilder, loc, rows ? own : type, seed,
                                   step, number, law);
    if (rows)
      result = fg::createExpanded(
          opBuilder, loc, fg::MulOp::create(opBuilder, loc, result, rows),
          type);
  }
  perturbations[key] = result;
  return result;
}

Value GradientEntry::feedback(const llvm::Twine &path, Location loc,
                              fg::ArrayType type, double scale) {
  StringAttr key = opBuilder.getStringAttr(path);
  Feedback &known = feedbacks[key];
  if (!known.value) {
    // Where every use can see it.
    OpBuilder::InsertionGuard guard(opBuilder);
    opBuilder.setInsertionPointToStart(&entry.getBody().front());
    known.value = fg::ReadOp::create(opBuilder, loc, type, key.getValue(),
                                     fg::Role::Feedback);
    known.scale = scale;
  }
  return known.value;
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

LogicalResult GradientEntry::finish(StringRef reason) {
  SmallVector<ParameterUse> parameters = primalRecord.parameters();
  if (parameters.empty())
    return primalRecord.readout.declaration->emitError(
        "nothing in this model learns: no layer (linear) leads to the "
        "prediction");
  for (const ParameterUse &use : parameters) {
    fg::ParameterOp parameter = use.declaration;
    Value gradient = gradients.lookup(parameter.getPathAttr());
    if (!gradient && purpose == Purpose::Compare)
      gradient = fg::createZeros(opBuilder, parameter.getLoc(),
                                 fg::arrayType(parameter.getResult()));
    if (!gradient) {
      InFlightDiagnostic error = parameter.emitError()
                                 << "parameter '" << parameter.getPath()
                                 << "' gets no gradient under the rule "
                                 << ruleName;
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

  writePerturbationEntry();
  eraseDeadOps(entry);
  declareFeedback();
  writePerturbed();
  return success();
}

void GradientEntry::declarePerturbed(PerturbedValues values) {
  for (PerturbedValues &known : perturbed) {
    if (known.name != values.name)
      continue;
    known.units += values.units;
    for (Attribute path : values.parameters)
      if (!llvm::is_contained(known.parameters, path))
        known.parameters.push_back(path);
    return;
  }
  perturbed.push_back(std::move(values));
}

void GradientEntry::writePerturbed() {
  OpBuilder builder(model.getContext());
  builder.setInsertionPointToEnd(&model.getBody().front());
  for (const PerturbedValues &values : perturbed)
    fg::PerturbedOp::create(builder, model.getLoc(), values.name, values.units,
                            values.acting, values.loss, values.shared,
                            builder.getArrayAttr(values.parameters));
}

/// The feedback arrays that are used become part of the model.
void GradientEntry::declareFeedback() {
  llvm::StringMap<fg::ReadOp> used;
  for (auto read : entry.getBody().front().getOps<fg::ReadOp>())
    if (read.getRole() == fg::Role::Feedback)
      used[read.getName()] = read;
  OpBuilder builder(model.getContext());
  builder.setInsertionPointToEnd(&model.getBody().front());
  for (auto &[path, feedback] : feedbacks)
    if (fg::ReadOp read = used.lookup(path.getValue()))
      fg::FeedbackOp::create(builder, read.getLoc(), path.getValue(),
                             llvm::APFloat(feedback.scale), read.getType());
}

/// Clones what `value` is computed from, as far as `mapping` lacks it.
static Value cloneSlice(OpBuilder &builder, Value value, IRMapping &mapping) {
  if (Value known = mapping.lookupOrNull(value))
    return known;
  Operation *op = value.getDefiningOp();
  for (Value operand : op->getOperands())
    cloneSlice(builder, operand, mapping);
  builder.clone(*op, mapping);
  return mapping.lookup(value);
}

/// What a run uses can be asked for, so that anyone can check the step from
/// outside.
void GradientEntry::writePerturbationEntry() {
  if (perturbations.empty() || options.externalPerturbation)
    return;
  OpBuilder builder(model.getContext());
  builder.setInsertionPointAfter(entry);
  auto dump = fg::EntryOp::create(builder, model.getLoc(), "perturbation",
                                  /*rare=*/true);
  builder.setInsertionPointToStart(&dump.getBody().emplaceBlock());
  IRMapping mapping;
  for (auto &[name, value] : perturbations)
    fg::WriteOp::create(
        builder, value.getLoc(), cloneSlice(builder, value, mapping),
        (name.getValue() + ".perturbation").str(), fg::Role::Perturbation);
}

void eraseDeadOps(fg::EntryOp entry) {
  for (Operation &op :
       llvm::make_early_inc_range(llvm::reverse(entry.getBody().front())))
    if (isOpTriviallyDead(&op))
      op.erase();
}

} // namespace foregrad::compiler
