//===- Forward.cpp - Learning from the effect of perturbations ------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/rules/Forward.h"
#include "compiler/rules/Reverse.h"

using namespace mlir;

namespace foregrad::compiler {

Value createSupported(OpBuilder &builder, fg::SiteOpInterface site,
                      Value perturbation) {
  Value support = site.support(builder);
  if (!support)
    return perturbation;
  return fg::MulOp::create(builder, site.getLoc(), perturbation, support);
}

/// u s, averaged over the directions.
static Value createEstimate(OpBuilder &builder, Location loc,
                            Value perturbation, Value changes) {
  int64_t at = fg::arrayType(perturbation).findAxis(kDirectionAxis);
  Value product = fg::MulOp::create(builder, loc, perturbation, changes);
  if (at < 0)
    return product;
  int64_t directions = fg::arrayType(perturbation).getAxes()[at].getSize();
  Value sum = fg::SumOp::create(builder, loc, product,
                                ArrayRef<StringRef>{kDirectionAxis});
  return fg::ScaleOp::create(builder, loc, sum,
                             1.0 / static_cast<double>(directions));
}

/// It is an error if a parameter acts on the loss past all nonlinearities as
/// well: the estimate would lack that part without a word.
static LogicalResult checkNoneAvoidsSites(GradientEntry &entry,
                                          const Part &part,
                                          const Influence &influence,
                                          const DerivativeMap &cotangents) {
  for (const ParameterUse &use : part.parameters) {
    if (!influence.avoidsSites(use.value) || !cotangents.lookup(use.value))
      continue;
    fg::ParameterOp parameter = use.declaration;
    InFlightDiagnostic error =
        parameter.emitError()
        << "parameter '" << parameter.getPath()
        << "' gets a part of its gradient only under the rule " << entry.rule();
    error.attachNote()
        << "it acts on "
        << (isa<fg::LocalLossOp>(part.head->declaration) ? "the block's loss"
                                                         : "the prediction")
        << " on a way without a nonlinearity (relu) too, where nothing is "
           "perturbed";
    return error;
  }
  return success();
}

static Influence influenceOn(const Part &part) {
  return Influence(part.ops, part.head->input, part.per);
}

//===----------------------------------------------------------------------===//
// Activities
//===----------------------------------------------------------------------===//

/// The paths of the part's parameters whose reads are among `values`.
static SmallVector<Attribute> pathsOf(const Part &part,
                                      const llvm::DenseSet<Value> &values) {
  llvm::SetVector<Attribute> paths;
  for (const ParameterUse &use : part.parameters)
    if (values.contains(use.value))
      paths.insert(fg::ParameterOp(use.declaration).getPathAttr());
  return llvm::to_vector(paths);
}

/// Perturbations of all sites that reach the loss. The orthogonal law lays the
/// sites that act on one copy side by side in one frame.
static FailureOr<Directions> perturbActivities(GradientEntry &entry,
                                               const Part &part) {
  Influence influence = influenceOn(part);
  SmallVector<fg::SiteOpInterface> sites;
  int64_t frame = 0, offset = 0;
  for (Operation *op : part.ops) {
    auto site = dyn_cast<fg::SiteOpInterface>(op);
    // By the way through this site: its operand may go elsewhere too.
    if (!site || !influence.reaches(op->getResult(0)))
      continue;
    sites.push_back(site);
    frame += influence.countUnits(op->getOperand(0));
  }
  Directions directions;
  for (fg::SiteOpInterface site : sites) {
    Value operand = site->getOperand(0);
    Value rows;
    if (entry.wantsRows()) {
      rows =
          influence.createRows(entry.builder(), site.getLoc(), operand,
                               entry.ruleOptions().directions, offset, frame);
      offset += influence.countUnits(operand);
    }
    FailureOr<Value> perturbation = entry.perturb(
        site.getSiteName(), site.getLoc(), fg::arrayType(operand), rows);
    if (failed(perturbation))
      return failure();
    directions.sites[site] = *perturbation;
    entry.declarePerturbed({site.getSiteName().str(),
                            influence.countUnits(operand), frame,
                            part.head->name, /*shared=*/false,
                            pathsOf(part, collectLayer(part.ops, operand))});
  }
  return directions;
}

static LogicalResult estimateActivities(GradientEntry &entry, const Part &part,
                                        const Directions &directions,
                                        Value changes) {
  OpBuilder &builder = entry.builder();
  Influence influence = influenceOn(part);
  DerivativeMap cotangents;
  for (auto &[op, perturbation] : directions.sites) {
    auto site = cast<fg::SiteOpInterface>(op);
    Value operand = op->getOperand(0);
    Value heard = influence.createSum(builder, site.getLoc(), changes, operand);
    Value gradient =
        createEstimate(builder, site.getLoc(),
                       createSupported(builder, site, perturbation), heard);
    Value &known = cotangents[operand];
    known = known ? fg::AddOp::create(builder, site.getLoc(), known, gradient)
                        .getResult()
                  : gradient;
  }
  SmallVector<Value> leaves = llvm::map_to_vector(
      part.parameters, [](const ParameterUse &use) { return use.value; });
  if (failed(reverseSweep(builder, part.ops, cotangents,
                          {leaves, /*stopAtSites=*/true})) ||
      failed(checkNoneAvoidsSites(entry, part, influence, cotangents)))
    return failure();
  entry.collect(part.parameters, cotangents);
  return success();
}

const Method byActivities = {perturbActivities, estimateActivities};

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

static FailureOr<Directions> perturbWeights(GradientEntry &entry,
                                            const Part &part) {
  Influence influence = influenceOn(part);
  llvm::MapVector<Value, fg::ParameterOp> parameters;
  int64_t frame = 0, offset = 0;
  for (const ParameterUse &use : part.parameters)
    if (influence.reaches(use.value) &&
        parameters.insert({use.value, use.declaration}).second)
      frame += fg::arrayType(use.value).getNumElements();

  Directions directions;
  for (auto &[value, parameter] : parameters) {
    auto type = fg::arrayType(value);
    Value rows;
    if (entry.wantsRows()) {
      rows = fg::OrthogonalRowsOp::create(
          entry.builder(), parameter.getLoc(),
          withDirections(type, entry.ruleOptions().directions),
          static_cast<uint64_t>(offset), static_cast<uint64_t>(frame));
      offset += type.getNumElements();
    }
    FailureOr<Value> perturbation =
        entry.perturb(parameter.getPath(), parameter.getLoc(), type, rows);
    if (failed(perturbation))
      return failure();
    directions.parameters[value] = *perturbation;
    entry.declarePerturbed({parameter.getPath().str(),
                            type.getNumElements(),
                            frame,
                            part.head->name,
                            /*shared=*/true,
                            {parameter.getPathAttr()}});
  }
  return directions;
}

static LogicalResult estimateWeights(GradientEntry &entry, const Part &part,
                                     const Directions &directions,
                                     Value changes) {
  Influence influence = influenceOn(part);
  llvm::DenseSet<Value> done;
  for (const ParameterUse &use : part.parameters) {
    Value perturbation = directions.parameters.lookup(use.value);
    if (!perturbation || !done.insert(use.value).second)
      continue;
    fg::ParameterOp parameter = use.declaration;
    Location loc = parameter.getLoc();
    Value heard = influence.createSumForParameter(entry.builder(), loc, changes,
                                                  use.value);
    entry.addGradient(
        parameter, createEstimate(entry.builder(), loc, perturbation, heard));
  }
  return success();
}

const Method byWeights = {perturbWeights, estimateWeights};

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

static LogicalResult learnParts(GradientEntry &entry, ArrayRef<Part> parts,
                                const Method &method, Change change) {
  if (change == Change::FiniteStep) {
    SmallVector<Directions> all;
    for (const Part &part : parts) {
      FailureOr<Directions> directions = method.perturb(entry, part);
      if (failed(directions))
        return failure();
      all.push_back(std::move(*directions));
    }
    FiniteStep step(entry, all);
    for (auto [part, directions] : llvm::zip_equal(parts, all))
      if (Value changes = step.changeOf(part))
        if (failed(method.estimate(entry, part, directions, changes)))
          return failure();
    return success();
  }
  for (const Part &part : parts) {
    FailureOr<Directions> directions = method.perturb(entry, part);
    if (failed(directions))
      return failure();
    FailureOr<Value> changes = tangentOfLosses(entry, part, *directions);
    if (failed(changes))
      return failure();
    // Where nothing is perturbed, finish() names what lacks a gradient.
    if (*changes && failed(method.estimate(entry, part, *directions, *changes)))
      return failure();
  }
  return success();
}

LogicalResult learnFromOwnParts(GradientEntry &entry, const Method &method,
                                Change change) {
  if (failed(checkOwnLosses(entry)))
    return failure();
  SmallVector<Part> parts;
  for (const Segment &segment : entry.primal().segments) {
    for (const Head &head : segment.losses)
      if (failed(entry.learnHead(head)))
        return failure();
    if (segment.parameters.empty())
      continue;
    Part part{segment.ops, segment.parameters, &segment.losses.front(), {}};
    auto loss = cast<fg::LocalLossOp>(part.head->declaration);
    for (Attribute name : loss.getPer())
      part.per.push_back(cast<StringAttr>(name).getValue());
    parts.push_back(std::move(part));
  }
  if (failed(learnParts(entry, parts, method, change)) ||
      failed(entry.learnHead(entry.primal().readout)))
    return failure();
  return entry.finish("no perturbed nonlinearity (relu) of its block follows "
                      "it on the way to the block's loss");
}

LogicalResult learnFromWholeModel(GradientEntry &entry, const Method &method,
                                  Change change) {
  Primal &primal = entry.primal();
  Part part{primal.bodyOps(), {}, &primal.readout, {}};
  for (const Segment &segment : primal.segments) {
    llvm::append_range(part.parameters, segment.parameters);
    for (const Head &head : segment.losses)
      if (failed(entry.learnHead(head)))
        return failure();
  }
  if (failed(learnParts(entry, part, method, change)) ||
      failed(entry.learnHead(primal.readout)))
    return failure();
  return entry.finish("no perturbed nonlinearity (relu) follows it on the way "
                      "to the prediction");
}

} // namespace foregrad::compiler
