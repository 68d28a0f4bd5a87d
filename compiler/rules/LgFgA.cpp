//===- LgFgA.cpp - Local greedy forward gradients, activities perturbed ---===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// `lg-fg-a`, the paper's rule (Ren et al. 2023, sections 3 and 4): every block
// learns from its own replicated loss L_b by forward mode, with its sites
// perturbed; no derivative crosses a block's border.
//
// One forward sweep carries primal and tangent; at each site the perturbation u
// is added to the tangent. A unit then takes the loss tangents of all copies
// that it can influence, s, and estimates its own gradient as
//
//   dz = s u m / directions      (m: where the nonlinearity has a slope)
//
// Which copies those are is read off the ops between site and loss
// (Influence.h): a channel or group layer reaches its own token and group only,
// a token layer every group of its token. From dz the exact VJP leads to the
// layer's own weights.
//
//===----------------------------------------------------------------------===//

#include "compiler/rules/Influence.h"
#include "compiler/rules/Rule.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace foregrad::compiler {

/// The replicated loss's tangent for each copy: `[direction?, batch, per...]`,
/// weighted with 1/batch.
static Value createLossTangent(GradientEntry &entry, const Head &head,
                               Value tangent) {
  OpBuilder &builder = entry.builder();
  auto loss = cast<fg::LocalLossOp>(head.declaration);
  MLIRContext *context = builder.getContext();
  fg::ArrayType inputType = fg::arrayType(head.input);
  fg::ArrayType tangentType = fg::arrayType(tangent);
  SmallVector<fg::AxisAttr> axes;
  for (fg::AxisAttr axis : tangentType.getAxes())
    if (!inputType.hasAxis(axis.getName().getValue()))
      axes.push_back(axis);
  auto addAxis = [&](StringRef name) {
    axes.push_back(inputType.getAxes()[inputType.findAxis(name)]);
  };
  addAxis(fg::kBatchAxis);
  for (Attribute name : loss.getPer())
    addAxis(cast<StringAttr>(name).getValue());

  Value weight = createMeanWeight(builder, loss.getLoc(), entry.primal());
  auto op = fg::ReplicatedTangentOp::create(
      builder, loss.getLoc(),
      fg::ArrayType::get(context, axes, inputType.getElementType()),
      loss.getPer(), head.input, tangent, weight);

  // The region is the head as the entry holds it, so that parameters and labels
  // are those that the entry has read.
  OpBuilder::InsertionGuard guard(builder);
  Block &body = op.getBody().emplaceBlock();
  IRMapping mapping;
  mapping.map(head.input, body.addArgument(inputType, loss.getLoc()));
  builder.setInsertionPointToStart(&body);
  for (Operation *headOp : head.ops)
    builder.clone(*headOp, mapping);
  fg::YieldOp::create(builder, loss.getLoc(),
                      ValueRange{mapping.lookupOrDefault(head.losses)});
  return op.getResult();
}

/// dz = s u m / directions.
static Value createSiteGradient(OpBuilder &builder, fg::SiteOpInterface site,
                                Value influence, Value perturbation) {
  Location loc = site.getLoc();
  Value gradient;
  if (int64_t at = fg::arrayType(perturbation).findAxis(kDirectionAxis);
      at >= 0) {
    int64_t directions = fg::arrayType(perturbation).getAxes()[at].getSize();
    Value product = fg::MulOp::create(builder, loc, perturbation, influence);
    gradient = fg::SumOp::create(builder, loc, product,
                                 ArrayRef<StringRef>{kDirectionAxis});
    gradient = fg::ScaleOp::create(builder, loc, gradient,
                                   1.0 / static_cast<double>(directions));
  } else {
    gradient = fg::MulOp::create(builder, loc, perturbation, influence);
  }
  if (Value support = site.support(builder))
    gradient = fg::MulOp::create(builder, loc, gradient, support);
  return gradient;
}

/// It is an error if a parameter acts on the loss past all nonlinearities as
/// well: the estimate would lack that part without a word.
static LogicalResult checkNoneAvoidsSites(const Segment &segment,
                                          const Influence &influence,
                                          const DerivativeMap &cotangents) {
  for (const ParameterUse &use : segment.parameters) {
    if (!influence.avoidsSites(use.value) || !cotangents.lookup(use.value))
      continue;
    fg::ParameterOp parameter = use.declaration;
    InFlightDiagnostic error =
        parameter.emitError()
        << "parameter '" << parameter.getPath()
        << "' gets a part of its gradient only under the rule lg-fg-a";
    error.attachNote() << "it acts on the block's loss on a way without a "
                          "nonlinearity (relu) too, where nothing is perturbed";
    return error;
  }
  return success();
}

/// One block: forward sweep, loss tangents, and from every site the VJP to its
/// weights.
static LogicalResult learnBlock(GradientEntry &entry, const Segment &segment) {
  OpBuilder &builder = entry.builder();
  const Head &head = segment.losses.front();
  auto loss = cast<fg::LocalLossOp>(head.declaration);

  llvm::MapVector<Operation *, Value> perturbations;
  for (Operation *op : segment.ops) {
    auto site = dyn_cast<fg::SiteOpInterface>(op);
    if (!site)
      continue;
    FailureOr<Value> perturbation = entry.perturb(site);
    if (failed(perturbation))
      return failure();
    perturbations[op] = *perturbation;
  }

  // Greedy: what enters the block is constant to it. The fusion phase drops the
  // zeros.
  DerivativeMap tangents;
  for (Value input : segment.inputs)
    tangents[input] =
        fg::createZeros(builder, loss.getLoc(), fg::arrayType(input));
  auto atSite = [&](fg::SiteOpInterface site, Value incoming) -> Value {
    Value perturbation = perturbations.lookup(site);
    if (!incoming)
      return perturbation;
    return fg::AddOp::create(builder, site.getLoc(), perturbation, incoming);
  };
  if (failed(forwardSweep(builder, segment.ops, tangents, atSite)))
    return failure();
  Value tangent = tangents.lookup(head.input);
  if (!tangent || perturbations.empty())
    return success(); // nothing here is perturbed; finish() names what lacks a
                      // gradient
  Value lossTangents = createLossTangent(entry, head, tangent);

  SmallVector<StringRef> per;
  for (Attribute name : loss.getPer())
    per.push_back(cast<StringAttr>(name).getValue());
  Influence influence(segment.ops, head.input, per);
  DerivativeMap cotangents;
  for (auto &[op, perturbation] : perturbations) {
    auto site = cast<fg::SiteOpInterface>(op);
    // By the way through this site: its operand may go elsewhere too.
    if (!influence.reaches(op->getResult(0)))
      continue;
    Value operand = op->getOperand(0);
    Value sum =
        influence.createSum(builder, site.getLoc(), lossTangents, operand);
    Value gradient = createSiteGradient(builder, site, sum, perturbation);
    Value &known = cotangents[operand];
    known = known ? fg::AddOp::create(builder, site.getLoc(), known, gradient)
                        .getResult()
                  : gradient;
  }
  SmallVector<Value> leaves = llvm::map_to_vector(
      segment.parameters, [](const ParameterUse &use) { return use.value; });
  if (failed(reverseSweep(builder, segment.ops, cotangents,
                          {leaves, /*stopAtSites=*/true})) ||
      failed(checkNoneAvoidsSites(segment, influence, cotangents)))
    return failure();
  entry.collect(segment.parameters, cotangents);
  return success();
}

namespace {

struct LgFgAPass : PassWrapper<LgFgAPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LgFgAPass)

  explicit LgFgAPass(const RuleOptions &defaults = {}) {
    directions = defaults.directions;
    perturbation = fg::stringifyLaw(defaults.perturbation).str();
    external = defaults.externalPerturbation;
  }
  LgFgAPass(const LgFgAPass &other) : PassWrapper(other) {
    copyOptionValuesFrom(&other);
  }

  StringRef getArgument() const override { return "fg-rule-lg-fg-a"; }
  StringRef getDescription() const override {
    return "Adds the entry `gradient`: local greedy forward gradients, "
           "activities perturbed";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<fg::FgDialect>();
  }

  void runOnOperation() override {
    RuleOptions options;
    options.directions = directions;
    options.externalPerturbation = external;
    std::optional<fg::Law> law = fg::symbolizeLaw(perturbation);
    if (!law || directions < 1 || directions > kMostDirections) {
      getOperation().emitError(
          "fg-rule-lg-fg-a: expected directions from 1 to ")
          << kMostDirections << " and perturbation gaussian or rademacher";
      return signalPassFailure();
    }
    options.perturbation = *law;
    for (auto model : llvm::to_vector(getOperation().getOps<fg::ModelOp>()))
      if (failed(apply(model, options)))
        return signalPassFailure();
  }

  LogicalResult apply(fg::ModelOp model, const RuleOptions &options) {
    FailureOr<GradientEntry> entry = GradientEntry::begin(model, options);
    if (failed(entry))
      return failure();
    for (const Segment &segment : entry->primal().segments) {
      for (const Head &head : segment.losses)
        if (failed(entry->learnHead(head)))
          return failure();
      if (segment.parameters.empty())
        continue;
      if (segment.losses.empty()) {
        fg::ParameterOp parameter = segment.parameters.front().declaration;
        InFlightDiagnostic error =
            parameter.emitError()
            << "parameter '" << parameter.getPath()
            << "' gets no gradient under the rule lg-fg-a";
        error.attachNote()
            << (segment.declaration
                    ? "its block has no loss of its own: add `loss ... per "
                      "[...]` to the block"
                    : "it stands outside of all blocks: move it into a block "
                      "with a loss");
        return error;
      }
      if (failed(learnBlock(*entry, segment)))
        return failure();
    }
    if (failed(entry->learnHead(entry->primal().readout)))
      return failure();
    return entry->finish(
        "lg-fg-a", "no perturbed nonlinearity (relu) of its block follows it "
                   "on the way to the block's loss");
  }

  Option<int64_t> directions{*this, "directions",
                             llvm::cl::desc("independent estimates, averaged"),
                             llvm::cl::init(1)};
  Option<std::string> perturbation{*this, "perturbation",
                                   llvm::cl::desc("gaussian or rademacher"),
                                   llvm::cl::init("gaussian")};
  Option<bool> external{*this, "external-perturbation",
                        llvm::cl::desc("read perturbations from buffers"),
                        llvm::cl::init(false)};
};

} // namespace

const RuleInfo lgFgARule = {
    "lg-fg-a",
    "replicated local losses, forward mode, activities perturbed (the paper's)",
    /*perturbs=*/true, [](const RuleOptions &options) -> std::unique_ptr<Pass> {
      return std::make_unique<LgFgAPass>(options);
    }};

} // namespace foregrad::compiler
